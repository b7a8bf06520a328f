"""A release of the shared tier: product cells in, a staged folder out."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import kordon
from kordon.days import Day
from kordon.errors import PrivacyError, UsageError
from privacy.disclosure import disclose
from privacy.governance.policy import require_approved
from publication import files, staging, versions
from publication.approval import purpose_of
from publication.cells import tables
from publication.complete_days import consecutive, described, overridden, refuse_incomplete
from publication.datapackage import AUDITED, TRIAL, data_package
from publication.page import page
from publication.products import PRODUCTS
from publication.published import publish_all
from publication.staging import Terms
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
    audit: Callable[[Path, list[Path]], None] | None = None,
) -> Release:
    """Stage a release of some complete days of a lake.

    Args:
        days: consecutive service days.
        out: the folder of all releases, to which this one goes when it is approved.
        created_at: the instant of the release, with offset.
        approvals: the folder of approvals of the city's policy, when it is not the default one.
        audit: see :func:`assemble`.

    Raises:
        ConfigError: the policy is not approved, a day is not complete, or a release of another period covers one of the days.
        PrivacyError: an attack of the audit gets through.
    """
    policy = require_approved(city, approvals).hash
    wanted = consecutive(days)
    of_lake = refuse_incomplete(lake, days=wanted, city=city)
    versions.refuse_overlap(out / f"{city.id}-shared", first=wanted[0], last=wanted[-1])
    return assemble(
        cells={product.name: lake.read_whole(product.cells, wanted).toPandas() for product in PRODUCTS},
        city=city,
        days=wanted,
        lake=Path(lake.uri),
        out=out,
        policy=policy,
        created_at=created_at,
        said=_statement(lake, city=city, days=wanted),
        audit=audit,
        runs=[of_lake[day] for day in wanted],
        overrides=overridden(lake, days=wanted),
    )


def assemble(
    *,
    cells: Mapping[str, pd.DataFrame],
    city: "City",
    days: list[date],
    lake: Path,
    out: Path,
    policy: str,
    created_at: datetime,
    said: list[Point],
    runs: list[Day] | None = None,
    overrides: list[str] | None = None,
    audit: Callable[[Path, list[Path]], None] | None = None,
) -> Release:
    """Stage a release of product cells that are already in memory; nothing here needs Spark.

    Args:
        cells: per product the rows of its cell table.
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
    true = tables(cells, city=city, days=wanted)
    decided = disclose(
        true,
        gates=[(gate.cordon_id, gate.gate_id, gate.site_id, gate.direction) for gate in city.gates],
        zone_of={site.site_id: site.zone_id for site in city.sites},
        k=city.sdc.k,
        k_travel_time=city.sdc.k_travel_time,
        most_of_one=city.sdc.dominance_one_pct / 100,
        most_of_two=city.sdc.dominance_two_pct / 100,
    )
    rows = publish_all(true, status=decided.status)
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
        "suppression": decided.report,
        "summary": numbers,
        "statement": [asdict(point) for point in said],
    }

    def data(folder: Path) -> None:
        for product in PRODUCTS:
            files.write_csv(folder / f"{product.name}.csv", product, rows[product.name])
            files.write_parquet(folder / f"{product.name}.parquet", product, rows[product.name], timezone=city.timezone)
        files.write_geojson(folder / "sites.geojson", files.site_features(city))
        files.write_geojson(folder / "gates.geojson", files.gate_features(city))
        files.write_geojson(folder / "zones.geojson", files.zone_features(city))

    period = series / versions.period_name(wanted[0], wanted[-1])
    newest = versions.latest(period)
    version = newest[0] + 1 if newest else 1

    def describe(folder: Path) -> None:
        this = {**about, "version": version, "replaces": f"v{version - 1}" if version > 1 else None}
        package = data_package(
            folder=folder,
            city=city,
            about=this,
            created=created_at.isoformat(),
            name=series.name,
            subject=SUBJECT,
            description=DESCRIPTION,
            tables=PRODUCTS,
        )
        text = json.dumps(package, ensure_ascii=False, indent=2)
        (folder / "datapackage.json").write_text(text + "\n", encoding="utf-8")
        (folder / "index.html").write_text(page(city=city, package=package, published=rows), encoding="utf-8")

    def fill(folder: Path) -> bool:
        data(folder)
        if newest and versions.fingerprint(folder) == versions.fingerprint(newest[1]):
            return False
        describe(folder)
        if audit is not None:
            audit(folder, versions.versions_of(period))
        return True

    terms = Terms(
        city=city.id,
        tier="shared",
        series=series.name,
        first_day=str(wanted[0]),
        last_day=str(wanted[-1]),
        version=version,
        out=str(out.absolute()),
        policy=policy,
        created_at=created_at.isoformat(),
    )
    staged = staging.stage(lake, terms=terms, purpose=purpose_of(city), fill=fill)
    if staged is None:
        assert newest is not None
        return Release(newest[1], newest[0], False, decided.report, numbers)
    return Release(staged.folder, version, True, decided.report, numbers)


def _statement(lake: "Lake", *, city: "City", days: list[date]) -> list[Point]:
    from pyspark.sql import functions as F

    cameras = lake.read_whole("core_camera_hour", days).agg(F.count("*").alias("hours"), F.sum("down_s").alias("down_s"))
    return statement(
        detection=lake.read_whole("core_detection", days).select("site_id", "q").toPandas(),
        cameras=cameras.toPandas(),
        through=lake.read_whole("flow_through_day", days).toPandas(),
        city=city,
    )


def _refuse_values_of_hidden_rows(rows: Mapping[str, pd.DataFrame]) -> None:
    """The one gate before anything is written: whatever happened before, a hidden row shows nothing."""
    for product in PRODUCTS:
        table = rows[product.name]
        hidden = table[~table["status"].isin(["ok", "partial"])]
        if hidden[product.measure_names].notna().any(axis=None):
            raise PrivacyError(f"A hidden row of {product.name} has a value: nothing was published. This is a bug, report it.")
