"""``kordon simulate``: supplier files of an invented traffic, and the truth beside them."""

from datetime import date
from pathlib import Path

import click

from kordon.cli import Days, options
from kordon.log import say


@click.command()
@options("city", "quiet")
@click.option("--days", type=Days(), required=True, help="Service days to simulate, inclusive; or one day.")
@click.option("--vehicles", type=click.IntRange(min=1), required=True, help="Vehicles on the road on a day.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for landing/ and truth/.")
def command(city: Path, quiet: bool, days: list[date], vehicles: int, seed: int, out: Path) -> None:
    """Make supplier files of an invented traffic, and the truth beside them.

    \b
    Example:
      kordon simulate --city cities/vliet --days 2026-03-10..2026-03-12 --vehicles 15000 --seed 1 --out vliet
    """
    import simulation

    summary = simulation.simulate(city=city, days=days, vehicles=vehicles, seed=seed, out=out, progress=None if quiet else say)
    click.echo(f"{summary.reads:,} reads of {summary.vehicles:,} vehicles in {summary.files} files: {out / 'landing'}")
