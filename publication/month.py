"""A release of the shared tier of one calendar month: trips between zones by type of day and hour.

Its threshold is on the most vehicles of a single key period, as nobody is known beyond one; and it is attacked together with all
daily releases of its days.
"""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from itertools import product as every
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import kordon
from kordon.days import Day
from kordon.errors import ConfigError, UsageError
from privacy.disclosure import SHOWN, later_report
from privacy.governance.policy import require_approved
from privacy.month_relations import hidden_hours, pairs_of, status_of
from privacy.pooled import pooled
from publication import later, shared, versions
from publication.complete_days import consecutive, described, overridden, refuse_incomplete
from publication.datapackage import AUDITED, TRIAL
from publication.page import STATUS_MEANING, rendered
from publication.products import OD_MONTH_HOUR
from publication.published import published
from publication.release import Release, error_statement
from publication.shared import Audit, Content
from publication.statement import Point

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.lake import Lake

NAME = OD_MONTH_HOUR.name
SUBJECT = ("trips between zones by hour", "ritten tussen zones per uur")
DESCRIPTION = (
    "Trips of a month by type of day and hour of the day. Small numbers are not shown: see status.",
    "Ritten van een maand per soort dag en uur van de dag. Kleine aantallen zijn niet getoond: zie status.",
)


def build_month(
    *,
    lake: "Lake",
    city: "City",
    days: list[date],
    out: Path,
    created_at: datetime,
    approvals: Path | None = None,
    audit: Audit | None = None,
) -> Release:
    """Stage the release of a calendar month of complete days; the arguments are those of :func:`publication.release.build`.

    Raises:
        UsageError: the days are no calendar month.
        ConfigError: the policy is not approved, the city does not publish the product, or a day is not complete.
        PrivacyError: an attack of the audit gets through.
    """
    policy = require_approved(city, approvals).hash
    wanted = whole_month(days)
    of_lake = refuse_incomplete(lake, days=wanted, city=city)
    return assemble_month(
        cells=lake.read_whole(OD_MONTH_HOUR.cells, wanted).toPandas(),
        daily=lake.read_whole("out_od_day_cell", wanted).toPandas(),
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


def assemble_month(
    *,
    cells: pd.DataFrame,
    daily: pd.DataFrame,
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
    """Stage a month of cells that are in memory.

    Args:
        cells: rows of ``out_od_month_hour_cell``; ``daily`` of ``out_od_day_cell``, both of all its days.

    Raises:
        UsageError: the days are no calendar month.
        ConfigError: the city does not publish the product, or cells do not fit the city folder.
        PrivacyError: an attack of the audit gets through.
    """
    wanted = whole_month(days)
    if NAME not in city.publication.products.shared:
        raise ConfigError(
            f"{city.name} does not publish {NAME} in the shared tier: see products.shared in [publication] of city.toml."
        )
    series = out / city_series(city)
    newest = versions.latest(series / versions.period_name(wanted[0], wanted[-1]))
    true = month_rows(cells, city=city, days=wanted)
    earlier = later.before(newest[1], lake=lake, true={NAME: true}) if newest else None
    out_already = versions.covering(out / f"{city.id}-shared", first=wanted[0], last=wanted[-1])
    hidden = hidden_hours(
        true,
        daily=days_beside(out_already, exact=daily, city=city, days=wanted),
        k=city.sdc.k,
        most_of_one=city.sdc.dominance_one_pct / 100,
        most_of_two=city.sdc.dominance_two_pct / 100,
        hidden_before=earlier.hidden()[NAME] if earlier else None,
    )
    rows = {NAME: published(OD_MONTH_HOUR, true, status=status_of(hidden))}
    rests_on = later.exact_of({NAME: true})
    if earlier:
        rows, rests_on = later.succeed(earlier, rows=rows, true={NAME: true}, known=(), zone_of={}, k=city.sdc.k)
    about: dict[str, Any] = {
        "status": AUDITED if audit else TRIAL,
        "tier": "shared",
        "city": city.id,
        "period": {"first_day": str(wanted[0]), "last_day": str(wanted[-1])},
        "day_types": {str(day): city.day_type(day) for day in wanted},
        "k": city.sdc.k,
        "config_hash": city.config_hash,
        "code_version": kordon.__version__,
        "runs": [described(run) for run in runs or []],
        "overrides": overrides or [],
        "suppression": later_report({NAME: true}, {NAME: rows[NAME]["status"]}),
        "statement": [asdict(point) for point in said],
    }
    staged = shared.stage(
        Content(
            products=(OD_MONTH_HOUR,),
            rows=rows,
            rests_on=rests_on,
            about=about,
            subject=SUBJECT,
            description=DESCRIPTION,
            page=lambda package: _page(package, city=city),
        ),
        series=series.name,
        days=wanted,
        city=city,
        lake=lake,
        out=out,
        policy=policy,
        created_at=created_at,
        audit=audit,
        also=out_already,
    )
    if staged is None:
        assert newest is not None
        return Release(newest[1], newest[0], False, about["suppression"])
    return Release(staged.folder, staged.terms.version, True, about["suppression"])


def city_series(city: "City") -> str:
    """The folder of the releases of months below that of all releases."""
    return f"{city.id}-shared-{NAME}"


def whole_month(days: Sequence[date]) -> list[date]:
    """The days in order.

    Raises:
        UsageError: they are no calendar month.
    """
    wanted = consecutive(list(days))
    first, last = wanted[0], wanted[-1]
    if first.day != 1 or last != first.replace(day=calendar.monthrange(first.year, first.month)[1]):
        raise UsageError(f"{first} to {last}: {NAME} is released by the calendar month, from its first to its last day.")
    return wanted


def month_rows(cells: pd.DataFrame, *, city: "City", days: Sequence[date]) -> pd.DataFrame:
    """Every row of the month with exact counts; 0 where no cell was stored.

    Errors of days go together where they come from the same cameras, so they are added up: at most too wide.

    Raises:
        ConfigError: a cell is of a zone that the city folder does not have.
    """
    keys = OD_MONTH_HOUR.key_names
    kinds = list(dict.fromkeys(city.day_type(day) for day in days))
    wanted = every([f"{days[0]:%Y-%m}"], kinds, range(24), city.zones_all, city.zones_all)
    local = pd.to_datetime(cells["hour_ts"], utc=True).dt.tz_convert(city.timezone)
    named = cells.assign(
        month=f"{days[0]:%Y-%m}",
        day_type=[city.day_type(day) for day in pd.to_datetime(cells["service_day"]).dt.date],
        hour_of_day=local.dt.hour.astype("int64"),
    )
    found = pooled(named, keys=keys, measure="trips")
    estimates = named.groupby(keys, sort=False)[["expanded", "expanded_se"]]
    # An estimate of which one part is unknown is not the sum of the others.
    sums = estimates.sum().where(estimates.count().eq(named.groupby(keys, sort=False).size(), axis=0)).astype("Float64")
    found = found.merge(sums.reset_index(), on=keys)
    merged = pd.DataFrame(list(wanted), columns=keys).merge(found, on=keys, how="outer", indicator=True, sort=False)
    unknown = merged[merged["_merge"] == "right_only"]
    if len(unknown):
        row = unknown.iloc[0]
        raise ConfigError(
            f"{len(unknown)} cells of {OD_MONTH_HOUR.cells} are of zones that the city folder does not have (the first: from "
            f"{row['origin_zone_id']} to {row['destination_zone_id']}): compute those days again with `kordon run`."
        )
    for column in ("trips", "vehicles"):
        merged[column] = pd.to_numeric(merged[column]).astype("Int64").fillna(0)
    order = {column: n for n, column in enumerate(city.zones_all)}
    places = {"day_type": {kind: n for n, kind in enumerate(kinds)}, "origin_zone_id": order, "destination_zone_id": order}
    ordered = merged.sort_values(keys, key=lambda c: c.map(places[str(c.name)]) if c.name in places else c, kind="stable")
    return ordered.drop(columns="_merge").assign(status="ok").reset_index(drop=True)


def days_beside(out_already: Sequence[Path], *, exact: pd.DataFrame, city: "City", days: Sequence[date]) -> pd.DataFrame:
    """The daily cells of the types of day of which every day is out, and which of them some version shows."""
    keys = ["date", "origin_zone_id", "destination_zone_id", "vehicle_class"]
    tables = [
        pd.read_parquet(folder / "od_day.parquet").assign(date=lambda table: table["date"].astype(str))
        for folder in out_already
        if (folder / "od_day.parquet").is_file()
    ]
    if not tables:
        return pd.DataFrame()
    told = pd.concat(tables, ignore_index=True)
    told["is_shown"] = told["status"].isin(SHOWN)
    is_shown = told.groupby(keys, sort=False)["is_shown"].any().reset_index()
    counts = exact.assign(date=pd.to_datetime(exact["service_day"]).dt.date.astype(str))[[*keys, "trips"]]
    both = is_shown.merge(counts, on=keys, how="left").fillna({"trips": 0})
    kinds = {str(day): city.day_type(day) for day in days}
    return pairs_of(list(kinds), both[both["date"].isin(kinds)], day_types=kinds)


def _page(package: Mapping[str, Any], *, city: "City") -> str:
    return rendered("month_page.html.j2", city=city, package=dict(package), products=(OD_MONTH_HOUR,), statuses=STATUS_MEANING)
