"""A release of the shared tier: product cells in, an immutable folder out."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import kordon
from kordon import audit_log
from kordon.days import CLOSED, COMPLETE, Day, known
from kordon.errors import ConfigError, PrivacyError, UsageError
from privacy.disclosure import disclose
from privacy.governance.policy import require_approved
from publication import files, versions
from publication.cells import tables
from publication.datapackage import AUDITED, TRIAL, data_package
from publication.overrides import overrides_of
from publication.page import page
from publication.products import PRODUCTS
from publication.published import publish_all
from publication.statement import Point, statement
from publication.summary import summary

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.lake import Lake


@dataclass(frozen=True)
class Release:
    """A release and what became of its rows.

    Attributes:
        is_new: False when the newest version of the period already holds the same data.
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
    approved_by: str,
    created_at: datetime,
    approvals: Path | None = None,
    audit: Callable[[Path, list[Path]], None] | None = None,
) -> Release:
    """Release some complete days of a lake.

    Args:
        days: consecutive service days.
        out: the folder of all releases.
        approved_by: who answers for this trial; stands on the page.
        created_at: the instant of the release, with offset.
        approvals: the folder of approvals of the city's policy, when it is not the default one.
        audit: see :func:`assemble`.

    Raises:
        ConfigError: the policy is not approved, a day is not complete, or a release of another period covers one of the days.
        PrivacyError: an attack of the audit gets through.
    """
    require_approved(city, approvals)
    wanted = _period(days)
    of_lake = known(lake)
    _refuse_incomplete(of_lake, days=wanted, city=city)
    versions.refuse_overlap(out / f"{city.id}-shared", first=wanted[0], last=wanted[-1])
    overridden = lake.read("ops_quality", wanted).filter("severity = 'overridden'").toPandas()
    made = assemble(
        cells={product.name: lake.read_whole(product.cells, wanted).toPandas() for product in PRODUCTS},
        city=city,
        days=wanted,
        out=out,
        approved_by=approved_by,
        created_at=created_at,
        said=_statement(lake, city=city, days=wanted),
        audit=audit,
        runs=[of_lake[day] for day in wanted],
        overrides=overrides_of(overridden),
    )
    if made.is_new:
        audit_log.append(
            audit_log.of_lake(lake.uri),
            action="release_approved",
            purpose="; ".join(city.governance.purposes) or "mobility statistics",
            by=approved_by.strip(),
            release=str(made.path),
            version=made.version,
            tier="shared",
        )
    return made


def assemble(
    *,
    cells: Mapping[str, pd.DataFrame],
    city: "City",
    days: list[date],
    out: Path,
    approved_by: str,
    created_at: datetime,
    said: list[Point],
    runs: list[Day] | None = None,
    overrides: list[str] | None = None,
    audit: Callable[[Path, list[Path]], None] | None = None,
) -> Release:
    """Release product cells that are already in memory; nothing here needs Spark.

    Args:
        cells: per product the rows of its cell table.
        said: the error statement.
        runs: what ``ops_day`` says of the days.
        overrides: quality rules that were let through on these days.
        audit: attacks the finished folder, given the versions that are out already, and raises when something gets through: then
            nothing is published and no file stays. Without it the release is a trial.

    Raises:
        UsageError: nobody approves, or the days are not consecutive.
        ConfigError: cells do not fit the city folder, or a release of another period covers one of the days.
        PrivacyError: a row that is hidden would show a value, or an attack of the audit gets through.
    """
    wanted = _period(days)
    if not approved_by.strip():
        raise UsageError("A release is published in somebody's name: say who approves it.")
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
    )
    rows = publish_all(true, status=decided.status)
    _refuse_values_of_hidden_rows(rows)
    numbers = summary(rows, cordons=city.cordons)
    about: dict[str, Any] = {
        "status": AUDITED if audit else TRIAL,
        "tier": "shared",
        "city": city.id,
        "period": {"first_day": str(wanted[0]), "last_day": str(wanted[-1])},
        "approved_by": approved_by.strip(),
        "k": city.sdc.k,
        "config_hash": city.config_hash,
        "code_version": kordon.__version__,
        "runs": [
            {
                "service_day": str(d.service_day),
                "run_id": d.run_id,
                "config_hash": d.config_hash,
                "code_version": d.code_version,
            }
            for d in runs or []
        ],
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

    def describe(folder: Path, version: int) -> None:
        this = {**about, "version": version, "replaces": f"v{version - 1}" if version > 1 else None}
        package = data_package(folder=folder, city=city, about=this, created=created_at.isoformat())
        text = json.dumps(package, ensure_ascii=False, indent=2)
        (folder / "datapackage.json").write_text(text + "\n", encoding="utf-8")
        (folder / "index.html").write_text(page(city=city, package=package, published=rows), encoding="utf-8")

    period = series / versions.period_name(wanted[0], wanted[-1])
    version, path, is_new = versions.add(period, data=data, about=describe, audit=audit)
    return Release(path, version, is_new, decided.report, numbers)


def _statement(lake: "Lake", *, city: "City", days: list[date]) -> list[Point]:
    from pyspark.sql import functions as F

    cameras = lake.read_whole("core_camera_hour", days).agg(F.count("*").alias("hours"), F.sum("down_s").alias("down_s"))
    return statement(
        detection=lake.read_whole("core_detection", days).select("site_id", "q").toPandas(),
        cameras=cameras.toPandas(),
        through=lake.read_whole("flow_through_day", days).toPandas(),
        city=city,
    )


def _period(days: list[date]) -> list[date]:
    wanted = sorted(set(days))
    if not wanted:
        raise UsageError("There is no day to release.")
    if wanted[-1] - wanted[0] != timedelta(days=len(wanted) - 1):
        raise UsageError(f"The days from {wanted[0]} to {wanted[-1]} have gaps: release each run of consecutive days.")
    return wanted


def _refuse_incomplete(of_lake: Mapping[date, Day], *, days: list[date], city: "City") -> None:
    def state(day: date) -> str | None:
        found = of_lake.get(day)
        if found is None:
            return "never computed"
        return None if found.state in (COMPLETE, CLOSED) and found.versions else found.state

    wrong = {day: said for day in days if (said := state(day))}
    if wrong:
        listed = ", ".join(f"{day} ({said})" for day, said in wrong.items())
        first, last = min(wrong), max(wrong)
        raise ConfigError(
            f"Only complete days are released, and these are not: {listed}. Run `kordon run --city {city.folder} "
            f"--landing LANDING --lake LAKE --days {versions.period_name(first, last).replace('_', '..')}` first "
            "(with --stale for stale days)."
        )


def _refuse_values_of_hidden_rows(rows: Mapping[str, pd.DataFrame]) -> None:
    """The one gate before anything is written: whatever happened before, a hidden row shows nothing."""
    for product in PRODUCTS:
        table = rows[product.name]
        hidden = table[~table["status"].isin(["ok", "partial"])]
        if hidden[product.measure_names].notna().any(axis=None):
            raise PrivacyError(f"A hidden row of {product.name} has a value: nothing was published. This is a bug, report it.")
