"""``kordon run``: the pipeline for some service days."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kordon.cli import LandingPlace, is_little, loaded_city, opened_lake, options, silent
from kordon.errors import UsageError
from kordon.log import say
from kordon.state import state_home

if TYPE_CHECKING:
    from kordon.delivered import Landing


@click.command()
@options("city", "lake", "days", "keystore", "kek", "master", "json", "quiet")
@click.option("--landing", type=LandingPlace(), help="The suppliers' files, a folder a source; for ingest.")
@click.option("--from", "first", metavar="STEP", help="Start at this step.")
@click.option("--to", "last", metavar="STEP", help="End with this step.")
@click.option("--stale", is_flag=True, help="Recompute the days whose input changed, in order.")
@click.option("--override", metavar="RULE", help="Let a blocking quality rule (table.check.entity) through.")
@click.option("--reason", help="Why it is let through.")
@click.option("--by", help="Who lets it through.")
def command(
    city: Path,
    lake: str,
    days: list[date] | None,
    keystore: Path | None,
    kek: Path | None,
    master: str | None,
    as_json: bool,
    quiet: bool,
    landing: "Landing | None",
    first: str | None,
    last: str | None,
    stale: bool,
    override: str | None,
    reason: str | None,
    by: str | None,
) -> None:
    """Run the pipeline for some service days; idempotent.

    \b
    Example:
      kordon run --city cities/vliet --landing landing --lake lake --days 2026-03-10..2026-03-12
    """
    from kordon import chain, pipeline, report
    from kordon.run import Override
    from privacy.keys import Keystore
    from quality.gate import judge

    if (days is None) == (not stale):
        raise UsageError("Say which days: --days A..B, or --stale for those whose input changed.")
    if override and not (reason and by):
        raise UsageError("An override needs --reason TEXT and --by NAME: both are shown in releases.")
    loaded = loaded_city(city)
    steps = chain.between_steps(first, last)
    if steps[0].name == "ingest" and landing is None:
        raise UsageError("The step ingest needs --landing DIR; or start later with --from.")
    folder = keystore or state_home("keys", loaded.id)
    # Before Spark starts: a keystore that others can read is refused at once.
    destroyed = Keystore(folder, kek=kek).destroyed_days(loaded.id)
    with opened_lake(lake, master=master, write=True, quick=is_little(landing), landing=landing) as opened:
        summary = pipeline.execute(
            spark=opened.spark,
            lake=opened,
            city=loaded,
            keystore=folder,
            kek=kek,
            destroyed=destroyed,
            wanted=days,
            landing=landing.absolute() if landing else None,
            steps=steps,
            judge=judge,
            override=Override(override, reason or "", by or "") if override else None,
            progress=silent if quiet else say,
        )
        report.show_run(summary, opened, as_json=as_json)
