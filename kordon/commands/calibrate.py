"""``kordon calibrate``: the snapshots that later days look back on."""

import json
from datetime import date
from pathlib import Path

import click

from kordon.cli import loaded_city, opened_lake, options
from kordon.errors import ConfigError


@click.command()
@options("city", "lake", "period", "master", "json")
def command(city: Path, lake: str, period: list[date], master: str | None, as_json: bool) -> None:
    """Learn from the complete days of a period what later days look back on: q over all of them together.

    Days after the period use it from their first run on; days that were computed before stay as they are.

    \b
    Example:
      kordon calibrate --city cities/vliet --lake lake --period 2026-03-01..2026-03-28
    """
    from jobs.calibration import pooled_q
    from kordon import report

    loaded = loaded_city(city)
    with opened_lake(lake, master=master, write=True) as opened:
        made = pooled_q(opened, city=loaded, days=period)
    if made is None:
        raise ConfigError(f"No day from {period[0]} to {period[-1]} is complete: `kordon status --lake {lake}` says why.")
    by_method = made.rows.groupby("method").agg(cells=("q", "size"), sites=("site_id", "nunique"), q=("q", "median"))
    if as_json:
        click.echo(json.dumps({"snapshot": made.number, "days": len(made.days), **by_method.to_dict("index")}))
        return
    rows = [[method, row.sites, row.cells, "-" if row.q is None else float(row.q)] for method, row in by_method.iterrows()]
    report.show(
        report.grid(
            f"{made.name} {made.number}, of {len(made.days)} complete days of {len(period)}",
            ["method", "sites", "cells", "median q"],
            rows,
        )
    )
