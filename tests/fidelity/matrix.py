"""The fidelity matrix: every scenario of ``fidelity/scenarios.toml`` simulated, run and judged; run with ``make fidelity``.

A scenario takes minutes and the whole matrix hours, so each result is kept in ``out/fidelity``, and one that is there is not measured
again unless its scenario changed or ``--again`` asks for it: do that after a change of a method. Names choose: ``matrix.py
vliet/default ravelmonde`` runs one scenario and a city. ``docs/fidelity.md`` is written after each scenario from all results that are
there; ``--page`` writes it and runs nothing.
"""

import argparse
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

from tests.fidelity.page import key, page  # noqa: E402  the script is run by its path

KORDON = Path(sys.executable).parent / "kordon"
RESULTS = ROOT / "out" / "fidelity"
PAGE = ROOT / "docs" / "fidelity.md"


def scenarios() -> list[dict[str, Any]]:
    """The scenarios as the file has them."""
    made: list[dict[str, Any]] = _file()["scenario"]
    return made


def _file() -> dict[str, Any]:
    return tomllib.loads((ROOT / "fidelity" / "scenarios.toml").read_text(encoding="utf-8"))


def days(scenario: dict[str, Any]) -> list[dt.date]:
    first, _, last = scenario["days"].partition("..")
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
    return [start + dt.timedelta(days=n) for n in range((end - start).days + 1)]


def measure(scenario: dict[str, Any], *, folder: Path, results: Path) -> dict[str, Any]:
    """Simulate, run and judge one scenario."""
    import simulation

    began = time.monotonic()
    city = ROOT / "cities" / scenario["city"]
    made = simulation.simulate(
        city=city,
        days=days(scenario),
        vehicles=scenario["vehicles"],
        seed=scenario["seed"],
        out=folder,
        overrides=scenario["overrides"],
    )
    simulated = time.monotonic()
    common = ["--city", str(city), "--lake", str(folder / "lake"), "-q"]
    run = ["run", *common, "--landing", str(folder / "landing"), "--keystore", str(folder / "keys"), "--days", scenario["days"]]
    subprocess.run([KORDON, *run], check=True, stdout=subprocess.DEVNULL)
    ran = time.monotonic()
    html = results / f"{scenario['city']}-{scenario['name']}.html"
    judged = ["validate", *common, "--truth", str(folder / "truth"), "--json", "--out", str(html)]
    report = json.loads(subprocess.run([KORDON, *judged], check=True, stdout=subprocess.PIPE).stdout)
    return {
        "scenario": scenario,
        "reads": made.reads,
        "run_s": round(ran - simulated),
        "took_s": round(time.monotonic() - began),
        "report": report,
    }


def kept(scenario: dict[str, Any], *, results: Path) -> dict[str, Any] | None:
    """The result of a scenario if it was measured as the file has it now; other words and goals do not matter."""
    path = results / f"{scenario['city']}-{scenario['name']}.json"
    if not path.exists():
        return None
    result = json.loads(path.read_text(encoding="utf-8"))
    if _measured(result["scenario"]) != _measured(scenario):
        return None
    return {**result, "scenario": scenario}


def _measured(scenario: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scenario.items() if name not in ("about", "goals")}


def expected_s(scenario: dict[str, Any], *, known: list[dict[str, Any]]) -> float | None:
    """How long a scenario will take, from those that are known: a start, and the same for each vehicle and day."""
    if not known:
        return None
    sizes = [r["scenario"]["vehicles"] * len(days(r["scenario"])) for r in known]
    times = [r["took_s"] for r in known]
    size = scenario["vehicles"] * len(days(scenario))
    mean, middle = sum(times) / len(times), sum(sizes) / len(sizes)
    spread = sum((s - middle) ** 2 for s in sizes)
    slope = sum((s - middle) * (t - mean) for s, t in zip(sizes, times, strict=True)) / spread if spread else mean / middle
    return max(mean + slope * (size - middle), 0.0)


def told(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def write(*, results: Path, to: Path) -> None:
    every = scenarios()
    chosen_on = _file()["chosen_on"]
    found = [result for s in every if (result := kept(s, results=results)) is not None]
    to.write_text(page(found, scenarios=every, chosen_on=chosen_on), encoding="utf-8")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("names", nargs="*", help="city/scenario, or a city; all without")
    asked.add_argument("--again", action="store_true", help="measure scenarios that are there as well")
    asked.add_argument("--page", action="store_true", help="write the page from the results that are there, and stop")
    given = asked.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    wanted = [s for s in scenarios() if not given.names or {key(s), s["city"]} & set(given.names)]
    strange = [n for n in given.names if not any(n in (key(s), s["city"]) for s in scenarios())]
    if strange:
        sys.exit(f"No such scenario: {', '.join(strange)}. There are: {', '.join(key(s) for s in scenarios())}.")
    todo = [] if given.page else [s for s in wanted if given.again or kept(s, results=RESULTS) is None]
    print(f"{len(todo)} of {len(scenarios())} scenarios to measure")
    for number, scenario in enumerate(todo, 1):
        known = [result for s in scenarios() if (result := kept(s, results=RESULTS)) is not None]
        ahead = [expected_s(s, known=known) for s in todo[number - 1 :]]
        left = (
            f"about {told(ahead[0])}; {told(sum(a or 0 for a in ahead))} for all"
            if ahead[0] is not None
            else "no idea yet how long"
        )
        print(f"{number}/{len(todo)} {key(scenario)} ({left})", end=" ", flush=True)
        folder = Path(tempfile.mkdtemp(prefix="kordon-fidelity-"))
        try:
            result = measure(scenario, folder=folder, results=RESULTS)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        # A name of its own: two of these may run side by side, on other scenarios.
        half = RESULTS / f"{scenario['city']}-{scenario['name']}.part"
        half.write_text(json.dumps(result), encoding="utf-8")
        half.replace(RESULTS / f"{scenario['city']}-{scenario['name']}.json")
        print(f"{result['reads']:,} reads, run in {result['run_s']} s, {told(result['took_s'])} in all", flush=True)
        write(results=RESULTS, to=PAGE)
    write(results=RESULTS, to=PAGE)
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
