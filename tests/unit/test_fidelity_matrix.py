"""The page of the matrix: what was run, what was not, what misses its goal, and whether it beats the naive method."""

import json

import pytest

from tests.fidelity import matrix
from tests.fidelity.page import cell, figures, page

GOOD = {
    "gate_total_pct:in": (0.5, -9.0),
    "gate_total_pct:out": (-0.8, -11.0),
    "through_total_pct:ring": (-1.5, -26.0),
    "through_total_pct:centre": (1.0, -30.0),
    "od_expanded_error": (0.05, 0.35),
    "misreads_joined_pct": (75.0, 0.0),
    "boundary_f1": (0.98, 0.93),
    "gate_coverage_pct": (95.0, None),
    "clones_wrong": (0.0, None),
}


def _scenario(name, **more):
    return {
        "name": name,
        "city": "vliet",
        "about": "as it is",
        "vehicles": 10,
        "days": "2026-03-10",
        "seed": 1,
        "overrides": {},
    } | more


def _result(name, changes=(), **more):
    scores = [{"key": key, "value": value, "naive": naive} for key, (value, naive) in (GOOD | dict(changes)).items()]
    report = {"made_at": "2026-03-20 10:00:00+00:00", "scores": scores}
    return {"scenario": _scenario(name, **more), "reads": 1234, "run_s": 60, "took_s": 90, "report": report}


def _page(*results, missing=()):
    every = [r["scenario"] for r in results] + [_scenario(name) for name in missing]
    return page(list(results), scenarios=every, chosen_on="Chosen on seed 7.")


def test_a_cell_is_the_worst_part_with_the_naive_figure_and_bold_where_it_misses():
    result = _result("default")
    assert cell(result, "gate_total_pct") == "-0.800 (-11)"
    assert cell(result, "through_total_pct") == "-1.500 (-26)"
    assert cell(result, "gate_coverage_pct") == "95"
    assert cell(result, "stock_error_pct") == "–"
    missed = _result("default", {"gate_total_pct:in": (1.2, -9.0), "gate_coverage_pct": (99.0, None)})
    assert cell(missed, "gate_total_pct") == "**1.200** (-9)"
    assert cell(missed, "gate_coverage_pct") == "**99**", "too wide an interval is none the better"


def test_a_scenario_may_have_limits_of_its_own():
    assert figures(_result("default", {"misreads_joined_pct": (60.0, 0.0)}), "misreads_joined_pct")[0].is_missed
    flat = _result("flat", {"misreads_joined_pct": (60.0, 0.0)}, goals={"misreads_joined_pct": 55})
    assert not figures(flat, "misreads_joined_pct")[0].is_missed


def test_the_page_says_what_was_run_and_what_was_not():
    text = _page(_result("default"), _result("q_75", seed=1002), missing=["clones"])
    assert "from 2 of 3 scenarios" in text
    assert "**Not run:** vliet/clones." in text
    assert "| vliet/q_75 | vliet | 1002 | 2026-03-10 | 10 | as it is | 1,234 | 60 | 2026-03-20 |" in text
    assert "| vliet/clones | vliet | 1 | 2026-03-10 | 10 | as it is | not run |  |  |" in text
    assert "Chosen on seed 7." in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)
    assert "No scenario was run." in _page(missing=["default"])


def test_better_than_naive_is_said_of_every_scenario_and_part():
    good = _page(_result("default"), _result("q_75"))
    assert (
        "**totals** (gate_total_pct, through_total_pct, od_expanded_total_pct): better than naive in 2 of 2 scenarios." in good
    )
    assert "**OD** (od_expanded_error, od_expanded_mape_pct, od_expanded_hour_error): better than naive in 2 of 2" in good
    assert "**through** " not in good.replace("**through**: absent.", ""), "nothing is claimed of what is not there"
    bad = _page(_result("default"), _result("q_75", {"through_total_pct:centre": (31.0, -30.0)}))
    assert "better than naive in 1 of 2 scenarios; not in vliet/q_75." in bad


def test_worse_than_naive_on_average_is_said_beyond_two_standard_errors():
    def runs(*values):
        return _page(*(_result(f"s{n}", {"od_expanded_error": (v, 0.2)}) for n, v in enumerate(values)))

    assert "two standard errors over the scenarios: od_expanded_error." in runs(0.3, 0.31, 0.29)
    assert "Worse than naive" not in runs(0.15, 0.31, 0.15), "one bad scenario is chance"
    assert "Worse than naive" not in runs(0.3, 0.3), "two scenarios tell nothing"


def test_a_result_counts_while_its_scenario_is_as_it_was(tmp_path):
    kept = _result("default")
    (tmp_path / "vliet-default.json").write_text(json.dumps(kept))
    reworded = _scenario("default", about="other words", goals={"damaged_pct": 1})
    assert matrix.kept(reworded, results=tmp_path) == {**kept, "scenario": reworded}
    assert matrix.kept(_scenario("default", seed=2), results=tmp_path) is None
    assert matrix.kept(_scenario("q_75"), results=tmp_path) is None


def test_the_expected_time_grows_with_vehicles_and_days():
    small, large = _result("a", vehicles=10) | {"took_s": 100}, _result("b", vehicles=110) | {"took_s": 200}
    wanted = _scenario("c", vehicles=105, days="2026-03-10..2026-03-11")
    assert matrix.expected_s(wanted, known=[]) is None
    assert matrix.expected_s(wanted, known=[small]) == pytest.approx(100 * 210 / 10)
    assert matrix.expected_s(wanted, known=[small, large]) == pytest.approx(300)
    assert [matrix.told(s) for s in (50, 3540, 3600, 9000)] == ["1 min", "59 min", "1 h 00 min", "2 h 30 min"]
