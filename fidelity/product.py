"""The tables of a lake that the judge looks at, as pandas frames; what is not there is None."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kordon.tables import TABLES

if TYPE_CHECKING:
    from kordon.lake import Lake

NEEDED = {
    "raw_read": ("service_day", "read_id", "camera_id", "site_id", "captured_at", "plate", "is_duplicate"),
    "core_read": ("service_day", "read_id", "camera_id", "site_id", "captured_at", "read_ts", "received_at", "vid"),
    "core_passage": ("service_day", "passage_id", "vid", "site_id", "first_ts", "last_ts", "first_read_id"),
    "core_leg": ("from_passage_id", "to_passage_id", "from_site_id", "to_site_id", "depart_ts", "gap_s", "is_cut"),
    "core_trip": ("service_day", "vid", "start_ts", "end_ts", "flags"),
    "core_visit": ("service_day", "cordon_id", "dwell_s"),
    "core_camera_hour": ("service_day", "hour_ts", "camera_id", "reads", "is_up", "down_s", "clock_offset_s"),
    "core_detection": ("service_day", "site_id", "vehicle_class", "q", "q_se", "n"),
    "flow_gate_hour": (
        *("service_day", "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class", "passages"),
        *("passages_expanded", "passages_se", "low", "high", "status"),
    ),
    "flow_od_hour": (
        *("service_day", "hour_ts", "origin_site_id", "destination_site_id", "vehicle_class"),
        *("trips", "trips_expanded", "trips_se", "status"),
    ),
    "flow_zone_od_day": (
        *("service_day", "origin_zone_id", "destination_zone_id", "vehicle_class"),
        *("trips", "trips_expanded", "trips_se", "status"),
    ),
    "flow_gate_pair_hour": (
        *("service_day", "hour_ts", "cordon_id", "entry_gate_id", "exit_gate_id", "visit_class", "vehicle_class"),
        *("visits", "visits_expanded", "visits_se", "status"),
    ),
    "out_gate_pair_day_cell": (
        *("service_day", "cordon_id", "entry_gate_id", "exit_gate_id", "kind"),
        *("visits", "expanded", "expanded_se"),
    ),
    "flow_through_day": (
        *("service_day", "cordon_id", "vehicle_class", "entries", "through"),
        *("entries_expanded", "through_expanded", "through_share", "through_share_low", "through_share_high"),
    ),
    "flow_stock_15min": ("service_day", "slot_ts", "cordon_id", "vehicles_inside"),
    "flow_travel_time_hour": ("service_day", "hour_ts", "from_site_id", "to_site_id", "vehicle_class", "n", "p50_s", "p95_s"),
}

Frames = dict[str, pd.DataFrame | None]


def fetch(lake: "Lake", *, progress: Callable[[str], None]) -> Frames:
    """The needed columns of each table; None for a table that is unknown, was never written, or is empty."""
    frames: Frames = {}
    for name, columns in NEEDED.items():
        frames[name] = None
        if name not in TABLES or lake.version(name) is None:
            continue
        rows = lake.read(name)
        chosen = rows.select(*(c for c in columns if c in rows.columns))
        # Arrow as it comes: Spark's own toPandas would make a Python object of every id and date first
        frame = chosen.toArrow().to_pandas(date_as_object=False)
        frames[name] = frame
        progress(f"  {name}: {len(frame):,} rows")
    return prepared(frames)


def prepared(frames: Mapping[str, pd.DataFrame | None]) -> Frames:
    """Frames in the judge's units: instants as epoch seconds, ``service_day`` as days since 1970, ``vid`` as numbers
    that mean the same vehicle in every table, -1 for NULL; a frame without rows and a column without values are absent."""
    made: Frames = dict.fromkeys(NEEDED)
    vids = [frame.vid.dropna() for frame in frames.values() if frame is not None and "vid" in frame]
    known = pd.Index(pd.concat(vids).unique()) if vids else pd.Index([])
    for name, frame in frames.items():
        if frame is None or not len(frame):
            continue
        columns = {}
        for column in map(str, frame):
            values = frame[column]
            if column == "vid":
                columns[column] = pd.Series(known.get_indexer(pd.Index(values)), index=frame.index)
            elif values.isna().all():
                continue
            elif column == "service_day":
                columns[column] = pd.Series(
                    pd.to_datetime(values).to_numpy("datetime64[D]").astype(np.int64), index=frame.index
                )
            elif isinstance(values.dtype, pd.DatetimeTZDtype):
                columns[column] = (values - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
            else:
                columns[column] = values
        made[name] = pd.DataFrame(columns)
    return made


def has(frame: pd.DataFrame | None, *columns: str) -> bool:
    """Whether a table is there with these columns."""
    return frame is not None and all(c in frame for c in columns)


def days_of(frames: Frames) -> set[int]:
    """The service days that the first of these tables knows: reads, passages, counts at gates."""
    for name in ("core_read", "core_passage", "flow_gate_hour", "flow_od_hour", "core_camera_hour"):
        frame = frames.get(name)
        if frame is not None and "service_day" in frame:
            return {int(day) for day in frame.service_day.unique()}
    return set()
