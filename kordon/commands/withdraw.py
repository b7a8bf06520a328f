"""``kordon withdraw``: the files of a published release go, and a page stays that says why."""

from pathlib import Path

import click

from kordon.cli import ReleasePlace, loaded_city, options, place


@click.command()
@click.argument("release", type=ReleasePlace())
@options("city", "lake", "json")
@click.option("--by", required=True, metavar="NAME", help="Who decides it.")
@click.option("--role", required=True, metavar="ROLE", help="In which role.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; everybody reads it on the page that stays.")
def command(release: Path, city: Path, lake: str, as_json: bool, by: str, role: str, reason: str) -> None:
    """Withdraw a published version: delete its files at once, and leave a page that says that it was there and why it went.

    The number stays taken, and what an open release cost stays spent. A run that was killed is finished by the same command.

    \b
    Example:
      kordon withdraw releases/vliet-shared/2026-03-10/v1 --by "An Peeters" --role "privacy officer" \\
          --reason "A gate stood on the wrong street." --city cities/vliet --lake lake
      kordon withdraw s3a://vliet-open/releases/vliet-open-od_day/2026-03-10/v1 --by "An Peeters" --role "privacy officer" \\
          --reason "A gate stood on the wrong street." --city cities/vliet --lake 's3a://vliet-{zone}/lake'
    """
    from kordon import report
    from publication.withdrawal import withdraw

    done = withdraw(release, lake=place(lake), city=loaded_city(city), by=by, role=role, reason=reason)
    report.show_withdrawn(done, as_json=as_json)
