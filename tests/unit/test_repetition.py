"""Which rows of a later version show a new figure: those that moved by k, unless they would tell what else moved by less."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from privacy import repetition
from privacy.day_relations import crossings
from privacy.repetition import moved_enough, settled

K = 10
DAY = date(2026, 3, 10)
GATES = crossings([("ring", "g1", "s1", "in"), ("ring", "g2", "s2", "in")])


def rows(**columns):
    return pd.DataFrame(columns)


@pytest.mark.parametrize(
    ("trips", "vehicles", "moved"),
    [(50, 40, False), (59, 50, False), (60, 49, False), (60, 50, True), (40, 30, True), (41, 30, False)],
)
def test_a_row_moved_enough_when_its_count_and_its_vehicles_did(trips, vehicles, moved):
    before, now = rows(trips=[50], vehicles=[40]), rows(trips=[trips], vehicles=[vehicles])
    assert moved_enough("od_day", now, before, k=K).tolist() == [moved]


def test_of_through_traffic_entries_through_and_the_others_must_all_have_moved():
    def of(entries, through):
        return rows(
            entries=[entries],
            through=[through],
            vehicles=[entries],
            through_vehicles=[through],
            other_vehicles=[entries - through],
        )

    moved = [moved_enough("through_day", of(*now), of(100, 50), k=K)[0] for now in ((120, 60), (120, 50), (120, 70), (100, 60))]
    assert moved == [True, False, False, False]


def test_what_had_no_value_before_moved_by_all_that_it_is():
    before = rows(trips=pd.array([None], "Int64"), vehicles=pd.array([None], "Int64"))
    assert moved_enough("od_day", rows(trips=[12], vehicles=[11]), before, k=K).all()


def of_day(counts):
    """Entries of a class, and the crossings of its two gates in one hour."""
    gates = rows(
        date=[DAY] * 2,
        hour=["08"] * 2,
        cordon_id=["ring"] * 2,
        gate_id=["g1", "g2"],
        direction=["in"] * 2,
        vehicle_class=["car"] * 2,
        passages=counts[:2],
        status=["ok"] * 2,
    )
    through = rows(
        date=[DAY], cordon_id=["ring"], vehicle_class=["car"], entries=[sum(counts)], through=[counts[2]], status=["ok"]
    ).assign(entries=sum(counts[:2]))
    return {"gate_hour": gates, "through_day": through}


def changed(before, now, *, entries=True):
    """Which of the two gates and the entries show a new figure, when all that moved by k would."""
    tables, earlier = of_day(now), of_day(before)
    wish = {
        "gate_hour": np.abs(np.subtract(now[:2], before[:2])) >= K,
        "through_day": np.array([entries]),
    }
    found = settled(tables, earlier, changes=wish, known=GATES, zone_of={}, k=K)
    return [*found["gate_hour"].tolist(), *found["through_day"].tolist()]


def test_two_parts_and_their_whole_that_all_moved_change():
    assert changed([100, 300, 50], [120, 330, 90]) == [True, True, True]


def test_a_part_and_the_whole_do_not_both_change_when_that_tells_of_few_in_the_other_part():
    # 40 more at one gate and 43 more in all: three more at the other.
    assert changed([100, 300, 50], [103, 340, 90]) == [False, False, True]


def test_nor_when_it_tells_that_nothing_else_came():
    assert changed([100, 300, 50], [100, 340, 90]) == [False, False, True]


def test_a_part_changes_alone_while_its_whole_repeats():
    assert changed([100, 300, 50], [103, 340, 90], entries=False) == [False, True, False]


def test_control_without_that_look_the_movement_of_the_other_part_is_told(monkeypatch):
    monkeypatch.setattr(repetition, "_choices", lambda *_, **__: set())
    assert changed([100, 300, 50], [103, 340, 90]) == [False, True, True]
