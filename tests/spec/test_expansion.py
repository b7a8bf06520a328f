"""What passed, from what was matched: weights, what is not known, and hours in which a camera was down. q is given in the table."""

import pytest

from jobs.bounding import kept_visits
from jobs.s10_flows.dwell_day import CELL as CORDON
from jobs.s10_flows.dwell_day import binned, dwell_day
from jobs.s10_flows.gate_hour import gate_cells
from jobs.s10_flows.gate_pair_hour import gate_pair_hour
from jobs.s10_flows.product_cells import gate_pair_day
from jobs.s10_flows.site_hour import with_expanded
from jobs.s10_flows.through_day import through_day
from jobs.visit_parts import cordon_days, day_detection, up_days
from models.expansion import MODEL_LOGIT
from tests.spec.table import DAY, frame

BRUSSELS = "Europe/Brussels"

VISITS = """
    visit_id | vid | cordon_id | vehicle_class | entry_gate_id | entry_site_id | entry_ts | exit_gate_id | exit_site_id | exit_ts  | dwell_s | visit_class | one_trip_if_longer_s
    v1       | A   | ring      | car           | G1            | i1            | 08:10:00 | G2           | o2           | 08:15:00 | 300     | through     | -120
    v2       | A   | ring      | car           | G1            | i1            | 08:30:00 | G2           | o2           | 08:38:00 | 480     | short_visit | 120
    v3       | B   | ring      | van           | G1            | i1            | 08:50:00 | G1           | o1           | 08:55:00 | 300     | uturn       | -120
    v4       | C   | ring      | car           | G2            | i2            | 09:00:00 | -            | -            | -        | -       | no_exit     | -
    v5       | D   | ring      | car           | -             | -             | -        | G1           | o1           | 09:30:00 | -       | no_entry    | -
"""

CHANCES = """
    site_id | q   | q_se
    i1      | 0.8 | 0
    i2      | 0.5 | 0
    o1      | 0.5 | 0
    o2      | 0.5 | 0
    hidden  | -   | -
    rare    | 0.1 | 0
"""


@pytest.fixture(scope="module")
def chances(spark):
    """q of each site, for every class and part of the day."""
    kinds = [(cls, part) for cls in ("car", "van", "all") for part in ("night", "morning", "day", "evening", "late")]
    sites = frame(spark, CHANCES).selectExpr("site_id", "q", "q_se", f"DATE'{DAY}' AS service_day", "'given' AS method")
    return sites.crossJoin(spark.createDataFrame(kinds, "vehicle_class string, day_part string")).cache()


@pytest.fixture(scope="module")
def up(spark):
    return frame(spark, "service_day | cordon_id | least_up\n" + f"{DAY} | ring | 1")


def test_only_what_was_matched_is_divided_by_q_and_little_up_or_an_unknown_q_is_no_figure(spec, chances):
    spec(
        with_expanded,
        detection=chances,
        timezone=BRUSSELS,
        given="""
            hour_ts  | site_id | vehicle_class | passages | unread | vehicles | status  | up_share
            08:00:00 | i1      | car           | 90       | 10     | 80       | ok      | 1
            09:00:00 | i1      | car           | 40       | 0      | 40       | partial | 0.5
            10:00:00 | i1      | car           | 30       | 0      | 30       | partial | 0.4
            11:00:00 | i1      | car           | -        | -      | -        | missing | 0
            12:00:00 | i1      | car           | 0        | 0      | 0        | ok      | 1
            08:00:00 | hidden  | car           | 50       | 0      | 50       | ok      | 1
            08:00:00 | rare    | car           | 50       | 0      | 50       | ok      | 1
        """,
        then="""
            hour_ts  | site_id | passages | passages_expanded | passages_se | capped | status
            08:00:00 | i1      | 90       | 100               | 7.0711      | 0      | ok
            09:00:00 | i1      | 40       | 100               | 16.5831     | 0      | partial
            10:00:00 | i1      | 30       | -                 | -           | -      | partial
            11:00:00 | i1      | -        | -                 | -           | -      | missing
            12:00:00 | i1      | 0        | 0                 | 0.3953      | 0      | ok
            08:00:00 | hidden  | 50       | -                 | -           | -      | ok
            08:00:00 | rare    | 50       | 250               | 258.194     | 50     | ok
        """,
    )


def test_the_sites_of_a_gate_are_each_divided_by_their_own_q(spark, spec, chances):
    gates = frame(spark, "site_id | cordon_id | gate_id | direction\n i1 | ring | G1 | in\n i2 | ring | G1 | in")
    crossed = "site_id | cordon_id | gate_id | direction | vehicle_class | hour_ts\n"
    crossed += "i1 | ring | G1 | in | car | 08:00:00\n" * 4 + "i2 | ring | G1 | in | car | 08:00:00\n" * 5
    spec(
        gate_cells,
        gates=gates,
        detection=chances,
        timezone=BRUSSELS,
        given={
            "site_hours": """
                hour_ts  | site_id | vehicle_class | status  | up_share
                08:00:00 | i1      | car           | ok      | 1
                08:00:00 | i2      | car           | ok      | 1
                09:00:00 | i1      | car           | ok      | 1
                09:00:00 | i2      | car           | missing | 0
            """,
            "crossed": crossed,
        },
        then="""
            hour_ts  | gate_id | direction | vehicle_class | passages_expanded | status
            08:00:00 | G1      | in        | car           | 15                | ok
            09:00:00 | G1      | in        | car           | -                 | partial
        """,
    )


def test_a_pair_of_gates_stands_for_one_over_both_chances_and_knows_the_range_of_its_threshold(spark, spec, chances):
    hours = frame(spark, "hour_ts | site_id | up_share\n 08:00:00 | i1 | 1\n 08:00:00 | o2 | 1\n 08:00:00 | o1 | 0.5")
    # f = 2.5: f (f - 1), what hours do to q, and half the range from 1 visit with the shorter limit to 2 with
    # the longer; what one kind gains the other loses
    model = (MODEL_LOGIT * (1 - 0.8)) ** 2 + (MODEL_LOGIT * (1 - 0.5)) ** 2
    se = (2.5 * 1.5 + model * 2.5**2 + ((2 - 1) * 2.5 / 2) ** 2) ** 0.5
    spec(
        gate_pair_hour,
        site_hours=hours,
        detection=chances,
        timezone=BRUSSELS,
        given=frame(spark, VISITS),
        then=f"""
            hour_ts  | entry_gate_id | exit_gate_id | visit_class | vehicle_class | visits | vehicles | visits_expanded | visits_se         | status
            08:00:00 | G1            | G2           | through     | car           | 1      | 1        | 2.5             | {round(se, 4):g}          | low_n
            08:00:00 | G1            | G2           | short_visit | car           | 1      | 1        | 2.5             | {round(se, 4):g}          | low_n
            08:00:00 | G1            | G1           | uturn       | van           | 1      | 1        | 5               | 4.5501            | partial
        """,
    )
    spec(
        gate_pair_day,
        detection=chances,
        timezone=BRUSSELS,
        given=frame(spark, VISITS),
        then="""
            entry_gate_id | exit_gate_id | kind    | visits | vehicles | expanded
            G1            | G2           | through | 1      | 1        | 2.5
            G1            | G2           | stay    | 1      | 1        | 2.5
            G1            | G1           | stay    | 1      | 1        | 2.5
        """,
    )


def test_an_entry_stands_for_one_over_its_chance_whether_its_exit_was_seen_or_not_and_turns_are_not_through(
    spark, spec, chances, up
):
    # cars enter 1.25 + 1.25 + 2 = 4.5 times and drive through 2.5 times, at the longer limit 5 times
    spec(
        through_day,
        detection=chances,
        cordons=up,
        timezone=BRUSSELS,
        given=frame(spark, VISITS),
        then="""
            cordon_id | vehicle_class | entries | through | vehicles | through_vehicles | other_vehicles | entries_expanded | through_expanded | through_share | through_share_short | through_share_long
            ring      | car           | 3       | 1       | 2        | 1                | 2              | 4.5              | 2.5              | 0.555556      | 0.555556            | 1
            ring      | van           | 1       | 0       | 1        | 0                | 1              | 1.25             | 0                | 0             | 0                   | 0
            ring      | all           | 4       | 1       | 3        | 1                | 3              | 5.75             | 2.5              | 0.434783      | 0.434783            | 0.869565
        """,
    )


def test_a_cordon_with_a_gate_that_was_dark_for_most_of_the_day_keeps_its_counts_and_has_no_share(spark, spec, chances):
    dark = frame(spark, f"service_day | cordon_id | least_up\n {DAY} | ring | 0.4")
    then = """
        vehicle_class | entries | through | entries_expanded | through_share | through_share_low | status
        car           | 3       | 1       | -                | -             | -                 | partial
        van           | 1       | 0       | -                | -             | -                 | partial
        all           | 4       | 1       | -                | -             | -                 | partial
    """
    spec(through_day, detection=chances, cordons=dark, timezone=BRUSSELS, given=frame(spark, VISITS), then=then)


def test_dwell_bins_are_expanded_at_both_ends(spark, spec, chances, up):
    spec(
        dwell_day,
        cell=[*CORDON, "dwell_bin_s"],
        detection=chances,
        cordons=up,
        timezone=BRUSSELS,
        given=kept_visits(binned(frame(spark, VISITS), bins_s=[0, 300, 400])),
        then="""
            vehicle_class | dwell_bin_s | visits | vehicles | visits_expanded
            car           | 300         | 1      | 1        | 2.5
            car           | 400         | 1      | 1        | 2.5
            van           | 300         | 1      | 1        | 2.5
        """,
    )


def test_a_day_weighs_the_hours_in_which_a_camera_was_down_by_what_all_cameras_saw(spark, spec, chances):
    hours = frame(
        spark,
        """
        hour_ts  | site_id | vehicle_class | passages | up_share
        08:00:00 | i1      | car           | -        | 0
        09:00:00 | i1      | car           | 20       | 1
        08:00:00 | i2      | car           | 60       | 1
        09:00:00 | i2      | car           | 60       | 1
        08:00:00 | rare    | car           | 9        | 1
        09:00:00 | rare    | car           | 9        | 1
        """,
    )
    # 69 + 1 of 160 passages were seen in the dark hour
    spec(up_days, given=hours, then="site_id | up\n i1 | 0.5625\n i2 | 1\n rare | 1")
    of_day = day_detection(chances.filter("vehicle_class = 'car' AND day_part = 'day'"), up=up_days(hours))
    assert {row.site_id: row.q for row in of_day.collect()} == {"i1": 0.8 * 0.5625, "i2": 0.5, "rare": 0.1}
    cordon = cordon_days(up_days(hours), gates=[("i1", "ring"), ("i2", "ring")]).collect()[0]
    assert (cordon.up, cordon.least_up) == (0.78125, 0.5625)
