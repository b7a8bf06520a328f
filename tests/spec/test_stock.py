"""Who is inside a cordon: an opening stock from the vehicles, and what came in and went out, balanced over the day."""

import datetime as dt

import pytest

from jobs.s10_flows.stock_15min import opening, quarters, slots, stock_15min
from tests.spec.table import DAY, frame

BRUSSELS = "Europe/Brussels"


@pytest.fixture(scope="module")
def chances(spark):
    kinds = spark.createDataFrame([(part,) for part in ("night", "morning", "day", "evening", "late")], "day_part string")
    sites = "site_id | vehicle_class | q | q_se\n i | car | 0.8 | 0\n o | car | 0.5 | 0\n new | car | - | -"
    return frame(spark, sites).selectExpr("*", f"DATE'{DAY}' AS service_day").crossJoin(kinds).cache()


def test_an_hour_that_was_half_up_counts_twice_and_an_unknown_q_is_told(spark, spec, chances):
    hours = frame(
        spark,
        """hour_ts  | site_id | up_share
           08:00:00 | i       | 0.5
           08:00:00 | o       | 1
           08:00:00 | new     | 1""",
    )
    spec(
        quarters,
        site_hours=hours,
        detection=chances,
        timezone=BRUSSELS,
        given="""
            cordon_id | vehicle_class | direction | site_id | ts
            ring      | car           | in        | i       | 08:01:00
            ring      | car           | in        | i       | 08:14:59
            ring      | car           | out       | o       | 08:15:00
            ring      | car           | in        | new     | 08:15:00
        """,
        then="""
            cordon_id | slot_ts  | entered | left | unknown
            ring      | 08:00:00 | 5       | 0    | 0
            ring      | 08:15:00 | 0       | 2    | 1
        """,
    )


def test_who_leaves_without_having_entered_was_inside_but_for_the_entries_that_were_missed(spark, spec, chances):
    stay = "vid | cordon_id | vehicle_class | entry_gate_id | entry_site_id | entry_ts | exit_gate_id | exit_site_id | exit_ts | dwell_s | visit_class | one_trip_if_longer_s\n"
    day = "A | ring | car | G | i | 08:00:00 | G | o | 09:00:00 | 3600 | short_visit | -\n"
    old = "B | ring | car | G | i | 2026-03-09 20:00:00 | G | o | 09:00:00 | 46800 | overnight | -\n"
    left = "C | ring | car | - | - | - | G | o | 09:00:00 | - | no_entry | -\n"
    inside = frame(
        spark,
        """vid | cordon_id | entry_ts
           D   | ring      | 2026-03-09 20:00:00
           E   | ring      | 2026-03-09 20:00:00
           F   | ring      | 2026-03-09 20:00:00
           G   | ring      | 20:00:00""",
    )
    # B and C stand for 2 each; A for 2.5 visits of which .5 had no entry and 1.25 no exit; D to F stay, if they did not leave unseen
    spec(
        opening,
        inside=inside,
        detection=chances,
        timezone=BRUSSELS,
        given=stay + day + old + left,
        then="cordon_id | vehicle_opening\n ring | 5.25",
    )


def _stock(spark, moves: str, *, opened: float = 0, up: dict[str, float] | None = None) -> list:
    """Every quarter of the cordons in ``up``, by default of the ring whose cameras were up all day."""
    shares = up or {"ring": 1}
    every = slots(spark, days=[dt.date.fromisoformat(DAY)], cordons=tuple(shares), timezone=BRUSSELS)
    typed = frame(spark, "cordon_id | slot_ts | entered | left | unknown\n" + moves).selectExpr(
        "service_day", "cordon_id", "slot_ts", "double(entered)", "double(left)", "bigint(unknown)"
    )
    known = spark.createDataFrame(
        [(dt.date.fromisoformat(DAY), cordon, float(opened), float(share)) for cordon, share in shares.items()],
        "service_day date, cordon_id string, vehicle_opening double, up double",
    )
    found = stock_15min(every, typed, known.drop("up"), known.drop("vehicle_opening")).orderBy("slot_ts").collect()
    assert len(found) == 96 * len(shares)
    return found


def test_ins_and_outs_are_balanced_and_the_day_ends_as_it_began(spark):
    found = _stock(spark, "ring | 08:00:00 | 102 | 0 | 0\nring | 17:00:00 | 0 | 98 | 0", opened=10)
    inside = [row.vehicles_inside for row in found]
    # 08:00 UTC is 09:00 in Brussels, the 20th quarter of a day that starts at 04:00; sqrt(102 x 98) came in
    assert inside[:21] == [10.0] * 21
    assert inside[21:57] == pytest.approx([109.98] * 36, abs=0.01)
    assert inside[57:] == pytest.approx([10.0] * 39)
    assert {row.residual for row in found} == {0.04}
    assert {row.reason for row in found} == {None}


def test_stock_never_falls_below_zero(spark):
    found = _stock(spark, "ring | 08:00:00 | 0 | 30 | 0\nring | 17:00:00 | 30 | 0 | 0", opened=20)
    assert (found[0].opening_stock, min(row.vehicles_inside for row in found)) == (30.0, 0.0)


def test_where_the_stock_is_not_identifiable_there_is_a_reason_and_no_figure(spark):
    cases = {
        "residual": ("110 | 100 | 0", 1, True, True),
        "leaks": ("140 | 100 | 0", 1, False, True),
        "one_way": ("140 | 0   | 0", 1, False, True),
        "unidentified": ("100 | 100 | 3", 1, False, False),
        "camera_down": ("100 | 100 | 0", 0.9, False, False),
    }
    moves = "\n".join(f"{cordon} | 08:00:00 | {case[0]}" for cordon, case in cases.items())
    found = _stock(spark, moves, up={cordon: case[1] for cordon, case in cases.items()})
    said = {r.cordon_id: (r.reason, r.vehicles_inside is not None, r.residual is not None) for r in found}
    assert said == {
        cordon: ("leaks" if cordon == "one_way" else cordon, stock, residual)
        for cordon, (_, _, stock, residual) in cases.items()
    }
