"""Vliet for tests: some days of simulated deliveries, and runs over them."""

import datetime as dt
from pathlib import Path
from typing import Any

import simulation
from kordon import chain, pipeline
from kordon.city import City, load
from kordon.lake import Lake
from quality.gate import judge

CITY = Path(__file__).resolve().parents[2] / "cities" / "vliet"
FIRST = dt.date(2026, 3, 10)


def days(count: int) -> list[dt.date]:
    return [FIRST + dt.timedelta(days=n) for n in range(count)]


def simulate(out: Path, *, count: int, vehicles: int, seed: int = 1, overrides: dict[str, Any] | None = None) -> Any:
    return simulation.simulate(city=CITY, days=days(count), vehicles=vehicles, seed=seed, out=out, overrides=overrides)


def run(
    spark: Any,
    *,
    lake: Path,
    landing: Path,
    keys: Path,
    wanted: list[dt.date] | None,
    city: City | None = None,
    first: str | None = None,
    last: str | None = None,
) -> Lake:
    """One ``kordon run`` in the tests' own Spark session."""
    opened = Lake(spark, str(lake))
    pipeline.execute(
        spark=spark,
        lake=opened,
        city=city or load(CITY),
        keystore=keys,
        wanted=wanted,
        landing=landing,
        steps=chain.between_steps(first, last),
        judge=judge,
        override=None,
    )
    return opened
