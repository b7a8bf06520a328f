"""Attack 8: what may stand in a release at all. Written from the contract's section 5, not from the code that writes it."""

import re
from pathlib import Path

import pandas as pd

KEYS: dict[str, tuple[str, ...]] = {
    "gate_hour": ("date", "hour", "cordon_id", "gate_id", "direction", "vehicle_class"),
    "od_day": ("date", "origin_zone_id", "destination_zone_id", "vehicle_class"),
    "od_month_hour": ("month", "day_type", "hour_of_day", "origin_zone_id", "destination_zone_id"),
    "gate_pair_day": ("date", "cordon_id", "entry_gate_id", "exit_gate_id", "kind"),
    "gate_pair_month": ("month", "cordon_id", "entry_gate_id", "exit_gate_id", "kind"),
    "through_day": ("date", "cordon_id", "vehicle_class"),
    "through_month": ("month", "cordon_id"),
    "dwell_day": ("date", "cordon_id", "dwell_bin_s"),
    "dwell_month": ("month", "cordon_id", "dwell_bin_s"),
    "travel_time_hour": ("date", "hour", "from_site_id", "to_site_id"),
    "site_hour": ("date", "hour", "site_id", "vehicle_class"),
    "camera_health_day": ("date", "camera_id"),
    # The coarser levels of the open tier, which its products add up to, and its classes by the month.
    "od_district_day": ("date", "origin_district_id", "destination_district_id", "vehicle_class"),
    "od_month_all": ("month", "origin_zone_id", "destination_zone_id"),
    "od_month": ("month", "origin_zone_id", "destination_zone_id", "vehicle_class"),
    "od_month_type": ("month", "day_type", "origin_zone_id", "destination_zone_id"),
    "cordon_day": ("date", "cordon_id", "direction", "vehicle_class"),
    "gate_day": ("date", "cordon_id", "gate_id", "direction", "vehicle_class"),
    "gate_month": ("month", "cordon_id", "gate_id", "direction", "vehicle_class"),
    "gate_month_hour": ("month", "cordon_id", "gate_id", "direction", "vehicle_class", "hour_of_day"),
    "cordon_month": ("month", "cordon_id", "kind"),
}
"""The keys of each product."""

_INTERVAL = ("low", "high", "margin95")
_NOISY = {measure: (measure, "margin95", f"{measure}_unbiased") for measure in ("trips", "passages", "visits")}
"""The measures of a table of the open tier."""
MEASURES: dict[str, tuple[str, ...]] = {
    "gate_hour": ("passages", "passages_expanded", *_INTERVAL, "passages_unbiased"),
    "od_day": ("trips", "trips_expanded", *_INTERVAL, "trips_unbiased"),
    "od_month_hour": ("trips", "trips_expanded", *_INTERVAL, "trips_unbiased"),
    "gate_pair_day": ("visits", "visits_expanded", *_INTERVAL),
    "gate_pair_month": ("visits", *_INTERVAL, "visits_unbiased"),
    "through_day": ("entries", "through", "through_share", *_INTERVAL),
    "through_month": ("through_share", *_INTERVAL),
    "dwell_day": ("visits", "visits_expanded", *_INTERVAL),
    "dwell_month": ("visits", *_INTERVAL, "visits_unbiased"),
    "travel_time_hour": ("n", "p25_s", "p50_s", "p75_s", "p95_s", "buffer_index"),
    "site_hour": ("passages", "passages_expanded", *_INTERVAL),
    "camera_health_day": ("uptime_pct", "incidents"),
    **dict.fromkeys(("od_district_day", "od_month_all", "od_month", "od_month_type"), _NOISY["trips"]),
    **dict.fromkeys(("cordon_day", "gate_day", "gate_month", "gate_month_hour"), _NOISY["passages"]),
    "cordon_month": _NOISY["visits"],
}
"""The measures that each product may have, in either tier."""

COUNTS: dict[str, tuple[str, ...]] = {
    "gate_hour": ("passages",),
    "od_day": ("trips",),
    "od_month_hour": ("trips",),
    "gate_pair_day": ("visits",),
    "gate_pair_month": ("visits",),
    "through_day": ("entries", "through"),
    "dwell_day": ("visits",),
    "dwell_month": ("visits",),
    "travel_time_hour": ("n",),
    "site_hour": ("passages",),
    **dict.fromkeys(("od_district_day", "od_month_all", "od_month", "od_month_type"), ("trips",)),
    **dict.fromkeys(("cordon_day", "gate_day", "gate_month", "gate_month_hour"), ("passages",)),
    "cordon_month": ("visits",),
}
"""The measures that count vehicles' doings, of which few would tell of somebody."""

STATUSES = ("ok", "suppressed", "missing", "partial", "structural_zero")
LAYERS = ("sites", "gates", "zones")
OTHER_FILES = ("datapackage.json", "index.html", "privacy_report.json", "privacy.html")
STANDARD_FILES = re.compile(r"[A-Za-z0-9_-]+\.(json|jsonld|ttl|xml|html|md|txt|pdf|sig|sha256|zip)")
"""Metadata in standard forms that a release may add; tables come as CSV and Parquet only."""

PSEUDONYM = re.compile(r"(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{22}==|[A-Za-z0-9+/_-]{43}=)")
MOST_VALUES = 5000
"""A key column with more distinct values in a release is not a place, an hour or a class: cities have fewer sites."""


def violations(folder: Path) -> list[str]:
    """Files, columns, types and values that the contract does not know; each as a sentence without the value."""
    found = []
    for path in sorted(folder.iterdir()):
        product = path.stem
        if path.is_dir() or path.is_symlink():
            found.append(f"{path.name} is no file")
        elif path.suffix in (".csv", ".parquet"):
            found += _table(path) if product in KEYS else [f"{path.name} is no product"]
        elif path.suffix == ".geojson":
            found += [] if product in LAYERS else [f"{path.name} is no reference layer"]
        elif path.name not in OTHER_FILES and not STANDARD_FILES.fullmatch(path.name):
            found.append(f"{path.name} is no file of a release")
    return found


def _table(path: Path) -> list[str]:
    product = path.stem
    allowed = {*KEYS[product], *MEASURES[product], "status"}
    frame = pd.read_csv(path, dtype=str, keep_default_na=False) if path.suffix == ".csv" else pd.read_parquet(path)
    found = [f"{path.name} has a column {name}" for name in frame.columns if name not in allowed]
    found += [f"{path.name} has no column {name}" for name in (*KEYS[product], "status") if name not in frame]
    if "status" in frame and not set(frame["status"]) <= set(STATUSES):
        found.append(f"{path.name} has an unknown status")
    if not found and frame.duplicated(list(KEYS[product])).any():
        found.append(f"{path.name} has a key twice: a row is not one cell")
    for name in frame.columns:
        column = frame[name]
        if name in MEASURES[product]:
            numbers = pd.to_numeric(column.replace("", None), errors="coerce")
            if (numbers.isna() & column.notna() & (column.astype(str) != "")).any():
                found.append(f"{path.name}: {name} is not a number throughout")
            continue
        values = column.astype(str).unique()
        if len(values) > MOST_VALUES and name != "hour":
            found.append(f"{path.name}: {name} has {len(values):,} distinct values")
        if any(PSEUDONYM.fullmatch(value) for value in values):
            found.append(f"{path.name}: {name} holds what looks like a pseudonym")
    return found
