from jobs.s05_passages import passages

READ = {"vehicle_class": "car", "country": "BE"}


def test_a_silence_longer_than_the_gap_starts_a_new_passage(spec):
    spec(
        passages,
        gap_s=60,
        longest_s=900,
        constants={**READ, "direction": "in"},
        given="""
            vid | site_id | read_ts  | read_id
            A   | S1      | 08:00:00 | r1
            A   | S1      | 08:00:20 | r2
            A   | S1      | 08:02:00 | r3
        """,
        then="""
            vid | site_id | first_ts | last_ts  | reads | first_read_id
            A   | S1      | 08:00:00 | 08:00:20 | 2     | r1
            A   | S1      | 08:02:00 | 08:02:00 | 1     | r3
        """,
    )


def test_a_silence_of_exactly_the_gap_does_not(spec):
    spec(
        passages,
        gap_s=60,
        longest_s=900,
        constants={**READ, "direction": "in"},
        given="""
            vid | site_id | read_ts  | read_id
            A   | S1      | 08:00:00 | r1
            A   | S1      | 08:01:00 | r2
        """,
        then="""
            vid | first_ts | reads
            A   | 08:00:00 | 2
        """,
    )


def test_a_queue_is_cut_after_the_longest_passage(spec):
    spec(
        passages,
        gap_s=60,
        longest_s=100,
        constants={**READ, "direction": "in"},
        given="""
            vid | site_id | read_ts  | read_id
            A   | S1      | 08:00:00 | r1
            A   | S1      | 08:00:50 | r2
            A   | S1      | 08:01:40 | r3
        """,
        then="""
            first_ts | last_ts  | reads
            08:00:00 | 08:00:50 | 2
            08:01:40 | 08:01:40 | 1
        """,
    )


def test_interleaved_sites_stay_one_passage_each_and_directions_are_never_merged(spec):
    spec(
        passages,
        gap_s=60,
        longest_s=900,
        constants=READ,
        given="""
            vid | site_id | direction | read_ts  | read_id
            A   | S1      | in        | 08:00:00 | r1
            A   | S2      | in        | 08:00:05 | r2
            A   | S1      | in        | 08:00:10 | r3
            A   | S1      | out       | 08:00:20 | r4
        """,
        then="""
            site_id | direction | first_ts | reads
            S1      | in        | 08:00:00 | 2
            S2      | in        | 08:00:05 | 1
            S1      | out       | 08:00:20 | 1
        """,
    )


def test_the_class_is_the_most_frequent_one_and_ties_fall_by_name(spec):
    spec(
        passages,
        gap_s=60,
        longest_s=900,
        constants={"country": "BE", "direction": "in"},
        given="""
            vid | site_id | vehicle_class | read_ts  | read_id
            A   | S1      | van           | 08:00:00 | r1
            A   | S1      | car           | 08:00:01 | r2
            A   | S1      | van           | 08:00:02 | r3
            B   | S1      | van           | 08:00:00 | r4
            B   | S1      | car           | 08:00:01 | r5
        """,
        then="""
            vid | vehicle_class
            A   | van
            B   | car
        """,
    )
