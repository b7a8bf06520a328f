"""``kordon retention``: what is past its time goes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kordon.cli import LandingPlace, loaded_city, opened_lake, options, place
from kordon.errors import TryAgain
from kordon.state import state_home

if TYPE_CHECKING:
    from kordon.delivered import Landing


@click.command()
@options("city", "lake", "keystore", "master", "json")
@click.option("--landing", type=LandingPlace(exists=True), help="Also delete loaded supplier files.")
def command(city: Path, lake: str, keystore: Path | None, master: str | None, as_json: bool, landing: "Landing | None") -> None:
    """Delete what is past its retention, old versions included: keys, plates, vehicles, old figures.

    Without --landing the suppliers' files stay: they hold plates, and are deleted by somebody else.

    \b
    Example:
      kordon retention --city cities/vliet --lake lake --landing landing
    """
    from datetime import UTC, datetime

    from kordon import audit_log, days, report
    from kordon.retention import apply, years_before
    from privacy.key_life import KeyLife
    from privacy.keys import Keystore
    from publication import staging
    from publication.approval import purpose_of

    loaded, now = loaded_city(city), datetime.now(UTC)
    store = Keystore(keystore or state_home("keys", loaded.id))
    life = KeyLife(loaded.zone_info, loaded.keys.grace_hours)
    with opened_lake(lake, master=master, write=True) as opened:
        keys = store.destroy_due(loaded.id, life=life, now=now, by=audit_log.account())
        closed = days.close(opened, store.destroyed_days(loaded.id), metadata={"reason": "key destroyed"})
        done = apply(lake=opened, city=loaded, now=now, landing=landing)
        done.closed = sorted({*closed, *done.closed})
        limit = years_before(now, loaded.retention.flow_years)
        forgotten = staging.forget(place(lake), before=limit, now=now)
        if forgotten:
            log = audit_log.of_lake(lake)
            audit_log.append(log, action="basis_deleted", purpose=purpose_of(loaded), now=now, staged=forgotten)
        report.show_retention(done, keys=[record.period for record in keys], as_json=as_json)
    if done.left:
        named = ", ".join(str(day) for day in done.spared)
        raise TryAgain(
            f"{len(done.left)} files are past their retention and still there. A run on {named} died, and the last whole state of "
            "these days lives in the same old versions: run those days again, then retention."
        )
