"""Which rows of a release show a value: the threshold on vehicles, and what is hidden so that it holds."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from privacy.bounds import Sum, hidden_sums, tightened
from privacy.day_relations import crossings, withheld
from privacy.disclosure import disclose, too_few
from privacy.elimination import reduced_sums
from privacy.pooled import pooled
from privacy.programming import held
from privacy.relations import SystemBuilder
from privacy.suppression import hide_more, too_narrow
from publication.cells import tables
from publication.products import PRODUCTS
from publication.published import publish_all
from tests.attack.test_suppression_city import DAY, cells, vliet

K = 10


def table(text: str) -> pd.DataFrame:
    header, *lines = [[field.strip() for field in line.split("|")] for line in text.strip().splitlines()]
    return pd.DataFrame(lines, columns=header).apply(lambda c: pd.to_numeric(c) if c.str.fullmatch(r"\d+").all() else c)


def hidden_after(given: dict[str, int], sums: dict[str, list[str]], *, hidden: set[str], k: int = K) -> set[str]:
    """The names that are hidden in the end, of single counts with sums over them: ``{whole: parts}``."""
    builder = SystemBuilder()
    rows = builder.rows([float(v) for v in given.values()])
    numbers = dict(zip(given, builder.variables(list(given.values()), rows=rows), strict=True))
    for whole, parts in sums.items():
        builder.relate(whole, parts=[np.array([numbers[p] for p in parts])], whole=[np.array([numbers[whole]])])
    system = builder.build()
    mask = hide_more(system, hidden_rows=np.array([name in hidden for name in given]), k=k)
    assert too_narrow(system, hidden_rows=mask, k=k) == []
    return {name for name, is_hidden in zip(given, mask, strict=True) if is_hidden}


def test_the_threshold_counts_vehicles_and_not_trips():
    rows = table(
        """
        trips | vehicles | status
        50    | 3        | ok
        12    | 10       | ok
        9     | 9        | low_n
        0     | 0        | ok
        """
    )
    assert too_few(rows, product="od_day", k=K).tolist() == [True, False, True, True]


def test_of_the_through_traffic_neither_part_may_be_few_vehicles():
    rows = table(
        """
        entries | through | vehicles | through_vehicles | other_vehicles | status
        300     | 100     | 250      | 90               | 180            | ok
        300     | 4       | 250      | 4                | 248            | ok
        300     | 295     | 250      | 248              | 5              | ok
        """
    )
    assert too_few(rows, product="through_day", k=K).tolist() == [False, True, True]


def test_a_row_that_one_vehicle_or_two_make_up_for_the_most_part_is_hidden():
    rows = pd.DataFrame(
        {
            "trips": 100,
            "vehicles": 30,
            "largest_share": [0.40, 0.41, 0.35, None],
            "top_two_share": [0.60, 0.50, 0.61, None],
            "status": "ok",
        }
    )
    assert too_few(rows, product="od_day", k=K).tolist() == [False, True, True, False]


def test_a_city_may_be_stricter_about_fleets_and_travel_times():
    rows = pd.DataFrame({"trips": 100, "vehicles": 30, "largest_share": [0.1, 0.3], "top_two_share": 0.35, "status": "ok"})
    assert too_few(rows, product="od_day", k=K, most_of_one=0.2).tolist() == [False, True]
    assert too_few(rows, product="od_day", k=K, most_of_two=0.3).tolist() == [True, True]
    times = pd.DataFrame({"n": 40, "vehicles": [30, 45], "status": "ok"})
    assert too_few(times, product="travel_time_hour", k=K).tolist() == [False, False]
    assert too_few(times, product="travel_time_hour", k=40).tolist() == [True, False]


def test_one_vehicle_every_day_of_a_month_is_one_vehicle_and_its_row_is_hidden():
    days = [f"2026-03-{day:02d}" for day in range(1, 23)]
    alone = pd.DataFrame({"service_day": days, "origin": "a", "trips": 1, "vehicles": 1, "largest_share": 1.0})
    many = pd.DataFrame({"service_day": days, "origin": "b", "trips": 12, "vehicles": [12] + [3] * 21, "largest_share": 0.1})
    fleet = pd.DataFrame({"service_day": days, "origin": "c", "trips": 24, "vehicles": 12, "largest_share": 0.5})
    month = pooled(pd.concat([alone, many, fleet]), keys=["origin"], measure="trips").assign(status="ok")
    assert month["trips"].tolist() == [22, 264, 528]
    assert month["vehicles"].tolist() == [1, 12, 12]
    assert too_few(month, product="od_day", k=K).tolist() == [True, False, True]


def test_a_row_without_value_stays_missing_and_is_not_called_suppressed():
    rows = pd.DataFrame({"passages": [None], "vehicles": [None], "status": ["missing"]})
    assert too_few(rows, product="gate_hour", k=K).tolist() == [False]


def test_a_table_that_does_not_count_its_vehicles_is_refused():
    with pytest.raises(ValueError, match="has no vehicles"):
        too_few(pd.DataFrame({"trips": [50], "status": ["ok"]}), product="od_day", k=K)


def test_the_threshold_has_a_floor_that_no_setting_lowers():
    with pytest.raises(ValueError, match="fewer than 10"):
        disclose({}, gates=[], zone_of={}, k=5)


def test_a_single_hidden_part_takes_the_smallest_shown_one_along():
    given = {"total": 100, "a": 3, "b": 60, "c": 37}
    assert hidden_after(given, {"total": ["a", "b", "c"]}, hidden={"a"}) == {"a", "c"}


def test_hidden_parts_that_sum_to_nothing_take_a_shown_one_along():
    given = {"total": 50, "a": 0, "b": 0, "c": 20, "d": 30}
    assert hidden_after(given, {"total": ["a", "b", "c", "d"]}, hidden={"a", "b"}) == {"a", "b", "c"}


def test_hidden_parts_that_sum_to_less_than_k_take_a_shown_one_along():
    given = {"total": 58, "a": 5, "b": 3, "c": 20, "d": 30}
    assert hidden_after(given, {"total": ["a", "b", "c", "d"]}, hidden={"a", "b"}) == {"a", "b", "c"}


def test_enough_hidden_parts_need_nothing_more():
    given = {"total": 67, "a": 8, "b": 9, "c": 20, "d": 30}
    assert hidden_after(given, {"total": ["a", "b", "c", "d"]}, hidden={"a", "b"}) == {"a", "b"}


def test_a_hidden_total_needs_a_hidden_part_when_there_is_no_other_way():
    given = {"total": 40, "a": 15, "b": 25}
    assert hidden_after(given, {"total": ["a", "b"]}, hidden={"total"}) == {"total", "a"}


def test_where_only_the_total_is_shown_the_total_is_hidden():
    given = {"total": 4, "a": 4}
    assert hidden_after(given, {"total": ["a"]}, hidden={"a"}) == {"total", "a"}


def test_a_chain_of_sums_is_followed():
    # The day hides a + b; each class hides too little of its own for the two together.
    given = {"day": 305, "a": 5, "b": 300, "a1": 5, "b1": 2, "b2": 298, "x": 0}
    sums = {"day": ["a", "b"], "a": ["a1", "x"], "b": ["b1", "b2"]}
    assert "b2" in hidden_after(given, sums, hidden={"a", "b", "a1", "b1", "x"})


def test_a_count_that_only_two_sums_together_determine_is_found():
    builder = SystemBuilder()
    rows = builder.rows([30.0, 28.0, 2.0, 14.0, 14.0])
    total, part, x, y, z = (np.array([v]) for v in builder.variables([30, 28, 2, 14, 14], rows=rows))
    builder.relate("all", parts=[x, y, z], whole=[total])
    builder.relate("some", parts=[y, z], whole=[part])
    system = builder.build()
    hidden = np.array([False, False, True, True, True])
    plain = hidden_sums(system, hidden)
    bounds = tightened(plain, size=5)
    assert bounds.high[2] - bounds.low[2] > K
    exact = tightened([*plain, *reduced_sums(system, plain)], size=5)
    assert (exact.low[2], exact.high[2]) == (2, 2)
    assert too_narrow(system, hidden_rows=hidden, k=K) == [2]
    assert hide_more(system, hidden_rows=hidden, k=K).sum() == 4


def test_the_last_look_finds_what_two_programs_for_each_count_find():
    """Random tables with their margins, some cells hidden, and then more of them."""
    draw = np.random.default_rng(3)
    narrow = 0
    for _ in range(20):
        counts = draw.poisson(draw.choice([1, 4, 12]), size=draw.integers(2, 5, size=2))
        builder = SystemBuilder()
        cells = builder.variables(counts.ravel(), rows=builder.rows(counts.ravel())).reshape(counts.shape)
        for margin, parts in ((counts.sum(axis=1), cells), (counts.sum(axis=0), cells.T)):
            wholes = builder.variables(margin, rows=builder.rows(margin))
            for number, line in enumerate(parts):
                builder.relate("margin", parts=[line], whole=[wholes[number : number + 1]])
        system = builder.build()
        hidden = np.zeros(len(system.values), bool)
        wide = hidden.copy()
        for share in (0.4, 0.3):
            hidden |= draw.random(len(hidden)) < share
            sums = hidden_sums(system, hidden)
            found = held(system, sums, k=K, wide=wide)
            expected = {variable for variable in np.flatnonzero(hidden) if _width(sums, variable) < K - 1e-6}
            assert set(np.flatnonzero(hidden & ~wide)) == expected
            assert {each.variable for each in found} <= expected
            narrow += len(expected)
    assert narrow > 50


def _width(sums: list[Sum], variable: int) -> float:
    matrix = np.zeros((len(sums), max(known.variables.max() for known in sums) + 1))
    for row, known in zip(matrix, sums, strict=True):
        row[known.variables] = known.coefficients
    objective = np.zeros(matrix.shape[1])
    objective[variable] = 1
    right = [known.constant for known in sums]
    least, most = (linprog(sign * objective, A_eq=matrix, b_eq=right, bounds=(0, None)) for sign in (1, -1))
    return -most.fun - least.fun if most.status == 0 else np.inf


def test_gates_that_share_some_sites_are_not_both_shown():
    known = crossings(
        [("ring", "r1", "s1", "in"), ("ring", "r1", "s2", "in"), ("centre", "c1", "s1", "in"), ("centre", "c2", "s3", "in")]
    )
    assert withheld(known) == {("centre", "c1", "in")}


def test_a_site_between_two_cordons_is_one_crossing_out_of_one_and_into_the_other():
    known = crossings([("west", "w1", "s1", "out"), ("east", "e1", "s1", "in")])
    assert known[0].streams == known[1].streams


@pytest.fixture(scope="module")
def decided():
    city = vliet()
    rows = tables(cells(city, days=[DAY], vehicles=3000, seed=7), city=city, days=[DAY])
    sites = {s.site_id: s.zone_id for s in city.sites}
    gates = [(g.cordon_id, g.gate_id, g.site_id, g.direction) for g in city.gates]
    return rows, disclose(rows, gates=gates, zone_of=sites, k=K)


def test_the_gate_of_two_cordons_is_hidden_in_both_or_in_neither(decided):
    rows, decision = decided
    gates = rows["gate_hour"].assign(status=decision.status["gate_hour"])
    key = ["hour", "direction", "vehicle_class"]
    outer, inner = (gates[gates["gate_id"] == g].set_index(key)["status"] for g in ("g_sluis", "c_sluis"))
    assert (outer == inner.reindex(outer.index)).all()
    assert {"ok", "suppressed"} <= set(outer)


def test_every_measure_goes_with_its_row_and_hidden_is_never_zero(decided):
    rows, decision = decided
    for product, published in publish_all(rows, status=decision.status).items():
        hidden = published[published["status"] == "suppressed"]
        measures = next(p.measure_names for p in PRODUCTS if p.name == product)
        assert len(hidden) or product == "camera_health_day"
        assert hidden[measures].isna().all(axis=None)
        shown = published[published["status"] == "ok"]
        assert (shown[measures[0]] >= K).all()
        assert "vehicles" not in published.columns


def test_the_report_counts_every_row_once(decided):
    rows, decision = decided
    for product, said in decision.report.items():
        assert said["rows"] == len(rows[product])
        assert said["rows"] == said["shown"] + said["hidden_primary"] + said["hidden_complementary"] + said["no_value"]
        assert 0 < said["shown_count_pct"] < 100


def test_the_share_that_is_shown_is_not_told_where_it_would_tell_the_hidden_rest(decided):
    city = vliet()
    quiet = tables(cells(city, days=[DAY], vehicles=3, seed=1), city=city, days=[DAY])
    gates = [(g.cordon_id, g.gate_id, g.site_id, g.direction) for g in city.gates]
    report = disclose(quiet, gates=gates, zone_of={s.site_id: s.zone_id for s in city.sites}, k=K).report
    assert report["od_day"]["shown_count_pct"] is None
