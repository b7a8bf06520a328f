"""``kordon release``: build a release of complete days, attack it, and stage it for somebody to approve."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kordon.cli import loaded_city, opened_lake, options, place
from kordon.commands.approve import publish, ready_to_release
from kordon.errors import UsageError
from kordon.log import say
from kordon.state import working_copy

if TYPE_CHECKING:
    from kordon.city import City

MONTH = "od_month_hour"
"""The dataset of the shared tier that is of a calendar month."""
WHO_RELEASES = "whoever released it"
"""The role in which ``--approve-as`` approves."""


@click.command()
@options("city", "lake", "period", "master", "json")
@click.option("--tier", type=click.Choice(["shared", "open"]), default="shared", show_default=True, help="Who may receive it.")
@click.option("--dataset", metavar="NAME", help="This one only [default: all of the period's unit; shared: all of days].")
@click.option("--correction", metavar="REASON", help="Of the open tier: replace what is published, from the reserve for it.")
@click.option(
    "--out", metavar="URI", required=True, help="Where it is published once approved: a folder, or s3a://bucket/prefix."
)
@click.option("--approve-as", metavar="NAME", help="Approve it at once, in this name, and publish it.")
def command(
    city: Path,
    lake: str,
    period: list[date],
    master: str | None,
    as_json: bool,
    tier: str,
    dataset: str | None,
    correction: str | None,
    out: str,
    approve_as: str | None,
) -> None:
    """Stage a release of complete days below LAKE/staging, unless an attack on it gets through.

    Nobody but its owner reads the staging area. `kordon approve` publishes what is staged. In --out, {zone} stands for the tier, so that
    each has its bucket. Of the open tier a plan is staged: cells, noise and price; the noise is drawn, once, when it is approved. Its
    period is one service day, or a calendar month. Of the shared tier, od_month_hour is of a calendar month: release it after the days
    of that month.

    \b
    Example:
      kordon release --city cities/vliet --lake lake --period 2026-03-10..2026-03-12 --out releases
      kordon release --city cities/vliet --lake lake --period 2026-03-10 --tier open --dataset od_day --out releases
      kordon release --city cities/vliet --lake lake --period 2026-03-01..2026-03-31 --dataset od_month_hour --out releases
      kordon release --city cities/vliet --lake 's3a://vliet-{zone}/lake' --period 2026-03-10 --out 's3a://vliet-{zone}/releases'
    """
    if tier == "shared" and correction is not None:
        raise UsageError("--correction is of the open tier: a shared release is versioned.")
    if tier == "shared" and dataset not in (None, MONTH):
        raise UsageError(
            f"--dataset {dataset}: of the shared tier only {MONTH} stands alone; without --dataset a release has all of days."
        )
    if correction is not None and not correction.strip():
        raise UsageError("--correction REASON: say why what is published is replaced; it is shown in the release.")
    loaded = loaded_city(city)
    if approve_as:
        ready_to_release(loaded, by=approve_as, say=say)
    releases = _fetched(out, tier=tier)
    if tier == "shared":
        _shared(loaded, lake, period, out=releases, master=master, approve_as=approve_as, as_json=as_json, dataset=dataset)
    else:
        _open(
            loaded,
            lake,
            period,
            out=releases,
            master=master,
            approve_as=approve_as,
            as_json=as_json,
            dataset=dataset,
            correction=correction,
        )


def _fetched(out: str, *, tier: str) -> Path:
    """The folder of all releases; of a place in a store its working copy, as the store is now."""
    from kordon import objects
    from publication import in_store

    folder = working_copy(objects.at(out, tier))
    in_store.fetch(folder)
    return folder


def _shared(
    city: "City",
    lake: str,
    period: list[date],
    *,
    out: Path,
    master: str | None,
    approve_as: str | None,
    as_json: bool,
    dataset: str | None,
) -> None:
    from kordon import report
    from kordon.commands.audit import gate
    from publication.month import build_month
    from publication.release import build

    make = build_month if dataset == MONTH else build
    with opened_lake(lake, master=master, write=False) as opened:
        made = make(lake=opened, city=city, days=period, out=out, created_at=_now(), audit=gate)
    published = (
        publish(made.path, lake=lake, city=city, by=approve_as, role=WHO_RELEASES, master=master)
        if approve_as and made.is_new
        else None
    )
    report.show_release(made, published=published, as_json=as_json)


def _open(
    city: "City",
    lake: str,
    period: list[date],
    *,
    out: Path,
    master: str | None,
    approve_as: str | None,
    as_json: bool,
    dataset: str | None,
    correction: str | None,
) -> None:
    from kordon import report
    from kordon.commands.audit import gate
    from privacy.governance.policy import require_approved
    from publication.open_plan import THROUGH, datasets_of, ledger_of, stage_from_lake
    from publication.open_through import stage_through

    terms: dict[str, Any] = {
        "city": city,
        "days": period,
        "out": out,
        "policy": require_approved(city).hash,
        "created_at": _now(),
    }
    wanted = datasets_of(period, city=city, dataset=dataset)
    if wanted == [THROUGH]:
        planned = [stage_through(lake=place(lake), ledger=ledger_of(city, out=out), attack=gate, **terms)]
    else:
        with opened_lake(lake, master=master, write=False) as opened:
            planned = [stage_from_lake(lake=opened, dataset=name, correction=correction, **terms) for name in wanted]
    published = [
        publish(one.path, lake=lake, city=city, by=approve_as, role=WHO_RELEASES, master=master)
        if approve_as and one.is_new
        else None
        for one in planned
    ]
    report.show_plans(planned, published=published, as_json=as_json)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
