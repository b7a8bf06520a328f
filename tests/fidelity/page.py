"""``docs/fidelity.md`` from the results of the matrix, whichever of them are there."""

import statistics
from dataclasses import replace
from typing import Any, NamedTuple

from fidelity.catalogue import STATISTICS
from fidelity.report import shown
from fidelity.scores import Goal

GOALS = {s.key: s.goal for s in STATISTICS if s.goal is not None}

TABLES = {
    "Reads": {
        "boundary_f1": "boundary F1",
        "boundary_f1_strict": "strict F1",
        "trips_error_pct": "trips, %",
        "misreads_joined_pct": "misreads joined, %",
        "damaged_pct": "damaged, %",
        "clones_flagged_pct": "cloned plates flagged, %",
        "clones_wrong": "vehicle-days wrongly flagged",
        "left_per_1000": "wrong passages per 1,000",
    },
    "Clocks and outages": {
        "clock_median_s": "wrong clocks: median, s",
        "clock_worst_s": "worst hour, s",
        "good_clocks_corrected": "good clocks corrected",
        "clock_usable_told_pct": "usable hours told, %",
        "dead_busy_flagged_pct": "dead hours flagged, %",
        "false_outage_pct": "false outages, %",
    },
    "Counts and origin-destination": {
        "gate_total_pct": "gates: total, %",
        "gate_expanded_mape_pct": "gate-hours: MAPE, %",
        "gate_left_out_pct": "left out, %",
        "od_counted_error": "OD counted: errors / truth",
        "od_expanded_error": "OD expanded: errors / truth",
        "od_expanded_mape_pct": "OD: MAPE, %",
        "od_expanded_hour_error": "OD by hour: errors / truth",
    },
    "Through traffic, stays, travel times": {
        "through_total_pct": "through: total, %",
        "through_pairs_error": "gate pairs: errors / truth",
        "through_points": "share, points",
        "dwell_median_pct": "dwell: median, %",
        "dwell_p90_pct": "dwell: p90, %",
        "stock_error_pct": "stock: error / maximum, %",
        "travel_median_mape_pct": "link medians, %",
        "travel_tail_mape_pct": "link 95th percentiles, %",
    },
    "Intervals and detection": {
        "gate_coverage_pct": "gate-hours: covered, %",
        "gate_width_pct": "too wide, %",
        "pair_coverage_pct": "gate pairs: covered, %",
        "pair_width_pct": "too wide, %",
        "od_hour_coverage_pct": "OD hours: covered, %",
        "od_hour_width_pct": "too wide, %",
        "od_day_coverage_pct": "OD days: covered, %",
        "od_day_width_pct": "too wide, %",
        "detection_cordon_error": "q: error, cordon",
        "detection_elsewhere_error": "elsewhere",
        "detection_coverage_pct": "sites held, %",
        "detection_unidentified_pct": "sites without, %",
    },
}
"""The figures of the page by key of the statistic, a table a heading."""

BEATS = {
    "totals": ("gate_total_pct", "through_total_pct", "od_expanded_total_pct"),
    "through": ("through_pairs_error", "through_points"),
    "OD": ("od_expanded_error", "od_expanded_mape_pct", "od_expanded_hour_error"),
    "trip boundaries": ("boundary_f1",),
}
"""What has to be better than naive in every scenario."""

FEWEST = 3  # scenarios from which a mean and its error say something
INTRO = """# Fidelity

Simulated days, computed by `kordon run` and judged by `kordon validate`: what is known and what came out. In brackets behind a figure
is the naive method's on the same reads: exact plates, a gap of 15 minutes, raw counts. **Bold** misses the goal of its column; – is
absent, or nothing in the scenario calls for it. Where a figure is measured by cordon or by direction, the worst of them is shown. The
goals are those of the scenarios `all_at_once`; the other scenarios show what each factor does. What each figure means says the report
of `kordon validate`.
"""


class Figure(NamedTuple):
    """A score of a report, held against the goal of its scenario."""

    value: float
    naive: float | None
    goal: Goal | None

    @property
    def is_missed(self) -> bool:
        return self.goal is not None and not self.goal.met(self.value)

    def loss(self, value: float) -> float:
        """The smaller the better; by the goal, else by distance from 0."""
        if self.goal is not None and self.goal.kind == "at least":
            return -value
        if self.goal is not None and self.goal.kind == "from":
            return abs(value - (self.goal.limit + self.goal.upper) / 2)
        return abs(value)

    @property
    def is_better(self) -> bool | None:
        """Than naive; equal to it is enough where both are perfect. None without the naive method."""
        if self.naive is None:
            return None
        ours, theirs = self.loss(self.value), self.loss(self.naive)
        return ours < theirs or (ours == theirs and self.value == self.naive and not self.is_missed)


def key(scenario: dict[str, Any]) -> str:
    return f"{scenario['city']}/{scenario['name']}"


def figures(result: dict[str, Any], name: str) -> list[Figure]:
    """The figures of a statistic, one a part (a cordon, a direction); those that are absent are not there."""
    limits = result["scenario"].get("goals", {})
    goal = GOALS.get(name)
    if goal is not None and name in limits:
        goal = replace(goal, limit=limits[name])
    scores = [s for s in result["report"]["scores"] if s["key"].partition(":")[0] == name and s["value"] is not None]
    return [Figure(s["value"], s["naive"], goal) for s in scores]


def cell(result: dict[str, Any], name: str) -> str:
    """The worst figure of a statistic, the naive one behind it."""
    found = figures(result, name)
    if not found:
        return "–"
    worst = max(found, key=lambda f: f.loss(f.value))
    text = f"**{shown(worst.value)}**" if worst.is_missed else shown(worst.value)
    return f"{text} ({shown(worst.naive)})" if worst.naive is not None else text


def page(results: list[dict[str, Any]], *, scenarios: list[dict[str, Any]], chosen_on: str) -> str:
    """The page.

    Args:
        results: as the matrix keeps them, some or all.
        scenarios: all that there are.
        chosen_on: on which seeds constants were chosen, in words.
    """
    by_key = {key(result["scenario"]): result for result in results}
    ordered = [by_key[key(s)] for s in scenarios if key(s) in by_key]
    missing = [key(s) for s in scenarios if key(s) not in by_key]
    lines = [
        INTRO,
        chosen_on.strip(),
        "",
        f"`make fidelity` wrote this page from {len(ordered)} of {len(scenarios)} scenarios of `fidelity/scenarios.toml`.",
    ]
    if missing:
        lines += ["", f"**Not run:** {', '.join(missing) if ordered else 'all of them'}."]
    lines += ["", "## Better than naive", "", *(_verdicts(ordered) if ordered else ["No scenario was run."])]
    for heading, columns in TABLES.items():
        lines += ["", f"## {heading}", ""]
        lines += _table(
            ["scenario", *columns.values()],
            [["*goal*", *(str(GOALS.get(name, "")) for name in columns)]]
            + [[key(r["scenario"]), *(cell(r, name) for name in columns)] for r in ordered],
        )
    lines += ["", "## Scenarios", ""]
    lines += _table(
        ["scenario", "city", "seed", "days", "vehicles", "what is asked for", "reads", "run, s", "judged"],
        [_row(s, by_key.get(key(s))) for s in scenarios],
    )
    return "\n".join(lines) + "\n"


def _row(scenario: dict[str, Any], result: dict[str, Any] | None) -> list[str]:
    told = [f"{result['reads']:,}", f"{result['run_s']:,}", result["report"]["made_at"][:10]] if result else ["not run", "", ""]
    about = [scenario["city"], str(scenario["seed"]), scenario["days"], f"{scenario['vehicles']:,}", scenario["about"]]
    return [key(scenario), *about, *told]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _verdicts(results: list[dict[str, Any]]) -> list[str]:
    """In which scenarios the product is better than naive in what it has to be, and where on average it is worse."""
    lines = []
    for what, names in BEATS.items():
        told = {key(r["scenario"]): [f for name in names for f in figures(r, name)] for r in results}
        judged = {name: [f.is_better for f in found if f.is_better is not None] for name, found in told.items()}
        judged = {name: verdicts for name, verdicts in judged.items() if verdicts}
        if not judged:
            lines.append(f"- **{what}**: absent.")
            continue
        beaten = [name for name, verdicts in judged.items() if not all(verdicts)]
        lines.append(
            f"- **{what}** ({', '.join(names)}): better than naive in {len(judged) - len(beaten)} of {len(judged)} scenarios"
            + (f"; not in {', '.join(beaten)}." if beaten else ".")
        )
    worse = [name for name in GOALS if _is_worse(results, name)]
    lines.append(
        "- In no figure with a goal is the product worse than naive by more than two standard errors over the scenarios (each has "
        "its own seed)."
        if not worse
        else f"- **Worse than naive** by more than two standard errors over the scenarios: {', '.join(worse)}."
    )
    return lines


def _is_worse(results: list[dict[str, Any]], name: str) -> bool:
    """Whether the mean loss over scenarios, worst part each, is above the naive method's by two standard errors."""
    excess = []
    for result in results:
        both = [f.loss(f.value) - f.loss(f.naive) for f in figures(result, name) if f.naive is not None]
        excess += [max(both)] if both else []
    if len(excess) < FEWEST:
        return False
    return statistics.mean(excess) > 2 * statistics.stdev(excess) / len(excess) ** 0.5
