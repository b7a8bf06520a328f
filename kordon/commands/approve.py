"""``kordon approve``: somebody answers, by name, for what may leave."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kordon.cli import loaded_city, opened_lake, options, place
from kordon.state import working_copy

if TYPE_CHECKING:
    import pandas as pd

    from kordon.city import City
    from publication.approval import Published


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
@options("city", "lake", "master", "json")
@click.option("--by", required=True, metavar="NAME", help="Who answers for it.")
@click.option("--role", required=True, metavar="ROLE", help="In which role.")
@click.option(
    "--new-cells", is_flag=True, help="Of the open tier: accept that its cells differ from those of the last release."
)
def staged_release(
    release: str, city: Path, lake: str, master: str | None, as_json: bool, by: str, role: str, new_cells: bool
) -> None:
    """Publish a staged release; of the open tier, pay for it and draw its noise first.

    \b
    Example:
      kordon approve lake/staging/vliet-shared_2026-03-10_v1_1f0c4d2e9a7b3c58 --by "An Peeters" --role "privacy officer" \\
          --city cities/vliet --lake lake
    """
    from kordon import report

    loaded = loaded_city(city)
    published = publish(release, lake=lake, city=loaded, by=by, role=role, master=master, new_cells=new_cells)
    report.show_published(published, as_json=as_json)


def publish(
    uri: str | Path, *, lake: str, city: "City", by: str, role: str, master: str | None, new_cells: bool = False
) -> "Published":
    """Approve a staged release and publish it; see :func:`publication.approval.approve`.

    Args:
        master: where the product cells of an open release are read.
        new_cells: see ``Ledger.reserve``.
    """
    from kordon.commands.audit import gate
    from publication import approval, staging
    from publication.open_draw import cells_of, draw_into
    from publication.open_plan import PLAN, ledger_of

    where = place(lake)

    def cells(table: str, runs: list[dict[str, str]]) -> "pd.DataFrame":
        with opened_lake(lake, master=master, write=False) as opened:
            return cells_of(opened, city=city, table=table, runs=runs)

    def drawn(staged: staging.Staged, work: Path) -> dict[str, Any]:
        ledger = ledger_of(city, out=working_copy(staged.terms.out))
        return draw_into(staged, work, city=city, ledger=ledger, cells=cells, attack=gate, new_cells=new_cells)

    is_to_be_drawn = (staging.find(uri, lake=where).files / PLAN).is_file()
    return approval.approve(uri, lake=where, city=city, by=by, role=role, fill=drawn if is_to_be_drawn else None)


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
