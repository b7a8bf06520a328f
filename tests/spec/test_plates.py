"""The country of a plate over the service day."""

from jobs.plates.country import country_of


def test_the_most_frequent_country_of_the_day_is_every_reads(spec):
    spec(
        country_of,
        home="BE",
        given="""
            service_day | plate   | country | read_id
            2026-03-10  | AB123CD | FR      | r1
            2026-03-10  | AB123CD | FR      | r2
            2026-03-10  | AB123CD | IT      | r3
            2026-03-10  | AB123CD | -       | r4
        """,
        then="""
            read_id | country
            r1      | FR
            r2      | FR
            r3      | FR
            r4      | FR
        """,
    )


def test_another_day_is_another_vote(spec):
    spec(
        country_of,
        home="BE",
        given="""
            service_day | plate   | country | read_id
            2026-03-10  | AB123CD | FR      | r1
            2026-03-11  | AB123CD | IT      | r2
        """,
        then="""
            service_day | read_id | country
            2026-03-10  | r1      | FR
            2026-03-11  | r2      | IT
        """,
    )


def test_a_tie_falls_by_the_alphabet(spec):
    spec(
        country_of,
        home="BE",
        given="""
            service_day | plate   | country | read_id
            2026-03-10  | AB123CD | IT      | r1
            2026-03-10  | AB123CD | FR      | r2
        """,
        then="""
            read_id | country
            r1      | FR
            r2      | FR
        """,
    )


def test_without_a_country_the_only_template_that_fits_decides_and_the_citys_country_comes_first(spec):
    """ABC123 is an old Belgian plate and a German one; AB123CD may be French or Italian; 1ABC23D fits nothing."""
    spec(
        country_of,
        home="BE",
        given="""
            service_day | plate   | country | read_id
            2026-03-10  | 1ABC234 | -       | r1
            2026-03-10  | ABC123  | -       | r2
            2026-03-10  | K123BD  | -       | r3
            2026-03-10  | AB123CD | -       | r4
            2026-03-10  | 1ABC23D | -       | r5
        """,
        then="""
            read_id | country
            r1      | BE
            r2      | BE
            r3      | NL
            r4      | -
            r5      | -
        """,
    )


def test_in_another_city_the_same_plate_is_of_that_country(spec):
    spec(
        country_of,
        home="FR",
        given="""
            service_day | plate   | country | read_id
            2026-03-10  | AB123CD | -       | r1
        """,
        then="""
            read_id | country
            r1      | FR
        """,
    )


def test_two_vehicles_with_the_same_characters_stay_apart(spec):
    """Both countries have three reads and 30 %. The read without a country and the stray one go to the more frequent."""
    spec(
        country_of,
        home="BE",
        given="""
            service_day | plate   | country | read_id
            2026-03-10  | AB123CD | FR      | r1
            2026-03-10  | AB123CD | FR      | r2
            2026-03-10  | AB123CD | FR      | r3
            2026-03-10  | AB123CD | IT      | r4
            2026-03-10  | AB123CD | IT      | r5
            2026-03-10  | AB123CD | IT      | r6
            2026-03-10  | AB123CD | IT      | r7
            2026-03-10  | AB123CD | -       | r8
            2026-03-10  | AB123CD | BE      | r9
        """,
        then="""
            read_id | country
            r1      | FR
            r2      | FR
            r3      | FR
            r4      | IT
            r5      | IT
            r6      | IT
            r7      | IT
            r8      | IT
            r9      | IT
        """,
    )


def test_two_reads_of_another_country_are_not_a_second_vehicle(spec):
    spec(
        country_of,
        home="BE",
        given="""
            service_day | plate   | country | read_id
            2026-03-10  | AB123CD | FR      | r1
            2026-03-10  | AB123CD | FR      | r2
            2026-03-10  | AB123CD | FR      | r3
            2026-03-10  | AB123CD | IT      | r4
            2026-03-10  | AB123CD | IT      | r5
        """,
        then="""
            read_id | country
            r1      | FR
            r2      | FR
            r3      | FR
            r4      | FR
            r5      | FR
        """,
    )


def test_three_reads_among_many_are_a_suppliers_mistake(spec):
    """Three of eleven are 27 %, below the share of a second vehicle."""
    spec(
        country_of,
        home="BE",
        given="\n".join(
            [
                "service_day | plate | country | read_id",
                *(f"2026-03-10 | AB123CD | FR | f{n}" for n in range(8)),
                *(f"2026-03-10 | AB123CD | IT | i{n}" for n in range(3)),
            ]
        ),
        then="\n".join(
            ["read_id | country", *(f"f{n} | FR" for n in range(8)), *(f"i{n} | FR" for n in range(3))],
        ),
    )
