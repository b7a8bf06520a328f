"""``kordon check-city``: what is wrong with a city folder, and what its profiles make of real files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kordon.cli import LandingPlace, options
from kordon.errors import ConfigError

if TYPE_CHECKING:
    from kordon.delivered import Landing


@click.command()
@options("city", "master")
@click.option("--landing", type=LandingPlace(), help="Also show what the profiles make of these files.")
def command(city: Path, master: str | None, landing: "Landing | None") -> None:
    """Check a city folder; with --landing, what its profiles make of the first lines (never a plate).

    \b
    Example:
      kordon check-city --city cities/vliet --landing landing
    """
    from kordon import report
    from kordon.city import check, load
    from kordon.city.report import render

    problems = check(city)
    errors = [p for p in problems if p.severity == "error"]
    loaded = None if errors else load(city)
    click.echo(render(problems, loaded))
    if errors or loaded is None:
        raise ConfigError(f"{city} has {len(errors)} errors: mend them, then check again.")
    if landing is not None:
        from jobs.suppliers.preview import preview
        from kordon import objects
        from kordon.spark import session

        spark = session(master=master, quick=True, store=objects.is_remote(landing))
        try:
            report.show_preview(preview(spark=spark, city=loaded, landing=landing.absolute()))
        finally:
            spark.stop()
