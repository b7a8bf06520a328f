"""``kordon demo``: the whole main job on the shipped city, from simulated files to a release that opens in a browser."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kordon.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from kordon.city import City
    from kordon.lake import Lake

FIRST_DAY, DAYS, VEHICLES, SEED = date(2026, 3, 10), 3, 15_000, 1
ENOUGH_LEGS = 60
"""A 95th percentile of fewer legs hangs on one or two vehicles."""


def headline(
    *, through: "pd.DataFrame", gates: "pd.DataFrame", dwell: "pd.DataFrame", times: "pd.DataFrame", freight: tuple[str, ...]
) -> list[tuple[str, str]]:
    """The five numbers that an analyst asks first.

    Args:
        through: ``flow_through_day``.
        gates: ``flow_gate_hour``.
        dwell: ``flow_dwell_summary_day``.
        times: ``flow_travel_time_hour`` of all classes together.
        freight: the classes that count as freight.
    """
    every = through[through.vehicle_class == "all"].groupby("cordon_id")[["through", "entries"]].sum()
    shares = ", ".join(f"{cordon} {row.through / row.entries:.0%}" for cordon, row in every.iterrows() if row.entries)
    by_gate = gates.groupby(["cordon_id", "gate_id"]).passages.sum().sort_values()
    busiest = by_gate.index[-1]
    days = gates.service_day.nunique()
    freight_share = gates[gates.vehicle_class.isin(freight)].passages.sum() / gates.passages.sum()
    medians = dwell[dwell.vehicle_class == "all"].groupby("cordon_id").p50_s.median()
    stays = ", ".join(f"{cordon} {seconds / 60:.0f} min" for cordon, seconds in medians.items())
    times = times[(times.vehicle_class == "all") & times.buffer_index.notna()]
    pairs = times.assign(weighted=times.buffer_index * times.n)
    pairs = pairs.groupby(["from_site_id", "to_site_id"])[["n", "weighted"]].sum()
    spread = (pairs.weighted / pairs.n)[pairs.n >= ENOUGH_LEGS].sort_values()
    reliable = "no pair has enough legs"
    if len(spread):
        (best, worst) = (spread.index[0], spread.index[-1])
        reliable = f"{best[0]} to {best[1]} ({spread.iloc[0]:.2f}), {worst[0]} to {worst[1]} ({spread.iloc[-1]:.2f})"
    return [
        ("through share of entries", shares),
        ("busiest gate", f"{busiest[1]} of {busiest[0]}, {by_gate.iloc[-1] / days:,.0f} crossings a day"),
        ("freight share of crossings", f"{freight_share:.1%}"),
        ("median dwell", stays),
        ("most and least reliable pair (buffer index)", reliable),
    ]


def first_numbers(lake: "Lake", city: "City", days: list[date]) -> list[tuple[str, str]]:
    """:func:`headline` of some days of a lake."""
    from pyspark.sql import functions as F

    times = lake.read("flow_travel_time_hour", days).filter(F.col("vehicle_class") == "all")
    return headline(
        through=lake.read("flow_through_day", days).toPandas(),
        gates=lake.read("flow_gate_hour", days).toPandas(),
        dwell=lake.read("flow_dwell_summary_day", days).toPandas(),
        times=times.select("from_site_id", "to_site_id", "vehicle_class", "n", "buffer_index").toPandas(),
        freight=city.freight_classes,
    )


def main(*, out: Path, city: Path, master: str | None, progress: Callable[[str], None]) -> None:
    """Play the demo into a new folder.

    Raises:
        UsageError: the folder is not empty.
    """
    import click

    import simulation
    from kordon import chain, pipeline, report
    from kordon.cli import loaded_city, opened_lake
    from kordon.commands.approve import ready_to_release
    from kordon.commands.audit import gate
    from kordon.spark import session
    from publication.approval import approve
    from publication.release import build
    from quality.gate import judge

    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty: give a new folder with --out.")
    began = time.monotonic()
    loaded = loaded_city(city)
    ready_to_release(loaded, by="the demo", say=progress, folder=out / "policy")
    days = [FIRST_DAY + timedelta(days=n) for n in range(DAYS)]
    progress(f"Simulating {DAYS} days of {VEHICLES:,} vehicles in {loaded.name}")
    with ThreadPoolExecutor(1) as pool:
        # Java starts on the core that simulation leaves idle.
        started = pool.submit(session, master=master, quick=True)
        made = simulation.simulate(city=city, days=days, vehicles=VEHICLES, seed=SEED, out=out, progress=progress)
        started.result()
    progress(f"{made.reads:,} reads in {made.files} files")
    with opened_lake(str(out / "lake"), master=master, write=True) as lake:
        summary = pipeline.execute(
            spark=lake.spark,
            lake=lake,
            city=loaded,
            keystore=out / "keys",
            wanted=days,
            landing=out / "landing",
            steps=chain.between_steps(None, None),
            judge=judge,
            override=None,
            progress=progress,
        )
        report.show_run(summary, lake, as_json=False)
        staged = build(
            lake=lake,
            city=loaded,
            days=days,
            out=out / "releases",
            created_at=datetime.now(UTC).replace(microsecond=0),
            approvals=out / "policy",
            audit=gate,
        )
        release = approve(
            staged.path, lake=out / "lake", city=loaded, by="the demo", role="demonstration", approvals=out / "policy"
        )
        report.show_release(staged, published=release, as_json=False)
        numbers = first_numbers(lake, loaded, days)
    click.echo("\nWhat an analyst asks first (exact counts, closed tier):")
    for question, answer in numbers:
        click.echo(f"  {question:<45} {answer}")
    click.echo(f"\nThe release: {release.path / 'index.html'}")
    click.echo(f"The lake:    {out / 'lake'}   (kordon status --lake {out / 'lake'})")
    click.echo(f"{time.monotonic() - began:.0f} s in all")
