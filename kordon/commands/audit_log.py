"""``kordon audit-log``: show it, and prove that nobody changed it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kordon.cli import options, place
from kordon.errors import UsageError
from kordon.state import state_home

if TYPE_CHECKING:
    from kordon.audit_log import Log


@click.group()
def command() -> None:
    """The audit log of a keystore or a lake: who did what, when, under which purpose.

    \b
    Example:
      kordon audit-log verify --lake lake
    """


def _log(*, lake: str | None, keystore: Path | None, city: str | None) -> "Log":
    from kordon import audit_log

    if sum(given is not None for given in (lake, keystore, city)) != 1:
        raise UsageError(
            "Say which log: --lake URI for what happened to data, --keystore DIR or --city-id ID for what happened to keys."
        )
    if lake is not None:
        return audit_log.of_lake(place(lake))
    return audit_log.beside(keystore or state_home("keys", city or ""))


def _which(function: click.decorators.FC) -> click.decorators.FC:
    function = click.option("--city-id", "city", help="The id of a city whose keystore is where it is by default.")(function)
    function = click.option("--keystore", type=click.Path(path_type=Path), help="The folder of keys.")(function)
    return click.option("--lake", help="The lake: a folder or s3a://bucket/prefix.")(function)


@command.command()
@_which
@options("json")
@click.option("--head", help="A head that an earlier verify printed: it must still be there.")
def verify(lake: str | None, keystore: Path | None, city: str | None, as_json: bool, head: str | None) -> None:
    """Recompute the chain; exit 5 when an entry was changed, removed or put in.

    \b
    Example:
      kordon audit-log verify --lake lake --head 3f0c...
    """
    from kordon import audit_log

    log = _log(lake=lake, keystore=keystore, city=city)
    found = audit_log.verify(log, head=head)
    if as_json:
        click.echo(json.dumps({"log": str(log), **vars(found)}, indent=2))
        return
    torn = f"; a last line of {found.torn_bytes} bytes whose writer died" if found.torn_bytes else ""
    click.echo(f"{log}: {found.entries} entries, none changed{torn}\nhead {found.head}")


@command.command()
@_which
@click.option("--action", help="Only events of this kind, such as key_destroyed.")
def show(lake: str | None, keystore: Path | None, city: str | None, action: str | None) -> None:
    """Print the entries as JSON, one a line.

    \b
    Example:
      kordon audit-log show --lake lake --action retention
    """
    from kordon import audit_log

    for entry in audit_log.entries(_log(lake=lake, keystore=keystore, city=city)):
        if action in (None, entry["action"]):
            click.echo(json.dumps(entry, ensure_ascii=False, sort_keys=True))
