"""The rows of each product: a set fixed by the city folder, so that a row that is not there tells nothing."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import product as every
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd

from kordon.errors import ConfigError
from kordon.tables import TABLES
from kordon.tables.record import LONG
from privacy.day_relations import ALL
from privacy.disclosure import MISSING, OK
from publication.products import TRAVEL_TIME_HOUR, Product, chosen

if TYPE_CHECKING:
    from kordon.city import City, Site

DAY_STARTS = time(4)
NEAREST = 12


def hours(day: date, *, timezone: ZoneInfo) -> list[datetime]:
    """The starts of the hours of a service day, UTC: 24, or 23 and 25 when the clock changes."""
    start = datetime.combine(day, DAY_STARTS, timezone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), DAY_STARTS, timezone).astimezone(UTC)
    return [start + timedelta(hours=n) for n in range(round((end - start).total_seconds() / 3600))]


def directions(city: "City") -> dict[tuple[str, str], tuple[str, ...]]:
    """The directions of each gate, by (cordon_id, gate_id), in file order."""
    found: dict[tuple[str, str], set[str]] = {}
    for gate in city.gates:
        ways = ("in", "out") if gate.direction == "both" else (gate.direction,)
        found.setdefault((gate.cordon_id, gate.gate_id), set()).update(ways)
    return {gate: tuple(sorted(ways)) for gate, ways in found.items()}


def cell_set(product: Product, *, city: "City", days: Iterable[date]) -> pd.DataFrame:
    """Every row of a product: its key columns."""
    gates = directions(city)
    rows: list[tuple[object, ...]] = []
    for day in sorted(days):
        if product.name == "gate_hour":
            places = [(*gate, way) for gate, ways in gates.items() for way in ways]
            instants = hours(day, timezone=city.zone_info)
            rows += [(day, hour, *place, cls) for hour, place, cls in every(instants, places, city.vehicle_classes)]
        elif product.name == "od_day":
            rows += [(day, *cell) for cell in every(city.zones_all, city.zones_all, city.vehicle_classes)]
        elif product.name == "through_day":
            rows += [(day, *cell) for cell in every(city.cordons, (ALL, *city.vehicle_classes))]
        elif product.name == "dwell_day":
            rows += [(day, *cell) for cell in every(city.cordons, city.methods.dwell_bins_s)]
        elif product.name == "camera_health_day":
            rows += [(day, camera) for camera in dict.fromkeys(camera.camera_id for camera in city.cameras)]
        elif product.name == "travel_time_hour":
            rows += [(day, hour, *pair) for hour, pair in every(hours(day, timezone=city.zone_info), neighbours(city))]
        else:
            rows += [(day, *cell) for cell in _pairs(gates, city.cordons)]
    frame = pd.DataFrame(rows, columns=product.key_names)
    if "hour" in frame:
        frame["hour"] = pd.to_datetime(frame["hour"], utc=True).dt.tz_convert(city.timezone).dt.as_unit("us")
    return frame


def neighbours(city: "City") -> list[tuple[str, str]]:
    """The pairs of sites whose travel times are published: each with the sites nearest to it.

    Of all pairs of 40 sites 99.8 % have no row to show.
    """
    shrink = math.cos(math.radians(sum(site.lat for site in city.sites) / max(len(city.sites), 1)))

    def distance(one: "Site", other: "Site") -> tuple[float, str]:
        return math.hypot((one.lon - other.lon) * shrink, one.lat - other.lat), other.site_id

    found = []
    for one in city.sites:
        others = sorted((other for other in city.sites if other is not one), key=lambda other: distance(one, other))
        found += [(one.site_id, other.site_id) for other in others[:NEAREST]]
    return found


def _pairs(gates: Mapping[tuple[str, str], tuple[str, ...]], cordons: Iterable[str]) -> list[tuple[str, str, str, str]]:
    found = []
    for cordon in cordons:
        entries = [gate for (its_cordon, gate), ways in gates.items() if its_cordon == cordon and "in" in ways]
        exits = [gate for (its_cordon, gate), ways in gates.items() if its_cordon == cordon and "out" in ways]
        for entry, leave in every(entries, exits):
            # Leaving where one came in is never driving through: that row does not exist.
            kinds = ("stay",) if entry == leave else ("through", "stay")
            found += [(cordon, entry, leave, kind) for kind in kinds]
    return found


def dense(product: Product, cells: pd.DataFrame, *, city: "City", days: Iterable[date]) -> pd.DataFrame:
    """The product's rows with true counts, numbers of vehicles and the status of the cells; 0 where no cell was stored.

    Raises:
        ConfigError: a cell is not among the rows: the city folder has changed since the day was computed.
    """
    found = cells.rename(columns={"service_day": "date", "hour_ts": "hour"})
    found = found.assign(date=pd.to_datetime(found["date"]).dt.date)
    if "hour" in found:
        instants = pd.to_datetime(found["hour"])
        # Spark hands instants over without a zone; the session's zone is UTC.
        instants = instants.dt.tz_localize("UTC") if instants.dt.tz is None else instants
        found = found.assign(hour=instants.dt.tz_convert(city.timezone).dt.as_unit("us"))
    keys = product.key_names
    if product is TRAVEL_TIME_HOUR:
        near = set(neighbours(city))
        found = found[[pair in near for pair in zip(found["from_site_id"], found["to_site_id"], strict=True)]]
    merged = cell_set(product, city=city, days=days).merge(found, on=keys, how="outer", indicator=True, sort=False)
    unknown = merged[merged["_merge"] == "right_only"]
    if len(unknown):
        row = ", ".join(f"{key} {value}" for key, value in unknown.iloc[0][keys].items())
        raise ConfigError(
            f"{len(unknown)} cells of {product.cells} do not belong to the city folder as it is now (the first: {row}): "
            "compute those days again with `kordon run`, or release with the city folder that they were computed with."
        )
    if "status" not in merged:
        merged["status"] = OK
    # Of what vehicles do, a cell that is not stored is a 0; of a camera, that it was not there.
    merged["status"] = merged["status"].where(merged["_merge"] == "both", OK if product.is_of_vehicles else MISSING)
    numbers = [column for column in merged.columns if column not in (*keys, "status", "_merge")]
    valued = merged["status"].ne("missing")
    whole = {column.name for column in TABLES[product.cells].columns if column.type == LONG}
    for column in numbers:
        merged[column] = pd.to_numeric(merged[column]).astype("Int64" if column in whole else "Float64")
        # An estimate that is not there is not 0.
        if column in whole:
            merged[column] = merged[column].mask(valued & merged[column].isna(), 0)
    return in_order(product, merged.drop(columns="_merge"), city=city)


def in_order(product: Product, rows: pd.DataFrame, *, city: "City") -> pd.DataFrame:
    """The rows by day, hour, and then as the city folder names things, which is how a reader looks for them."""
    order: dict[str, list[Any]] = {
        "cordon_id": list(city.cordons),
        "vehicle_class": [ALL, *city.vehicle_classes],
        "origin_zone_id": list(city.zones_all),
        "destination_zone_id": list(city.zones_all),
        "direction": ["in", "out"],
        "kind": ["through", "stay"],
    }
    gates = list(dict.fromkeys(gate.gate_id for gate in city.gates))
    order |= dict.fromkeys(("gate_id", "entry_gate_id", "exit_gate_id"), gates)

    def place(column: pd.Series) -> pd.Series:
        known = {value: number for number, value in enumerate(order.get(str(column.name), []))}
        return column.map(known) if known else column

    return rows.sort_values(product.key_names, key=place, kind="stable").reset_index(drop=True)


def tables(cells: Mapping[str, pd.DataFrame], *, city: "City", days: Iterable[date]) -> dict[str, pd.DataFrame]:
    """The dense rows of the products of which there are cells."""
    wanted = sorted(days)
    return {p.name: dense(p, cells[p.name], city=city, days=wanted) for p in chosen(cells)}
