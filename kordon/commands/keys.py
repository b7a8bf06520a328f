"""``kordon keys``: what lives, what is due, and the end of keys."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kordon.cli import loaded_city, opened_lake, options
from kordon.errors import UsageError
from kordon.log import say
from kordon.state import state_home

if TYPE_CHECKING:
    from kordon.city import City
    from privacy.key_folder import Record
    from privacy.key_life import KeyLife
    from privacy.keys import Keystore


@click.group()
def command() -> None:
    """Keys of pseudonyms: their state, new ones, their end.

    \b
    Example:
      kordon keys status --city cities/vliet
    """


def opened(city: Path, *, keystore: Path | None, kek: Path | None) -> "tuple[City, Keystore, KeyLife]":
    """A city, its keystore, and how long its keys live."""
    from privacy.key_life import KeyLife
    from privacy.keys import Keystore

    loaded = loaded_city(city)
    store = Keystore(keystore or state_home("keys", loaded.id), kek=kek)
    return loaded, store, KeyLife(loaded.zone_info, loaded.keys.grace_hours)


@command.command()
@options("city", "keystore", "json")
def status(city: Path, keystore: Path | None, as_json: bool) -> None:
    """The keys of a city: created, active, grace, destroyed.

    \b
    Example:
      kordon keys status --city cities/vliet
    """
    from kordon import audit_log

    loaded, store, life = opened(city, keystore=keystore, kek=None)
    rows = store.status(loaded.id, life=life, now=datetime.now(UTC))
    log = audit_log.verify(store.log)
    if as_json:
        content = {"keystore": store.store.folder, "audit_entries": log.entries, "audit_head": log.head, "keys": rows}
        click.echo(json.dumps(content, default=str, indent=2))
        return
    for row in rows:
        end = (
            f"destroyed {row['destroyed_at']:%Y-%m-%d %H:%M}"
            if row["destroyed_at"]
            else f"until {row['grace_until']:%Y-%m-%d %H:%M}"
        )
        due = "  due: `kordon keys destroy` or `kordon retention`" if row["is_due"] else ""
        click.echo(f"{row['period']:<12} {row['purpose']:<10} {row['key_id']}  {row['state']:<10} {end} UTC{due}")
    click.echo(f"{len(rows)} keys in {store.store.folder}; audit log of {log.entries} entries, head {log.head}")


@command.command()
@options("city", "keystore", "kek", "json")
@click.option(
    "--new-kek", type=click.Path(path_type=Path), help="Wrap every living key with the key in this file, made if absent."
)
def rotate(city: Path, keystore: Path | None, kek: Path | None, as_json: bool, new_kek: Path | None) -> None:
    """Make the keys of this period and the next; with --new-kek, wrap all living keys anew.

    Keys change by themselves with each period. A new key-encryption key makes every older copy of the keystore worthless.

    \b
    Example:
      kordon keys rotate --city cities/vliet --new-kek /run/secrets/kordon-kek-2
    """
    loaded, store, _ = opened(city, keystore=keystore, kek=kek)
    wrapped = store.renew_kek(new_kek) if new_kek else None
    if new_kek:
        _, store, _ = opened(city, keystore=keystore, kek=new_kek)
    now = datetime.now(UTC)
    periods = [_period(loaded, day) for day in (_today(loaded, now), _following(loaded, now)) if day is not None]
    ready = [store.key(city=loaded.id, period=p, first_day=first, last_day=last, now=now).period for p, first, last in periods]
    if as_json:
        click.echo(json.dumps({"periods": ready, "wrapped": wrapped}, indent=2))
        return
    if wrapped is not None:
        click.echo(f"{wrapped} keys are wrapped with {new_kek}: give it with --kek from now on, and destroy the old one.")
    click.echo(f"Keys are ready for {', '.join(ready) or 'no period: the survey is over'}.")


@command.command()
@options("city", "keystore", "master", "json")
@click.option("--period", "periods", multiple=True, help="Destroy the key of this period before its time, such as 2026-03-10.")
@click.option("--by", help="Who decides; with --period.")
@click.option("--reason", help="Why; with --period.")
@click.option("--lake", help="Close the days of the keys in this lake at once; else its next run does.")
def destroy(
    city: Path,
    keystore: Path | None,
    master: str | None,
    as_json: bool,
    periods: tuple[str, ...],
    by: str | None,
    reason: str | None,
    lake: str | None,
) -> None:
    """Destroy the keys whose grace is over, or those of some periods; their days become closed.

    \b
    Example:
      kordon keys destroy --city cities/vliet --lake lake
    """
    from kordon import audit_log

    loaded, store, life = opened(city, keystore=keystore, kek=None)
    now = datetime.now(UTC)
    if periods:
        if not (by and reason):
            raise UsageError(
                "A key is destroyed before its time in somebody's name and for a reason: give --by NAME and --reason TEXT."
            )
        destroyed = [_named(loaded, store, period) for period in periods]
        for record in destroyed:
            store.destroy(record, now=now, by=by, reason=reason)
    else:
        destroyed = store.destroy_due(loaded.id, life=life, now=now, by=by or audit_log.account())
    closed = _close(store.destroyed_days(loaded.id), lake=lake, master=master) if lake else None
    if as_json:
        content = {"destroyed": [record.period for record in destroyed], "closed": closed}
        click.echo(json.dumps(content, default=str, indent=2))
        return
    click.echo(f"Destroyed: {', '.join(record.period for record in destroyed) or 'nothing is due'}.")
    if closed is not None:
        click.echo(f"{len(closed)} days became closed.")
    elif destroyed:
        say("The lake was not named: its next run closes the days.")


def _close(days: set[date], *, lake: str, master: str | None) -> list[date]:
    from kordon.days import close

    with opened_lake(lake, master=master, write=True) as opened_:
        return close(opened_, days, metadata={"reason": "key destroyed"})


def _named(city: "City", store: "Keystore", period: str) -> "Record":
    """The living key of a period, or what stands for it when its file is damaged.

    Raises:
        UsageError: the period has no living key.
    """
    from kordon.errors import ConfigError
    from privacy.key_folder import Record
    from privacy.keys import PURPOSE

    try:
        found = store.store.find(city=city.id, purpose=PURPOSE, period=period)
    except ConfigError:
        label, first, last = _period(city, _first_day(city, period))
        return Record("damaged", city.id, PURPOSE, label, first, last, datetime.now(UTC).replace(microsecond=0))
    if not isinstance(found, Record):
        raise UsageError(f"{city.id} has no living key for '{period}': `kordon keys status` lists them.")
    return found


def _first_day(city: "City", period: str) -> date:
    """A day of the period with that label: ``2026-03-10``, ``2026-W11``, ``2026-03`` or ``survey``."""
    if period == "survey" and city.keys.first_day:
        return city.keys.first_day
    for text in (period, f"{period}-1", f"{period}-01"):
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    raise UsageError(f"'{period}' is no period of {city.id}: `kordon keys status` lists them.")


def _period(city: "City", day: date) -> tuple[str, date, date]:
    return city.key_period(day)


def _today(city: "City", now: datetime) -> date | None:
    day = (now.astimezone(city.zone_info) - timedelta(hours=4)).date()
    return day if _is_covered(city, day) else None


def _following(city: "City", now: datetime) -> date | None:
    """A day of the next period."""
    today = _today(city, now)
    day = city.key_period(today)[2] + timedelta(days=1) if today else None
    return day if day and _is_covered(city, day) else None


def _is_covered(city: "City", day: date) -> bool:
    first, last = city.keys.first_day, city.keys.last_day
    return first is None or last is None or first <= day <= last
