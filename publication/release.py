"""A release of the shared tier: product cells in, a staged folder out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import kordon
from kordon.days import Day
from kordon.errors import ConfigError, PrivacyError, UsageError
from privacy.day_relations import crossings
from privacy.disclosure import disclose, later_report
from privacy.governance.policy import require_approved
from publication import later, shared, versions
from publication.cells import tables
from publication.complete_days import consecutive, described, overridden, refuse_incomplete
from publication.datapackage import AUDITED, TRIAL
from publication.page import page
from publication.products import OD_MONTH_HOUR, Product, chosen
from publication.published import publish_all
from publication.shared import Audit, Content
from publication.statement import Point, statement
from publication.summary import summary

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.lake import Lake


SUBJECT = ("traffic from number plate cameras", "verkeer uit nummerplaatcamera's")
DESCRIPTION = (
    "Counts of crossings, trips, visits and through traffic. Small numbers are not shown: see status.",
    "Tellingen van passages, ritten, bezoeken en doorgaand verkeer. Kleine aantallen zijn niet getoond: zie status.",
)


@dataclass(frozen=True)
class Release:
    """A release and what became of its rows.

    Attributes:
        path: the staged folder; that of the newest version when this already holds the same data.
        is_new: whether it is staged.
        report: per product, how many rows are shown and hidden, and the share of its count that is shown.
        summary: the main numbers, from published rows alone.
    """

    path: Path
    version: int
    is_new: bool
    report: dict[str, dict[str, int | float | None]]
    summary: dict[str, Any] = field(default_factory=dict)


def build(
    *,
    lake: "Lake",
    city: "City",
    days: list[date],
    out: Path,
    created_at: datetime,
    approvals: Path | None = None,
    audit: Audit | None = None,
) -> Release:
    """Stage a release of some complete days of a lake.

    Args:
        days: consecutive service days.
        out: the folder of all releases, to which this one goes when it is approved.
        created_at: the instant of the release, with offset.
        approvals: the folder of approvals of the city's policy, when it is not the default one.
        audit: see :func:`assemble`.

    Raises:
        ConfigError: the policy is not approved, the city publishes no product of days, a day is not complete, or a release of another
            period covers one of the days.
        PrivacyError: an attack of the audit gets through.
    """
    policy = require_approved(city, approvals).hash
    wanted = consecutive(days)
    products = products_of(city)
    of_lake = refuse_incomplete(lake, days=wanted, city=city)
    versions.refuse_overlap(out / f"{city.id}-shared", first=wanted[0], last=wanted[-1])
    return assemble(
        cells={product.name: lake.read_whole(product.cells, wanted).toPandas() for product in products},
        city=city,
        days=wanted,
        lake=lake.uri,
        out=out,
        policy=policy,
        created_at=created_at,
        said=error_statement(lake, city=city, days=wanted),
        audit=audit,
        runs=[of_lake[day] for day in wanted],
        overrides=overridden(lake, days=wanted),
    )


def assemble(
    *,
    cells: Mapping[str, pd.DataFrame],
    city: "City",
    days: list[date],
    lake: str | Path,
    out: Path,
    policy: str,
    created_at: datetime,
    said: list[Point],
    runs: list[Day] | None = None,
    overrides: list[str] | None = None,
    audit: Audit | None = None,
) -> Release:
    """Stage a release of product cells that are already in memory; nothing here needs Spark.

    Args:
        cells: per product the rows of its cell table; those that the city does not publish are not looked at.
        lake: the folder in whose staging area it goes.
        policy: hash of the policy that is in force.
        said: the error statement.
        runs: what ``ops_day`` says of the days.
        overrides: quality rules that were let through on these days.
        audit: attacks the finished folder, given the versions that are out already, and raises when something gets through: then
            nothing is staged and no file stays. Without it the release is a trial.

    Raises:
        UsageError: the days are not consecutive.
        ConfigError: cells do not fit the city folder, or a release of another period covers one of the days.
        PrivacyError: a row that is hidden would show a value, or an attack of the audit gets through.
    """
    wanted = consecutive(days)
    if created_at.tzinfo is None:
        raise UsageError("The instant of a release needs an offset.")
    series = out / f"{city.id}-shared"
    versions.refuse_overlap(series, first=wanted[0], last=wanted[-1])
    period = series / versions.period_name(wanted[0], wanted[-1])
    newest = versions.latest(period)
    products = products_of(city)
    true = tables({product.name: cells[product.name] for product in products}, city=city, days=wanted)
    earlier = later.before(newest[1], lake=lake, true=true) if newest else None
    gates = [(gate.cordon_id, gate.gate_id, gate.site_id, gate.direction) for gate in city.gates]
    zone_of = {site.site_id: site.zone_id for site in city.sites}
    decided = disclose(
        true,
        gates=gates,
        zone_of=zone_of,
        k=city.sdc.k,
        k_travel_time=city.sdc.k_travel_time,
        most_of_one=city.sdc.dominance_one_pct / 100,
        most_of_two=city.sdc.dominance_two_pct / 100,
        hidden_before=earlier.hidden() if earlier else None,
    )
    rows, report = publish_all(true, status=decided.status), decided.report
    rests_on = later.exact_of(true)
    if earlier:
        rows, rests_on = later.succeed(earlier, rows=rows, true=true, known=crossings(gates), zone_of=zone_of, k=city.sdc.k)
        report = later_report(true, {product: table["status"] for product, table in rows.items()})
    _refuse_values_of_hidden_rows(rows)
    numbers = summary(rows, cordons=city.cordons)
    about: dict[str, Any] = {
        "status": AUDITED if audit else TRIAL,
        "tier": "shared",
        "city": city.id,
        "period": {"first_day": str(wanted[0]), "last_day": str(wanted[-1])},
        "k": city.sdc.k,
        "config_hash": city.config_hash,
        "code_version": kordon.__version__,
        "runs": [described(run) for run in runs or []],
        "overrides": overrides or [],
        "suppression": report,
        "summary": numbers,
        "statement": [asdict(point) for point in said],
    }

    staged = shared.stage(
        Content(
            products=products,
            rows=rows,
            rests_on=rests_on,
            about=about,
            subject=SUBJECT,
            description=DESCRIPTION,
            page=lambda package: page(city=city, package=package, published=rows),
        ),
        series=series.name,
        days=wanted,
        city=city,
        lake=lake,
        out=out,
        policy=policy,
        created_at=created_at,
        audit=audit,
        also=versions.covering(out / f"{series.name}-{OD_MONTH_HOUR.name}", first=wanted[0], last=wanted[-1]),
    )
    if staged is None:
        assert newest is not None
        return Release(newest[1], newest[0], False, report, numbers)
    return Release(staged.folder, staged.terms.version, True, report, numbers)


def error_statement(lake: "Lake", *, city: "City", days: list[date]) -> list[Point]:
    """What the figures of some days rest on, from the lake."""
    from pyspark.sql import functions as F

    cameras = lake.read_whole("core_camera_hour", days).agg(F.count("*").alias("hours"), F.sum("down_s").alias("down_s"))
    return statement(
        detection=lake.read_whole("core_detection", days).select("site_id", "q").toPandas(),
        cameras=cameras.toPandas(),
        through=lake.read_whole("flow_through_day", days).toPandas(),
        city=city,
    )


def products_of(city: "City") -> tuple[Product, ...]:
    """The products that a city publishes of days in the shared tier.

    Raises:
        ConfigError: there is none.
    """
    names = city.publication.products.shared
    found = chosen(names)
    if not found:
        raise ConfigError(
            f"{city.name} publishes no product of days in the shared tier: see products.shared in [publication] of city.toml, which "
            f"says {', '.join(names) or 'none'}."
        )
    return found


def _refuse_values_of_hidden_rows(rows: Mapping[str, pd.DataFrame]) -> None:
    """The one gate before anything is written: whatever happened before, a hidden row shows nothing."""
    for product in chosen(rows):
        table = rows[product.name]
        hidden = table[~table["status"].isin(["ok", "partial"])]
        if hidden[product.measure_names].notna().any(axis=None):
            raise PrivacyError(f"A hidden row of {product.name} has a value: nothing was published. This is a bug, report it.")
