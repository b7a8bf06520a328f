"""``kordon evidence``: what waits for approval, and what to know before answering for it."""

import json
from datetime import date
from pathlib import Path

import click

from kordon.cli import Days, loaded_city, options, place
from kordon.state import uri_of


@click.command()
@click.argument("release", nargs=-1)
@options("city", "lake", "json")
@click.option("--period", type=Days(), help="What waits of these service days, or of this one.")
@click.option("--tier", type=click.Choice(["shared", "open"]), help="What waits of this tier.")
@click.option("--dataset", metavar="NAME", help="What waits of this dataset, if `kordon release --dataset` knows it.")
def command(
    release: tuple[str, ...],
    city: Path,
    lake: str,
    as_json: bool,
    period: list[date] | None,
    tier: str | None,
    dataset: str | None,
) -> None:
    """What an approver should read of each staged RELEASE, or of all that wait: as Markdown.

    Of a shared release what it hides and how it was attacked; of the open tier cells, noise and price.

    \b
    Example:
      kordon evidence --city cities/vliet --lake lake
      kordon evidence --city cities/vliet --lake lake --period 2026-03-01..2026-03-31 --tier open
    """
    from publication import staging
    from publication.evidence import evidence, waiting

    loaded_city(city)
    where = place(lake)
    if release:
        found = [staging.find(uri, lake=where).folder for uri in release]
    else:
        found = waiting(where, period=(period[0], period[-1]) if period else None, tier=tier, dataset=dataset)
    text = evidence(found)
    if as_json:
        waits = [{"name": folder.name, "path": uri_of(folder)} for folder in found]
        click.echo(json.dumps({"releases": waits, "evidence": text}, ensure_ascii=False, indent=2))
        return
    click.echo(text or "Nothing waits for approval.")
    for folder in found:
        click.echo(f"\nkordon approve {uri_of(folder)}")
