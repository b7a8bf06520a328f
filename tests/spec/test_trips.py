from jobs.s07_trips import trips

PASSAGES = """
    vid | passage_id | site_id | vehicle_class | first_ts | last_ts
    A   | p1         | S1      | car           | 08:00:00 | 08:00:10
    A   | p2         | S2      | van           | 08:05:00 | 08:05:00
    A   | p3         | S3      | van           | 08:40:00 | 08:40:00
    B   | p4         | S1      | car           | 09:00:00 | 09:00:00
    C   | p5         | S1      | car           | 03:10:00 | 03:10:00
"""
LEGS = """
    vid | to_passage_id | is_cut | cut_reason
    A   | p2            | false  | -
    A   | p3            | true   | stop
"""


def test_a_trip_is_a_chain_of_legs_without_a_cut(spec):
    spec(
        trips,
        day_edge_s=1800,
        timezone="Europe/Brussels",
        given={"passages": PASSAGES, "legs": LEGS},
        then="""
            vid | trip_id | vehicle_class | first_site_id | last_site_id | start_ts | end_ts   | duration_s | passages | site_ids | flags
            A   | p1      | car           | S1            | S2           | 08:00:00 | 08:05:00 | 300        | 2        | S1,S2    |
            A   | p3      | van           | S3            | S3           | 08:40:00 | 08:40:00 | 0          | 1        | S3       | single_passage
            B   | p4      | car           | S1            | S1           | 09:00:00 | 09:00:00 | 0          | 1        | S1       | single_passage
            C   | p5      | car           | S1            | S1           | 03:10:00 | 03:10:00 | 0          | 1        | S1       | single_passage,day_start
        """,
    )


def test_a_plate_that_flies_is_suspected_to_be_on_two_vehicles(spec):
    spec(
        trips,
        day_edge_s=1800,
        timezone="Europe/Brussels",
        given={
            "passages": """
                vid | passage_id | site_id | vehicle_class | first_ts | last_ts
                A   | p1         | S1      | car           | 08:00:00 | 08:00:00
                A   | p2         | S9      | car           | 08:00:30 | 08:00:30
                A   | p3         | S1      | car           | 18:00:00 | 18:00:00
                B   | p4         | S1      | car           | 08:00:00 | 08:00:00
                B   | p5         | S9      | car           | 09:00:30 | 09:00:30
            """,
            "legs": """
                vid | to_passage_id | is_cut | cut_reason
                A   | p2            | true   | too_fast
                A   | p3            | true   | longest_gap
                B   | p5            | true   | stop
            """,
        },
        then="""
            vid | trip_id | flags
            A   | p1      | single_passage,clone_suspect
            A   | p2      | single_passage,clone_suspect
            A   | p3      | single_passage,clone_suspect
            B   | p4      | single_passage
            B   | p5      | single_passage
        """,
    )


def test_the_sites_of_a_trip_stand_in_time_order_and_twice_when_passed_twice(spec):
    spec(
        trips,
        day_edge_s=1800,
        timezone="Europe/Brussels",
        given={
            "passages": """
                vid | passage_id | site_id | vehicle_class | first_ts | last_ts
                A   | p9         | S9      | car           | 08:00:00 | 08:00:00
                A   | p1         | S1      | car           | 08:03:00 | 08:03:00
                A   | p5         | S9      | car           | 08:02:00 | 08:02:00
            """,
            "legs": """
                vid | to_passage_id | is_cut | cut_reason
                A   | p5            | false  | -
                A   | p1            | false  | -
            """,
        },
        then="""
            vid | trip_id | first_site_id | last_site_id | site_ids
            A   | p9      | S9            | S1           | S9,S9,S1
        """,
    )
