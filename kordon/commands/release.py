"""``kordon release``: build a release of complete days, attack it, and stage it for somebody to approve."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from kordon.cli import loaded_city, opened_lake, options, say
from kordon.commands.approve import ready_to_release

WHO_RELEASES = "whoever released it"
"""The role in which ``--approve-as`` approves."""


@click.command()
@options("city", "lake", "period", "master", "json")
@click.option("--tier", type=click.Choice(["shared"]), default="shared", show_default=True, help="Who may receive it.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where it is published once it is approved.")
@click.option("--approve-as", metavar="NAME", help="Approve it at once, in this name, and publish it.")
def command(
    city: Path, lake: str, period: list[date], master: str, as_json: bool, tier: str, out: Path, approve_as: str | None
) -> None:
    """Stage a release of complete days below LAKE/staging, unless an attack on it gets through.

    Nobody but its owner reads the staging area. `kordon approve` publishes what is staged.

    \b
    Example:
      kordon release --city cities/vliet --lake lake --period 2026-03-10..2026-03-12 --out releases
    """
    from kordon import report
    from kordon.commands.audit import gate
    from publication.approval import approve
    from publication.release import build

    loaded = loaded_city(city)
    if approve_as:
        ready_to_release(loaded, by=approve_as, say=say)
    with opened_lake(lake, master=master, write=False) as opened:
        made = build(
            lake=opened,
            city=loaded,
            days=period,
            out=out,
            created_at=datetime.now(UTC).replace(microsecond=0),
            audit=gate,
        )
    published = (
        approve(made.path, lake=Path(lake).absolute(), city=loaded, by=approve_as, role=WHO_RELEASES)
        if approve_as and made.is_new
        else None
    )
    report.show_release(made, published=published, as_json=as_json)
