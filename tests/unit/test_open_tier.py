"""The open tier: sensitivities, plan, draw, and the way through the ledger."""

import datetime as dt
from collections import Counter
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from kordon.errors import PrivacyError
from privacy.ledger import open_ledger
from privacy.ledger.ledger import Reservation
from privacy.open_tier import DATASETS, audit, draw, plan, preset, release_once, reserve, unpack
from privacy.open_tier.drawing import counts_of
from privacy.open_tier.reconcile import gls, on_simplex, sum_matrix, top_down, whole
from tests.unit.population import CLASSES, day_cells, places

DAY, FIRST, LAST = dt.date(2026, 3, 10), dt.date(2026, 3, 1), dt.date(2026, 3, 31)
SMALL = places(zones=8, gates=4)


@cache
def planned(dataset, name="strict"):
    unit = DATASETS[dataset].unit
    first, last = (DAY, DAY) if unit == "day" else (FIRST, LAST)
    return plan(dataset, places=SMALL, preset=preset(name), first=first, last=last)


@cache
def small_day():
    return day_cells(SMALL, DAY, vehicles=40)


def drawn(what, cells):
    return draw(what, cells, reservation=Reservation(what.charge, "test"))


zone, hour, cls = st.sampled_from(list(SMALL.districts)), st.integers(0, 23), st.sampled_from(CLASSES)
gate = st.sampled_from(SMALL.gates)


@st.composite
def vehicle_days(draw_one):
    """The bounded contribution of one vehicle-day, often at the bound and often in one cell."""
    trips = draw_one(st.lists(st.tuples(zone, zone, hour, cls), max_size=12))
    if draw_one(st.booleans()):
        trips = [trip for trip in trips for _ in "ab"]
    seen, kept = Counter(), []
    for o, d, h, c in trips:
        if seen[o, d] < 2 and len(kept) < 6:
            seen[o, d] += 1
            kept.append((DAY, o, d, h, c, 1))
    passed, crossings = Counter(), []
    for (cordon, name, way), h, c in draw_one(st.lists(st.tuples(gate, hour, cls), max_size=12)) * draw_one(st.integers(1, 4)):
        if passed[cordon] < 4:
            passed[cordon] += 1
            start = dt.datetime(2026, 3, 10, 3, tzinfo=dt.UTC) + dt.timedelta(hours=(h - 4) % 24)
            crossings.append((DAY, start, cordon, name, way, c, 1))
    stayed, visits = Counter(), []
    for (cordon, name, _), kind, bin_s in draw_one(
        st.lists(st.tuples(gate, st.sampled_from(["through", "stay"]), st.sampled_from(SMALL.dwell_bins_s)), max_size=6)
    ) * draw_one(st.integers(1, 2)):
        if stayed[cordon] < 2:
            stayed[cordon] += 1
            visits.append((DAY, cordon, name, name, kind, bin_s, 1))
    od = pd.DataFrame(
        kept, columns=["service_day", "origin_zone_id", "destination_zone_id", "hour_of_day", "vehicle_class", "bounded"]
    )
    crossed = pd.DataFrame(
        crossings, columns=["service_day", "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class", "bounded"]
    )
    stay = pd.DataFrame(
        visits, columns=["service_day", "cordon_id", "entry_gate_id", "exit_gate_id", "kind", "dwell_bin_s", "bounded"]
    )
    return {"od_day": od, "od_month_hour": od, "gate_hour": crossed, "gate_pair_day": stay, "dwell_day": stay}


@settings(max_examples=25, deadline=None)
@given(vehicle_days())
def test_no_neighbour_moves_a_query_group_further_than_its_sensitivity(one_more):
    for name in DATASETS:
        what = planned(name)
        without = small_day()[what.dataset.cells]
        those = one_more[what.dataset.cells]
        both = pd.concat([without, those[[c for c in those if c in without]]]) if len(those) else without
        moved = counts_of(what, both) - counts_of(what, without)
        for level in what.levels:
            assert np.linalg.norm(level.matrix @ moved) <= level.sens + 1e-9


def test_the_sensitivities_are_reached_so_they_could_not_be_smaller():
    trips = [(DAY, "z00", d, 8, "car", 2) for d in ("z01", "z02", "z03")]
    od = pd.DataFrame(
        trips, columns=["service_day", "origin_zone_id", "destination_zone_id", "hour_of_day", "vehicle_class", "bounded"]
    )
    at = dt.datetime(2026, 3, 10, 8, tzinfo=dt.UTC)
    crossings = [(DAY, at, cordon, name, "in", "car", 4) for cordon, name in (("centre", "g00"), ("ring", "g01"))]
    gates = pd.DataFrame(
        crossings, columns=["service_day", "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class", "bounded"]
    )
    stays = gates.assign(entry_gate_id=gates["gate_id"], exit_gate_id=gates["gate_id"], kind="stay", dwell_bin_s=0, bounded=2)
    cells = {"od_day": od, "od_month_hour": od, "gate_hour": gates, "gate_pair_day": stays, "dwell_day": stays}
    for name in DATASETS:
        what = planned(name)
        moved = counts_of(what, cells[what.dataset.cells])
        for level in what.levels:
            assert np.linalg.norm(level.matrix @ moved) == pytest.approx(level.sens)


def test_the_datasets_spend_the_budget_of_a_day_and_leave_the_correction():
    for name in ("strict", "standard"):
        spent = sum(planned(dataset, name).charge.rho for dataset in DATASETS)
        assert spent == pytest.approx(preset(name).rho_day - preset(name).correction, rel=1e-6)
        assert spent <= preset(name).rho_day - preset(name).correction
    assert {name: preset("strict").rho(name) for name in ("od_month_hour", "gate_pair_month", "dwell_month")} == {
        "od_month_hour": 0.003,
        "gate_pair_month": 0.002,
        "dwell_month": 0.001,
    }


def test_least_squares_agree_with_a_plain_minimiser_and_are_never_wider_than_what_was_measured():
    codes = [np.array([0, 0, 0, 1, 1]), np.arange(5)]
    sigmas, measured = [3.0, 5.0], [np.array([40, 9]), np.array([10, 22, 1, 7, -4])]
    matrices = [sum_matrix(code, cells=code.max() + 1) for code in codes]
    fit = gls(matrices, sigmas)

    def loss(x):
        return sum((((y - a @ x) / s) ** 2).sum() for a, y, s in zip(matrices, measured, sigmas, strict=True))

    x = minimize(loss, np.zeros(5)).x
    top, leaves = fit.estimates(measured)
    assert leaves == pytest.approx(x, abs=1e-3)
    assert top == pytest.approx(matrices[0] @ x, abs=1e-3)
    assert (fit.sds[0] < 3).all()
    assert (fit.sds[1] < 5).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-50, 500), min_size=1, max_size=12), st.integers(0, 300), st.randoms(use_true_random=False))
def test_whole_numbers_from_the_top_are_never_negative_and_add_up(values, total, chance):
    children = np.array(values)
    fine = whole(on_simplex(children, total), total)
    assert fine.min() >= 0
    assert fine.sum() == total
    parent = np.array([chance.randrange(3) for _ in values])
    parent[: min(3, len(parent))] = np.arange(min(3, len(parent)))
    coarse = np.array([chance.uniform(-20, 200) for _ in range(parent.max() + 1)])
    levels = top_down([coarse, children], [parent])
    assert (np.bincount(levels[1] * 0 + parent, weights=levels[1]) == levels[0]).all()
    assert min(levels[0].min(), levels[1].min()) >= 0


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_draw_is_dense_adds_up_and_passes_the_audit(dataset):
    what = planned(dataset)
    result = drawn(what, small_day()[what.dataset.cells])
    audit(what, result)
    assert list(result.tables) == [level.table for level in what.dataset.levels]
    assert len(result.tables[what.levels[-1].level.table]) == len(what.leaves)


def test_the_audit_refuses_what_the_plan_did_not_promise():
    what = planned("od_day")
    faults = {
        "below zero": lambda t: t["od_day"].__setitem__("trips", -t["od_day"]["trips"] - 1),
        "has the columns": lambda t: t["od_day"].__setitem__("vid", 1),
        "not dense": lambda t: t.__setitem__("od_day", t["od_day"].drop(index=3)),
        "add up": lambda t: t["od_day"].__setitem__("trips", t["od_day"]["trips"] + 1),
        "margins above": lambda t: t["od_day"].__setitem__("margin95", 1e6),
        "planned were": lambda t: t.pop("od_day"),
    }
    for says, spoil in faults.items():
        result = drawn(what, small_day()["od_day"])
        spoil(result.tables)
        with pytest.raises(PrivacyError, match=says):
            audit(what, result)


def test_what_was_down_is_missing_and_what_holds_it_is_partial():
    hours = SMALL.hours(DAY)
    down = pd.DataFrame(
        [
            {"hour": pd.Timestamp(h), "cordon_id": "ring", "gate_id": "g01", "direction": "in", "status": "missing"}
            for h in hours[:5]
        ]
        + [
            {"hour": pd.Timestamp(h), "cordon_id": "ring", "gate_id": "g01", "direction": "out", "status": "missing"}
            for h in hours
        ]
    )
    what = plan("gate_hour", places=SMALL, preset=preset("strict"), first=DAY, last=DAY, outages=down)
    result = drawn(what, small_day()["gate_hour"])
    audit(what, result)
    hour, day = result.tables["gate_hour"], result.tables["gate_day"]
    assert hour["passages"].isna().sum() == hour["margin95"].isna().sum() == (hour["status"] == "missing").sum() == 29
    status = day.set_index(["gate_id", "direction"])["status"]
    assert status["g01", "in"] == "partial"
    assert status["g01", "out"] == "missing"
    assert status["g00", "in"] == "ok"
    with pytest.raises(PrivacyError, match="every cell was down"):
        plan(
            "gate_hour",
            places=SMALL,
            preset=preset("strict"),
            first=DAY,
            last=DAY,
            outages=pd.DataFrame({"direction": ["in", "out"], "status": "missing"}),
        )


def test_what_was_too_noisy_before_is_left_to_the_month_and_its_budget_goes_to_the_rest():
    first = drawn(planned("gate_hour"), small_day()["gate_hour"]).metadata
    again = plan("gate_hour", places=SMALL, preset=preset("strict"), first=DAY, last=DAY, earlier={**first, "total": 16_000})
    assert [level.level.table for level in again.levels] == ["cordon_day", "gate_day"]
    assert "too noisy" in again.pooled["gate_hour"]
    assert again.levels[-1].sigma < planned("gate_hour").levels[1].sigma
    assert again.charge.rho == pytest.approx(planned("gate_hour").charge.rho)
    result = drawn(again, small_day()["gate_hour"])
    audit(again, result)
    assert result.metadata["pooled"]["gate_hour"]["published_in"] == "gate_month_hour"


def test_bad_input_is_refused_in_a_sentence():
    strict = preset("strict")
    with pytest.raises(PrivacyError, match="calendar month"):
        plan("od_month", places=SMALL, preset=strict, first=FIRST, last=DAY)
    with pytest.raises(PrivacyError, match="calendar day"):
        plan("od_day", places=SMALL, preset=strict, first=FIRST, last=DAY)
    with pytest.raises(PrivacyError, match="declares no cell"):
        plan("gate_hour", places=places(zones=2, gates=0), preset=strict, first=DAY, last=DAY)
    what = planned("od_day")
    cells = small_day()["od_day"]
    with pytest.raises(PrivacyError, match="not in the public cell set"):
        drawn(what, cells.assign(origin_zone_id="new"))
    with pytest.raises(PrivacyError, match="outside the period"):
        drawn(what, cells.assign(service_day=LAST))
    with pytest.raises(PrivacyError, match="negative or not whole"):
        drawn(what, cells.assign(bounded=0.5))
    with pytest.raises(PrivacyError, match="reserve the plan"):
        draw(what, cells, reservation=Reservation(planned("od_month").charge, "test"))


def test_a_city_of_one_zone_one_gate_and_no_vehicle_is_released():
    one = places(zones=1, gates=1)
    for name in ("od_day", "gate_hour"):
        what = plan(name, places=one, preset=preset("strict"), first=DAY, last=DAY)
        audit(what, drawn(what, small_day()[name].head(0)))


def test_days_on_which_the_clock_changes_have_23_and_25_hours():
    for day, hours in ((dt.date(2026, 3, 28), 23), (dt.date(2026, 10, 24), 25)):
        what = plan("gate_hour", places=SMALL, preset=preset("strict"), first=day, last=day)
        assert len(what.leaves) == hours * len(SMALL.gates)


def test_a_release_is_drawn_once_and_comes_back_byte_by_byte(tmp_path):
    what = planned("od_day")
    ledger = open_ledger(str(tmp_path / "l.db"), city="made_up", caps=what.preset.caps)
    first = release_once(ledger, what, lambda: small_day()["od_day"])

    def never():
        raise AssertionError("counts were read for a release that exists")

    assert release_once(ledger, what, never) == first
    kept = unpack(first)
    audit(what, type(kept)({n: t.assign(date=DAY)[list(t.columns)] for n, t in kept.tables.items()}, kept.metadata))
    assert kept.metadata["rho"] == what.charge.rho
    assert ledger.spent(day=DAY) == pytest.approx(what.charge.rho, abs=1e-9)


def test_a_draw_that_fails_burns_and_a_second_draw_is_refused(tmp_path):
    what = planned("od_day")
    ledger = open_ledger(str(tmp_path / "l.db"), city="made_up", caps=what.preset.caps)
    with pytest.raises(PrivacyError, match="not in the public cell set"):
        release_once(ledger, what, lambda: small_day()["od_day"].assign(origin_zone_id="new"))
    assert ledger.rows() == [], "refused before it was paid"

    def found(_):
        raise PrivacyError("an attack gets through")

    with pytest.raises(PrivacyError, match="gets through"):
        release_once(ledger, what, lambda: small_day()["od_day"], attack=found)
    assert [row.state for row in ledger.rows()] == ["reserved", "burned"]
    held = reserve(ledger, planned("od_month"))
    draw(planned("od_month"), small_day()["od_day"], reservation=held)
    with pytest.raises(PrivacyError, match="drawn before"):
        draw(planned("od_month"), small_day()["od_day"], reservation=held)
