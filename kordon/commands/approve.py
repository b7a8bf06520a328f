"""``kordon approve``: somebody answers, by name, for what may leave."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kordon.cli import loaded_city, options

if TYPE_CHECKING:
    from kordon.city import City


class Approvals(click.Group):
    """``policy``, or else what is approved is a staged release."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in ("policy", *self.get_help_option_names(ctx)):
            args = ["release", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["policy"]


@click.group(cls=Approvals, subcommand_metavar="policy|RELEASE [OPTIONS]")
def command() -> None:
    """Approve what may leave, by name: a city's policy, or the release that `kordon release` staged, which is then published.

    Approving a release twice gives the version that is published. Options of a release: --by NAME --role ROLE --city DIR --lake URI.

    \b
    Example:
      kordon approve policy --city cities/vliet --by "An Peeters"
      kordon approve lake/staging/vliet-shared_2026-03-10_v1_1f0c4d2e9a7b3c58 --by "An Peeters" --role "privacy officer" \\
          --city cities/vliet --lake lake
    """


@command.command("release", hidden=True)
@click.argument("release")
@options("city", "lake", "json")
@click.option("--by", required=True, metavar="NAME", help="Who answers for it.")
@click.option("--role", required=True, metavar="ROLE", help="In which role.")
def staged_release(release: str, city: Path, lake: str, as_json: bool, by: str, role: str) -> None:
    """Publish a staged release.

    \b
    Example:
      kordon approve lake/staging/vliet-shared_2026-03-10_v1_1f0c4d2e9a7b3c58 --by "An Peeters" --role "privacy officer" \\
          --city cities/vliet --lake lake
    """
    from kordon import report
    from publication.approval import approve

    loaded = loaded_city(city)
    report.show_published(approve(release, lake=Path(lake).absolute(), city=loaded, by=by, role=role), as_json=as_json)


@command.command()
@options("city", "json")
@click.option("--by", required=True, metavar="NAME", help="Who answers for it.")
@click.option(
    "--approvals", type=click.Path(path_type=Path), help="The folder [default: $XDG_STATE_HOME/kordon/policy/<city>]."
)
def policy(city: Path, as_json: bool, by: str, approvals: Path | None) -> None:
    """Record that NAME approves purposes, legal basis, [sdc] and [dp] as city.toml states them now.

    The next release needs this whenever one of them has changed.

    \b
    Example:
      kordon approve policy --city cities/vliet --by "An Peeters"
    """
    from privacy.governance import policy as policies

    loaded = loaded_city(city)
    before = policies.latest(loaded, approvals)
    approval = policies.approve(loaded, by=by, folder=approvals)
    if as_json:
        click.echo(json.dumps(vars(approval), ensure_ascii=False, indent=2))
        return
    click.echo(f"{approval.by} approves the policy of {loaded.name}: {approval.hash}")
    for key, value in approval.policy.items():
        click.echo(f"  {key} = {json.dumps(value, ensure_ascii=False)}")
    changed = policies.changes(before, loaded) if before else []
    for line in changed:
        click.echo(f"  changed: {line}")
    click.echo(f"Recorded in {(approvals or policies.folder_of(loaded)) / policies.FILE}")


def ready_to_release(city: "City", *, by: str, say: Callable[[str], None], folder: Path | None = None) -> None:
    """See that a city's policy is approved; one that never was is approved by the name that its first release is made in, and said so.

    Raises:
        ConfigError: the policy changed since it was approved.
    """
    from privacy.governance import policy as policies

    if policies.latest(city, folder) is None:
        approval = policies.approve(city, by=by, folder=folder)
        say(
            f"First release of {city.name}: {approval.by} thereby approves its policy (purposes, legal basis, [sdc], [dp]), "
            f"{approval.hash[:12]}; a change of it will ask for `kordon approve policy`."
        )
    policies.require_approved(city, folder)
