"""``kordon rights``: a person's request about one plate."""

import getpass
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kordon.cli import LandingPlace, loaded_city, opened_lake, options
from kordon.errors import UsageError
from kordon.log import say
from kordon.state import state_home

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.delivered import Landing
    from privacy.rights import Found, Subject

LONGEST_PLATE = 64

ARTICLE_11 = {
    "en": "Of {days} the key is destroyed. Nobody, the controller included, can tell any more which rows of vehicles belong to a plate. "
    "The controller need not keep or obtain more data only to be able to (GDPR article 11(1)); articles 15 to 20 do not apply to "
    "these rows (article 11(2)).",
    "nl": "Van {days} is de sleutel vernietigd. Niemand, ook de verwerkingsverantwoordelijke niet, kan nog zeggen welke rijen bij een "
    "nummerplaat horen. Alleen daarvoor hoeft de verantwoordelijke geen gegevens te bewaren of te verkrijgen (AVG artikel 11, lid 1); "
    "de artikelen 15 tot en met 20 gelden niet voor deze rijen (artikel 11, lid 2).",
}


class Discreet(click.Group):
    """A group that never prints what was given in place of a command: it may be a plate."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands:
            raise UsageError("The commands are find and erase. A plate comes on standard input, where nobody else reads along.")
        return super().get_command(ctx, cmd_name)


@click.group(cls=Discreet)
def command() -> None:
    """A person's request: the plate comes on standard input, and nowhere else.

    \b
    Example:
      kordon rights find --city cities/vliet --lake lake --by "An Peeters" < request.txt
    """


def _request(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of both commands. What stands after them is caught here, as click would print it."""
    added = [
        options("city", "lake", "keystore", "kek", "master", "json"),
        click.option("--by", required=True, help="Who answers the request."),
        click.option("--country", help="Country of the plate, ISO 3166 alpha-2 [default: the city's]."),
        click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar=""),
    ]
    for add in reversed(added):
        function = add(function)
    return function


CATCH = {"ignore_unknown_options": True}


@command.command(context_settings=CATCH)
@_request
def find(more: tuple[str, ...], **given: Any) -> None:
    """Count the rows that belong to the plate, by table and day.

    \b
    Example:
      kordon rights find --city cities/vliet --lake lake --by "An Peeters" < request.txt
    """
    _answer(more, landing=None, is_erasure=False, **given)


@command.command(context_settings=CATCH)
@_request
@click.option("--landing", type=LandingPlace(exists=True), help="Delete loaded files with its lines too.")
def erase(more: tuple[str, ...], landing: "Landing | None", **given: Any) -> None:
    """Erase the rows that belong to the plate, old versions included; the days become stale.

    \b
    Example:
      kordon rights erase --city cities/vliet --lake lake --landing landing --by "An Peeters" < request.txt
    """
    _answer(more, landing=landing, is_erasure=True, **given)


def _plate(more: tuple[str, ...]) -> str:
    """The plate from standard input, or from a terminal that does not show it.

    Raises:
        UsageError: there is none, or something was given as an argument, which other processes and the shell's history have seen.
    """
    if more:
        raise UsageError("Nothing stands after the options: the plate comes on standard input, where nobody else reads along.")
    text = getpass.getpass("Plate (not shown): ") if sys.stdin.isatty() else sys.stdin.readline(LONGEST_PLATE + 1)
    if not text.strip() or len(text.rstrip("\r\n")) > LONGEST_PLATE:
        raise UsageError("There is no plate on standard input: write it on the first line.")
    return text.strip()


def _subject(plate: str, *, city: "City", country: str | None) -> "Subject":
    from jobs.plates.syntax import normalised, normalised_text
    from privacy.rights import Subject

    if country and not (len(country) == 2 and country.isalpha() and country.isupper()):
        raise UsageError("--country is an ISO 3166 alpha-2 code, such as BE.")
    plates = {normalised_text(plate)} | ({plate} if any(s.plate_kind == "tag" for s in city.sources) else set())
    if not any(plates):
        raise UsageError("What stands on standard input has no letter and no digit: it is no plate.")
    return Subject(frozenset(plates - {""}), frozenset({country or city.country, ""}), normalised)


def _answer(
    more: tuple[str, ...],
    *,
    city: Path,
    lake: str,
    keystore: Path | None,
    kek: Path | None,
    master: str | None,
    as_json: bool,
    by: str,
    country: str | None,
    landing: "Landing | None",
    is_erasure: bool,
) -> None:
    from kordon import audit_log
    from privacy import rights
    from privacy.keys import Keystore

    loaded = loaded_city(city)
    subject = _subject(_plate(more), city=loaded, country=country)
    store = Keystore(keystore or state_home("keys", loaded.id), kek=kek)
    records = store.living(loaded.id)
    keys = [store.opened(record) for record in records]
    purpose = "a person's rights, GDPR articles 15 to 22"
    with opened_lake(lake, master=master, write=is_erasure) as opened:
        store.log_read(keys, run_id="rights")
        gone = rights.unlinkable_days(opened, living=[(record.first_day, record.last_day) for record in records])
        files: list[str] = []
        deleted: list[str] = []
        if is_erasure:
            found, files = rights.erase(opened, subject=subject, keys=keys, by=by, purpose=purpose)
            deleted = _delete(opened, landing, files) if landing else []
        else:
            found = rights.find(opened, subject=subject, keys=keys)
            audit_log.append(
                audit_log.of_lake(opened.uri),
                action="request_answered",
                purpose=purpose,
                by=by,
                rows=sum(one.rows for one in found),
                article_11_days=[str(day) for day in gone],
            )
    left = [file for file in files if file not in deleted]
    _show(found, gone=gone, languages=loaded.languages, left=left, deleted=deleted, is_erasure=is_erasure, as_json=as_json)


def _delete(lake: Any, landing: "Landing", files: list[str]) -> list[str]:
    from datetime import UTC, datetime

    from kordon.landing_files import delete_loaded

    return delete_loaded(lake, landing=landing, before=datetime.now(UTC), only=files).deleted


def _show(
    found: "list[Found]",
    *,
    gone: list[date],
    languages: tuple[str, ...],
    left: list[str],
    deleted: list[str],
    is_erasure: bool,
    as_json: bool,
) -> None:
    span = f"{gone[0]}..{gone[-1]}" if len(gone) > 1 else str(gone[0]) if gone else ""
    answers = (
        {tongue: text.format(days=span) for tongue, text in ARTICLE_11.items() if tongue in (*languages, "en")} if gone else {}
    )
    if as_json:
        rows = [asdict(one) for one in found]
        content = {
            "erased" if is_erasure else "found": rows,
            "article_11_days": gone,
            "article_11": answers,
            "landing_left": left,
        }
        click.echo(json.dumps({**content, "landing_deleted": deleted}, default=str, indent=2, ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one.service_day}  {one.table:<16} {one.rows:>7,} rows {'erased' if is_erasure else ''}".rstrip())
    if not found:
        click.echo("No row belongs to this plate, as far as anybody can tell.")
    for answer in answers.values():
        click.echo(f"\n{answer}")
    if left:
        say(f"Landing files with its lines are still there: {', '.join(left)}. Give --landing DIR, or delete them.")
    if is_erasure and found:
        say("The days that can still be computed are stale: `kordon run --stale` makes their figures without it.")
