"""Disclosure control at scale: seconds of suppression and of the audit, and what is shown at k = 10.

``python tests/benchmark/disclosure.py`` takes invented cells of a day: 40 zones, 7 classes, 60,000 vehicles, no Spark.
``python tests/benchmark/disclosure.py RELEASE...`` reads the figures of releases that are published, with the time of their audit.
Figures are printed as JSON, a release a line. The invented day needs less than a minute.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kordon.city import City, Zone
from kordon.commands.audit import attacked
from privacy import disclosure
from publication import release as releases
from tests.attack.test_suppression_city import DAY, cells, vliet
from tests.releases import published

VEHICLES, SEED = 60_000, 1
GOALS = {"od_day": 90, "gate_hour": 95, "gate_pair_day": 80}
"""Least shares of the count that should be shown, percent."""


def of_forty_zones() -> City:
    """Vliet with a zone around each of its 40 sites."""
    city = vliet()
    sites = tuple(replace(site, zone_id=f"z{number:02d}") for number, site in enumerate(city.sites))
    zones = tuple(Zone(site.zone_id, site.zone_id, None, city.zones[0].geometry) for site in sites)
    return replace(city, sites=sites, zones=zones)


def timed(work: Any, spent: dict[str, float], name: str) -> Any:
    def call(*arguments: Any, **named: Any) -> Any:
        start, cpu = time.monotonic(), time.process_time()
        done = work(*arguments, **named)
        spent[f"{name}_s"] = round(time.monotonic() - start, 1)
        spent[f"{name}_cpu_s"] = round(time.process_time() - cpu, 1)
        return done

    return call


def invented() -> dict[str, Any]:
    """Suppress, publish and audit a day of invented cells."""
    city, spent = of_forty_zones(), dict[str, float]()
    given = cells(city, days=[DAY], vehicles=VEHICLES, seed=SEED)
    releases.disclose = timed(disclosure.disclose, spent, "suppression")
    releases.page = lambda **_: ""  # the pictures are another matter
    with tempfile.TemporaryDirectory() as below:
        arguments = {"cells": given, "days": [DAY], "said": [], "created_at": datetime(2026, 3, 14, 9, tzinfo=UTC)}
        made = published(city, Path(below), **arguments)
        return {
            "zones": 40,
            "classes": 7,
            "vehicles": VEHICLES,
            **spent,
            **figures(made.path),
            "primary_not_zero": _ratio(given, made.path),
        }


def figures(folder: Path, *, also: Sequence[Path] = ()) -> dict[str, Any]:
    """What a release shows, and what its audit, with other releases that the attacker has, finds and takes."""
    spent: dict[str, float] = {}
    report = timed(attacked, spent, "audit")(folder, also=also)
    twelve = next(finding for finding in report.findings if finding.number == 12)
    said = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["kordon"]["suppression"]
    shown = {f"{name}_shown_pct": rows["shown_count_pct"] for name, rows in said.items()}
    return {
        **spent,
        "passed": report.passed,
        **shown,
        **{k: twelve.reached[k] for k in ("hidden", "exact", "narrow", "unsolved")},
    }


def _ratio(given: dict[str, Any], folder: Path) -> dict[str, float]:
    """Per product: hidden cells that are not 0, by those of fewer than k vehicles."""
    return dict(_ratios(given, json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["kordon"]["suppression"]))


def _ratios(given: dict[str, Any], said: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for name, rows in said.items():
        few = disclosure.too_few(given[name].assign(status="ok"), product=name, k=disclosure.FLOOR)
        # Complementary rows are not 0: hiding the cheapest that loosens a sum takes one with a count.
        yield name, round((int(few.sum()) + rows["hidden_complementary"]) / max(int(few.sum()), 1), 3)


if __name__ == "__main__":
    for found in [figures(Path(folder)) for folder in sys.argv[1:]] or [invented()]:
        print(json.dumps(found))
