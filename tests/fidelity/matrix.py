"""The fidelity matrix: every scenario of ``fidelity/scenarios.toml`` simulated, run and judged; run with ``make fidelity``.

A scenario takes minutes and the whole matrix hours, so each result is kept, and what is there is not measured again: delete the folder
after a change of a method. Names choose: ``matrix.py vliet/default ravelmonde`` runs one scenario and a city. ``docs/fidelity.md`` is
written from all results that are there.
"""

import datetime as dt
import json
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
KORDON = Path(sys.executable).parent / "kordon"
RESULTS = ROOT / "out" / "fidelity"
PAGE = ROOT / "docs" / "fidelity.md"

COLUMNS = {
    "boundary_f1": "F1",
    "boundary_f1_strict": "strict F1",
    "trips_error_pct": "trips, %",
    "misreads_joined_pct": "misreads joined, %",
    "damaged_pct": "damaged, %",
    "clock_median_s": "clock, median s",
    "clock_worst_s": "worst s",
    "good_clocks_corrected": "good clocks corrected",
    "clock_usable_told_pct": "clocks answered, %",
    "dead_busy_flagged_pct": "dead hours found, %",
    "false_outage_pct": "false, %",
    "left_per_1000": "wrong passages per 1,000",
}
"""The figures of the table, by the key of the statistic."""


def scenarios() -> list[dict[str, Any]]:
    """The scenarios as the file has them."""
    return tomllib.loads((ROOT / "fidelity" / "scenarios.toml").read_text(encoding="utf-8"))["scenario"]


def key(scenario: dict[str, Any]) -> str:
    return f"{scenario['city']}/{scenario['name']}"


def days(scenario: dict[str, Any]) -> list[dt.date]:
    first, _, last = scenario["days"].partition("..")
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
    return [start + dt.timedelta(days=n) for n in range((end - start).days + 1)]


def measure(scenario: dict[str, Any], *, folder: Path) -> dict[str, Any]:
    """Simulate, run and judge one scenario."""
    import simulation

    city = ROOT / "cities" / scenario["city"]
    made = simulation.simulate(
        city=city,
        days=days(scenario),
        vehicles=scenario["vehicles"],
        seed=scenario["seed"],
        out=folder,
        overrides=scenario["overrides"],
    )
    began = time.monotonic()
    common = ["--city", str(city), "--lake", str(folder / "lake"), "-q"]
    run = ["run", *common, "--landing", str(folder / "landing"), "--keystore", str(folder / "keys"), "--days", scenario["days"]]
    subprocess.run([KORDON, *run], check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - began
    page = RESULTS / f"{scenario['city']}-{scenario['name']}.html"
    judged = ["validate", *common, "--truth", str(folder / "truth"), "--json", "--out", str(page)]
    report = json.loads(subprocess.run([KORDON, *judged], check=True, stdout=subprocess.PIPE).stdout)
    return {"scenario": scenario, "reads": made.reads, "run_s": round(took), "report": report}


def cell(score: dict[str, Any] | None) -> str:
    """A figure, the naive one behind it, and bold where it misses its goal."""
    from fidelity.report import shown

    if score is None or score["value"] is None:
        return "–"
    text = shown(score["value"])
    text = f"**{text}**" if score["is_met"] is False else text
    return f"{text} ({shown(score['naive'])})" if score["naive"] is not None else text


def page(results: list[dict[str, Any]]) -> str:
    """``docs/fidelity.md``."""
    every = len(scenarios())
    lines = [
        "# Fidelity",
        "",
        "Simulated days, computed by `kordon run` and judged by `kordon validate`: what is known and what came out. Behind a figure in",
        "brackets is the naive method's on the same reads (exact plates, a gap of 15 minutes). Bold misses the goal of the column.",
        f"`make fidelity` wrote this page from {len(results)} of {every} scenarios of `fidelity/scenarios.toml`.",
        "",
        "Constants of the methods were chosen by judgement or on Vliet with seeds below 100, never on a scenario of this table.",
        "",
        "| scenario | reads | " + " | ".join(COLUMNS.values()) + " |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    goals = {}
    for result in results:
        scores = {score["key"]: score for score in result["report"]["scores"]}
        goals |= {name: scores[name]["goal"] for name in COLUMNS if name in scores and scores[name]["goal"]}
        lines.append(
            f"| {key(result['scenario'])} | {result['reads']:,} | "
            + " | ".join(cell(scores.get(name)) for name in COLUMNS)
            + " |"
        )
    lines.insert(
        lines.index("|---|---|" + "---|" * len(COLUMNS)) + 1,
        "| *goal* | | " + " | ".join(goals.get(name) or "" for name in COLUMNS) + " |",
    )
    return "\n".join(lines) + "\n"


def main() -> None:
    asked = sys.argv[1:]
    RESULTS.mkdir(parents=True, exist_ok=True)
    wanted = [s for s in scenarios() if not asked or any(key(s) == name or s["city"] == name for name in asked)]
    if not wanted:
        sys.exit(f"No such scenario; there are: {', '.join(key(s) for s in scenarios())}")
    for number, scenario in enumerate(wanted, 1):
        kept = RESULTS / f"{scenario['city']}-{scenario['name']}.json"
        print(f"{number}/{len(wanted)} {key(scenario)}", end=" ", flush=True)
        if kept.exists():
            print("is there")
            continue
        folder = Path(tempfile.mkdtemp(prefix="kordon-fidelity-"))
        try:
            result = measure(scenario, folder=folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        kept.write_text(json.dumps(result))
        print(f"{result['reads']:,} reads in {result['run_s']} s")
    results = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    order = {key(s): n for n, s in enumerate(scenarios())}
    PAGE.write_text(page(sorted(results, key=lambda r: order[key(r["scenario"])])), encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
