"""A small truth that can be checked by eye, and a product that agrees with it: what the judge's tests spoil."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fidelity import truth as truths
from fidelity.judge import Judgement, judge
from fidelity.place import Place
from fidelity.product import prepared
from fidelity.truth import Truth

DAY = pd.Timestamp("2026-03-10")
SITES = ("s1", "s2", "s3", "s4")  # on a road eastwards, about 1 km apart; s1 leads into the ring, s4 out of it
HOUR = pd.Timedelta(hours=1)
SECONDS_APART = 90  # driving time from site to site
PLACE = Place(
    site_of={"c1": "s1", "c2": "s2", "c3": "s3", "c4": "s4"},
    spots={site: (4.0 + 0.0143 * n, 50.9) for n, site in enumerate(SITES)},
    gates=pd.DataFrame(
        [("ring", "west", "s1", "in"), ("ring", "east", "s4", "out")], columns=["cordon_id", "gate_id", "site_id", "direction"]
    ),
    timezone="Europe/Brussels",
    min_stop_s=600,
    zone_of={"s1": "west", "s2": "west", "s3": "east", "s4": "east"},
)


def truth_frames(*, vehicles: int = 60) -> dict[str, pd.DataFrame]:
    """Each vehicle drives s1, s2, s3, s4 from 08:00 local on, a vehicle a minute. Of five, one stops for 30 minutes
    between s2 and s3, one for 5 minutes, three drive through. Every passage is read once and right; cameras are up and
    their clocks right, from 04:00 to 04:00 local (03:00 UTC)."""
    passage, read, trip, visit = [], [], [], []
    for n in range(vehicles):
        key, start = f"v{n:03d}", DAY + pd.Timedelta(hours=7, minutes=n)
        stop = {0: 1800, 1: 300}.get(n % 5, 0)
        t = [start + pd.Timedelta(seconds=SECONDS_APART * i + (stop if i > 1 else 0)) for i in range(4)]
        for i, moment in enumerate(t):
            passage.append((f"{key}-{i}", key, f"c{i + 1}", moment))
            read.append((f"r{n:03d}-{i}", f"{key}-{i}", "ok"))
        trip.append((key, f"t{n}-0", t[0] - pd.Timedelta(minutes=5), t[1] + pd.Timedelta(seconds=20), None))
        if stop:
            trip.append((key, f"t{n}-1", t[2] - pd.Timedelta(seconds=40), t[3] + pd.Timedelta(minutes=5), stop))
        visit.append((key, "ring", "west", t[0], "east", t[3], str(stop > 0).lower()))
    hours = [DAY + pd.Timedelta(hours=3 + h) for h in range(24)]
    camera = [(c, h, h + pd.Timedelta(hours=1), 0.95, 0.0, "true") for c in PLACE.site_of for h in hours]
    vehicle = [(f"v{n:03d}", f"1ABC{n:03d}", "BE", "car") for n in range(vehicles)]
    rows = {"vehicle": vehicle, "passage": passage, "read": read, "trip": trip, "visit": visit, "camera": camera}
    return {name: pd.DataFrame(data, columns=list(truths.COLUMNS[name])) for name, data in rows.items()}


def write(frames: dict[str, pd.DataFrame], folder: Path, *, zipped: bool = True) -> Path:
    """A truth folder of these frames; naive timestamps are UTC."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        shown = frame.copy()
        for column in set(truths.INSTANTS.get(name, ())) & set(shown):
            shown[column] = shown[column].map(lambda t: "" if pd.isna(t) else f"{t.isoformat(timespec='milliseconds')}+00:00")
        text = shown.to_csv(index=False)
        if zipped:
            (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
        else:
            (folder / f"{name}.csv").write_text(text)
    return folder


def load(frames: dict[str, pd.DataFrame], folder: Path) -> Truth:
    return Truth.of(truths.load(write(frames, folder)), place=PLACE)


def product(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables of a product that is right about everything: vid is the vehicle key; one passage a read that has a vid."""
    utc = "UTC"
    day = DAY.date()
    reads = frames["read"].merge(frames["passage"], on="passage_key").merge(frames["vehicle"], on="vehicle_key")
    ts = reads.t.dt.tz_localize(utc)
    core_read = pd.DataFrame(
        {
            "service_day": day,
            "read_id": reads.read_id,
            "camera_id": reads.camera_id,
            "site_id": reads.camera_id.map(PLACE.site_of),
            "captured_at": ts,
            "read_ts": ts,
            "received_at": ts + pd.Timedelta(seconds=2),
            "vid": reads.vehicle_key,
        }
    )
    plate = reads.plate.where(reads.status != "misread", reads.plate.str[:-1] + "X")
    hours = frames["camera"][["camera_id", "from"]].drop_duplicates()
    camera_hour = pd.DataFrame(
        {
            "service_day": day,
            "hour_ts": hours["from"].dt.tz_localize(utc),
            "camera_id": hours.camera_id,
            "reads": 10,
            "is_up": True,
            "down_s": 0,
            "clock_offset_s": 0.0,
        }
    )
    visit = frames["visit"]
    inside = visits(frames)
    through = inside.through.mean()
    return {
        "raw_read": core_read.drop(columns=["vid", "read_ts", "received_at"]).assign(plate=plate, is_duplicate=False),
        "core_read": core_read,
        "core_camera_hour": camera_hour,
        "core_visit": pd.DataFrame(
            {"service_day": day, "cordon_id": "ring", "dwell_s": (visit.exit - visit.entry).dt.total_seconds()}
        ),
        "flow_through_day": pd.DataFrame(
            [(day, "ring", "all", len(visit), 0, through, through - 0.02, through + 0.02)],
            columns=[
                *("service_day", "cordon_id", "vehicle_class", "entries", "through"),
                *("through_share", "through_share_low", "through_share_high"),
            ],
        ),
        "core_detection": pd.DataFrame(
            {"service_day": day, "site_id": SITES, "vehicle_class": "all", "q": 1.0, "q_se": 0.01, "n": 60}
        ),
        "flow_stock_15min": stock(visit),
        **pairs(inside),
        **flows(frames),
        **moves(core_read, frames["trip"]),
    }


def moves(core_read: pd.DataFrame, trip: pd.DataFrame, *, gap_s: int = 600) -> dict[str, pd.DataFrame]:
    """Passages, legs and trips of reads that have a vid: a leg is cut when it is ``gap_s`` longer than driving."""
    read = core_read[core_read.vid.notna()].sort_values(["vid", "read_ts", "read_id"], ignore_index=True)
    passage = read[["service_day", "vid", "site_id"]].assign(passage_id=read.index + 1000, first_ts=read.read_ts)
    passage = passage.assign(last_ts=read.read_ts, first_read_id=read.read_id)
    end = passage.index[passage.vid == passage.vid.shift()]
    a, b = passage.loc[end - 1].reset_index(drop=True), passage.loc[end].reset_index(drop=True)
    gap = (b.first_ts - a.last_ts).dt.total_seconds()
    leg = pd.DataFrame(
        {
            "from_passage_id": a.passage_id,
            "to_passage_id": b.passage_id,
            "from_site_id": a.site_id,
            "to_site_id": b.site_id,
            "depart_ts": a.last_ts,
            "gap_s": gap,
            "is_cut": gap > SECONDS_APART * 3 + gap_s,
        }
    )
    starts = ~passage.passage_id.isin(leg.to_passage_id[~leg.is_cut])
    of = passage.groupby(starts.cumsum())
    trips = pd.DataFrame(
        {
            "service_day": of.service_day.first(),
            "vid": of.vid.first(),
            "start_ts": of.first_ts.min(),
            "end_ts": of.last_ts.max(),
        }
    )
    trips["flags"] = [[] for _ in range(len(trips))]
    return {"core_passage": passage, "core_leg": leg, "core_trip": trips.reset_index(drop=True)}


def flows(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Crossings by hour and trips by day as they truly were, with a standard error of 3 %."""
    passage = frames["passage"].assign(
        site_id=frames["passage"].camera_id.map(PLACE.site_of), hour=frames["passage"].t.dt.floor("h")
    )
    counted = passage.merge(PLACE.gates, on="site_id").groupby(["hour", "cordon_id", "gate_id", "direction"]).size()
    gate = counted.rename("passages").reset_index().assign(service_day=DAY.date(), vehicle_class="car", status="ok")
    gate["hour_ts"] = gate.hour.dt.tz_localize("UTC")
    stops = int((frames["trip"].stop_before_s >= PLACE.min_stop_s).sum())
    whole = frames["vehicle"].shape[0] - stops
    at_seven = pd.Timestamp("2026-03-10 07:00", tz="UTC")
    late = frames["passage"][frames["passage"].passage_key.str.endswith("-2")].t >= at_seven.tz_localize(None) + HOUR
    of_stops = frames["trip"].vehicle_key[frames["trip"].stop_before_s >= PLACE.min_stop_s].str[1:].astype(int)
    after = int(late.to_numpy()[of_stops].sum())  # trips that go on after 08:00 UTC
    od = pd.DataFrame(
        [("s1", "s4", whole, 0), ("s1", "s2", stops, 0), ("s3", "s4", stops - after, 0), ("s3", "s4", after, 1)],
        columns=["origin_site_id", "destination_site_id", "trips", "hour"],
    )
    od = od.assign(service_day=DAY.date(), hour_ts=at_seven + HOUR * od.hour, vehicle_class="car", status="ok").drop(
        columns="hour"
    )
    zones = [("west", "east", whole), ("west", "west", stops), ("east", "east", stops)]
    zone_od = pd.DataFrame(zones, columns=["origin_zone_id", "destination_zone_id", "trips"])
    zone_od = zone_od.assign(service_day=DAY.date(), vehicle_class="car", status="ok")
    return {
        "flow_zone_od_day": zone_od.assign(trips_expanded=zone_od.trips.astype(float), trips_se=0.03 * zone_od.trips),
        "flow_gate_hour": gate.drop(columns="hour").assign(
            passages_expanded=gate.passages.astype(float), passages_se=0.03 * gate.passages
        ),
        "flow_od_hour": od.assign(trips_expanded=od.trips.astype(float), trips_se=0.03 * od.trips),
    }


def visits(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The visits, with hour_ts of the entry, and whether they drove through: no stop of min_stop."""
    stayed = frames["trip"].vehicle_key[frames["trip"].stop_before_s >= PLACE.min_stop_s]
    return frames["visit"].assign(
        hour_ts=frames["visit"].entry.dt.floor("h").dt.tz_localize("UTC"), through=~frames["visit"].vehicle_key.isin(stayed)
    )


def pairs(inside: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Pairs of gates by hour and by day as they truly were, with a standard error of 3 %."""
    keys = ["cordon_id", "entry_gate_id", "exit_gate_id"]
    both = inside.assign(
        service_day=DAY.date(),
        vehicle_class="car",
        visit_class=np.where(inside.through, "through", "visit"),
        kind=np.where(inside.through, "through", "stay"),
    )
    hour = both.groupby(["service_day", "hour_ts", *keys, "visit_class", "vehicle_class"]).size().rename("visits").reset_index()
    cell = both.groupby(["service_day", *keys, "kind"]).size().rename("visits").reset_index()
    return {
        "flow_gate_pair_hour": hour.assign(
            visits_expanded=hour.visits.astype(float), visits_se=0.03 * hour.visits, status="ok"
        ),
        "out_gate_pair_day_cell": cell.assign(expanded=cell.visits.astype(float), expanded_se=0.03 * cell.visits),
    }


def stock(visit: pd.DataFrame) -> pd.DataFrame:
    """Vehicles inside at every quarter of an hour from 04:00 local (03:00 UTC) on, by looking at each visit."""
    slots = [DAY + pd.Timedelta(hours=3, minutes=15 * n) for n in range(96)]
    inside = [float(((visit.entry.isna() | (visit.entry <= t)) & (visit.exit.isna() | (visit.exit > t))).sum()) for t in slots]
    return pd.DataFrame(
        {
            "service_day": DAY.date(),
            "slot_ts": pd.DatetimeIndex(slots).tz_localize("UTC"),
            "cordon_id": "ring",
            "vehicles_inside": inside,
        }
    )


def judged(tables: dict[str, Any], truth: Truth) -> Judgement:
    return judge(prepared(tables), truth=truth, place=PLACE)


def values(made: Judgement) -> dict[str, float | None]:
    """Value by key of the statistic."""
    return {score.key: score.value for score in made.scores}


def naive_values(made: Judgement) -> dict[str, float | None]:
    return {score.key: score.naive for score in made.scores}
