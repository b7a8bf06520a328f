"""A truth folder: what really happened, whoever wrote it down (CONTRACT section 6)."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fidelity.place import Floats, Ints, Place, hour_of, ordered_keys
from kordon.errors import InputError

COLUMNS = {
    "vehicle": ("vehicle_key", "plate", "country", "vehicle_class"),
    "passage": ("passage_key", "vehicle_key", "camera_id", "t"),
    "read": ("read_id", "passage_key", "status"),
    "trip": ("vehicle_key", "trip_key", "depart", "arrive", "stop_before_s"),
    "visit": ("vehicle_key", "cordon_id", "entry_gate_id", "entry", "exit_gate_id", "exit", "stopped"),
    "camera": ("camera_id", "from", "to", "q", "clock_offset_s", "is_up"),
}
INSTANTS = {"passage": ("t",), "trip": ("depart", "arrive"), "visit": ("entry", "exit"), "camera": ("from", "to")}
MAY_BE_EMPTY = {"entry", "exit"}
NUMBERS = {"trip": ("stop_before_s",), "camera": ("q", "clock_offset_s")}
FLAGS = {"visit": ("stopped",), "camera": ("is_up",)}
STATUSES = ("ok", "misread", "unread", "duplicate", "duplicate_misread", "opposite", "phantom")
MISREADS = ("misread", "duplicate_misread")
DAY_S = 86_400.0
PLATE_READS = ("ok", "misread", "duplicate", "duplicate_misread")  # reads from which a vehicle can be followed


def load(folder: Path) -> dict[str, pd.DataFrame]:
    """The six files of a truth folder, checked: instants as epoch seconds (UTC), flags as booleans, ids as text.

    Raises:
        InputError: a file is missing, cannot be read, lacks a column, or holds a value that cannot be meant.
    """
    frames = {name: _file(folder, name) for name in COLUMNS}
    for name, key in (("vehicle", "vehicle_key"), ("passage", "passage_key")):
        _refuse(frames[name][key].duplicated(), frames[name], key, "stands there twice")
    passage, read = frames["passage"], frames["read"]
    _refuse(~passage.vehicle_key.isin(frames["vehicle"].vehicle_key), passage, "vehicle_key", "is not in vehicle.csv")
    _refuse(~read.status.isin(STATUSES), read, "status", f"is none of {', '.join(STATUSES)}")
    lost = ~read.passage_key.isin(passage.passage_key) & (read.status != "phantom")
    _refuse(lost, read, "passage_key", "is not in passage.csv")
    return frames


def _file(folder: Path, name: str) -> pd.DataFrame:
    path = next((p for p in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if p.is_file()), None)
    if path is None:
        raise InputError(f"{folder} has no {name}.csv or {name}.csv.gz: a truth folder has {', '.join(COLUMNS)} (CONTRACT 6).")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except (OSError, EOFError, ValueError) as broken:  # a cut off gzip, no UTF-8, ragged rows, an empty file
        raise InputError(f"{path} cannot be read as CSV ({type(broken).__name__}): write it again.") from None
    missing = [c for c in COLUMNS[name] if c not in frame]
    if missing:
        raise InputError(
            f"{path} has no column '{missing[0]}': it needs {', '.join(COLUMNS[name])}, and has {', '.join(map(str, frame))}."
        )
    frame = frame[list(COLUMNS[name])].copy()
    frame.attrs["path"] = str(path)
    for column in INSTANTS.get(name, ()):
        instant = pd.to_datetime(frame[column], utc=True, format="ISO8601", errors="coerce")
        wrong = instant.isna() & (frame[column].notna() if column in MAY_BE_EMPTY else True)
        _refuse(wrong, frame, column, "is no instant such as 2026-03-10T07:38:28.683+00:00")
        frame[column] = _seconds(instant)
    for column in NUMBERS.get(name, ()):
        number = pd.to_numeric(frame[column], errors="coerce")
        _refuse(number.isna() & frame[column].notna(), frame, column, "is no number")
        frame[column] = number.astype(float)
    for column in FLAGS.get(name, ()):
        known = frame[column].str.lower().map({"true": True, "1": True, "false": False, "0": False})
        _refuse(known.isna(), frame, column, "is neither true nor false")
        frame[column] = known.astype(bool)
    return frame


def _refuse(wrong: pd.Series, frame: pd.DataFrame, column: str, what: str) -> None:
    if wrong.any():
        line = int(np.flatnonzero(wrong)[0]) + 2  # the header is line 1
        raise InputError(f"{frame.attrs['path']}, line {line}: {column} {what}; {int(wrong.sum()):,} such lines.")


def _seconds(instant: pd.Series) -> pd.Series:
    """Epoch seconds of instants, NaN where there is none."""
    return (instant - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)


@dataclass(frozen=True)
class Truth:
    """What happened on some service days. Instants are epoch seconds, days are days since 1970.

    ``passage``: vehicle (number), day, camera_id, site_id, t; sorted by vehicle and t; a passage's number is its row.
    ``read``: read_id, passage (row of ``passage``, -1 for a phantom), vehicle (-1 for a phantom), status.
    ``stop``: vehicle, depart, stop_s; sorted. ``visit``: as the file, with day (of its last event) and longest_stop_s
    (infinite without entry or exit: it stayed).
    ``end``: entries and exits of the visits of every day that the folder has: cordon_id, vehicle, t, inwards, day.
    ``camera``: as the file, in pieces of at most an hour, with hour and seconds. ``plate``, ``country``, ``vehicle_class``: by
    vehicle. ``day_starts``: the instants at which the service days and the days after them begin.
    """

    passage: pd.DataFrame
    read: pd.DataFrame
    stop: pd.DataFrame
    visit: pd.DataFrame
    end: pd.DataFrame
    camera: pd.DataFrame
    plate: Ints
    country: pd.Series
    vehicle_class: pd.Series
    days: tuple[int, ...]
    day_starts: dict[int, float]

    @classmethod
    def of(cls, frames: dict[str, pd.DataFrame], *, place: Place, days: set[int] | None = None) -> "Truth":
        """Number the vehicles and passages of some service days, or of all.

        Raises:
            InputError: no camera of the truth is one of the city's.
        """
        vehicles = pd.Index(frames["vehicle"].vehicle_key)
        passage = frames["passage"].copy()
        passage["day"] = place.service_day(passage.t)
        if days is not None:
            passage = passage[passage.day.isin(days)]
        passage["vehicle"] = vehicles.get_indexer(passage.vehicle_key)
        passage["site_id"] = passage.camera_id.map(place.site_of)
        if len(passage) and passage.site_id.isna().all():
            raise InputError(
                f"No camera of {passage.attrs.get('path', 'passage.csv')} is in the city folder: is it of another city?"
            )
        passage = passage.sort_values(["vehicle", "t"], kind="stable", ignore_index=True)
        read = frames["read"].drop_duplicates("read_id")
        number = pd.Index(passage.passage_key).get_indexer(read.passage_key)
        inside = (number >= 0) | (read.status == "phantom").to_numpy()
        read = read[["read_id", "status"]][inside].assign(passage=number[inside]).reset_index(drop=True)
        read["status"] = read.status.astype(pd.CategoricalDtype(list(STATUSES)))
        owner = passage.vehicle.to_numpy()
        read["vehicle"] = np.where(read.passage >= 0, owner[read.passage], -1) if len(owner) else -1
        trip = frames["trip"]
        stop = pd.DataFrame(
            {"vehicle": vehicles.get_indexer(trip.vehicle_key), "depart": trip.depart, "stop_s": trip.stop_before_s}
        )
        stop = stop[(stop.vehicle >= 0) & (stop.stop_s > 0)].sort_values(["vehicle", "depart"], ignore_index=True)
        visit = frames["visit"]
        last = visit.exit.fillna(visit.entry)
        visit = visit[last.notna()].assign(day=place.service_day(last.dropna()), longest_stop_s=np.inf)
        # an interval may be open to the end of time
        reach = (passage.t.min() - DAY_S, passage.t.max() + DAY_S) if len(passage) else (0.0, 0.0)
        camera = _hours(frames["camera"].assign(**{c: frames["camera"][c].clip(*reach) for c in ("from", "to")}))
        camera = camera.assign(day=place.service_day(camera["from"]))
        known = set(passage.day) if days is None else days
        made = cls(
            passage=passage[["vehicle", "day", "camera_id", "site_id", "t"]],
            read=read,
            stop=stop,
            visit=visit[visit.day.isin(known)].copy(),
            end=_ends(visit, vehicles=vehicles, place=place),
            camera=camera[camera.day.isin(known)].reset_index(drop=True),
            plate=pd.factorize(frames["vehicle"].plate.str.upper().str.replace(r"[^A-Z0-9]", "", regex=True))[0].astype(
                np.int64
            ),
            country=frames["vehicle"].country.reset_index(drop=True),
            vehicle_class=frames["vehicle"].vehicle_class.reset_index(drop=True),
            days=tuple(sorted(int(day) for day in known)),
            day_starts={int(day) + n: place.day_start(int(day) + n) for day in known for n in (0, 1)},
        )
        whole = (made.visit.entry.notna() & made.visit.exit.notna()).to_numpy()
        stays = made.visit[whole]
        made.visit.loc[whole, "longest_stop_s"] = made.longest_stop_s(
            vehicle=vehicles.get_indexer(stays.vehicle_key), start=stays.entry.to_numpy(), end=stays.exit.to_numpy()
        )
        return made

    @cached_property
    def has_plate_read(self) -> pd.Series:
        """Per passage, whether a camera read a plate, right or wrong."""
        some = self.read[self.read.status.isin(PLATE_READS)].passage
        return pd.Series(np.isin(np.arange(len(self.passage)), some), index=self.passage.index)

    @cached_property
    def _read_ids(self) -> pd.Index:
        ids: pd.Index = pd.Index(self.read.read_id)
        return ids

    def rows_of(self, read_id: pd.Series) -> Ints:
        """The row of ``read`` of each read_id, -1 for one that the truth does not know."""
        return self._read_ids.get_indexer(pd.Index(read_id)).astype(np.int64)

    def longest_stop_s(self, *, vehicle: Ints, start: Floats, end: Floats) -> Floats:
        """The longest stop of a vehicle that it left after ``start`` and not after ``end``, 0 without one; shapes (n,)."""
        origin = min((float(x.min()) for x in (start, self.stop.depart.to_numpy()) if len(x)), default=0.0)
        known = ordered_keys(self.stop.vehicle, self.stop.depart, origin=origin)
        low = np.searchsorted(known, ordered_keys(vehicle, start, origin=origin), side="right")
        high = np.searchsorted(known, ordered_keys(vehicle, end, origin=origin), side="right")
        if not len(low):
            return np.zeros(0)
        # reduceat takes the maximum over each [low, high); every second result lies between two questions, and is short
        # as long as they are asked in order
        order = np.argsort(low, kind="stable")
        lengths = np.append(self.stop.stop_s.to_numpy(float), 0.0)
        longest = np.zeros(len(low))
        longest[order] = np.maximum.reduceat(lengths, np.column_stack([low[order], high[order]]).ravel())[::2]
        return np.where(low < high, longest, 0.0)


def _ends(visit: pd.DataFrame, *, vehicles: pd.Index, place: Place) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "cordon_id": visit.cordon_id,
                "vehicle": vehicles.get_indexer(pd.Index(visit.vehicle_key)),
                "t": visit[column],
                "inwards": inwards,
            }
        )
        for column, inwards in (("entry", True), ("exit", False))
    ]
    ends = pd.concat(parts, ignore_index=True).dropna(subset="t")
    return ends.assign(day=place.service_day(ends.t))


def _hours(camera: pd.DataFrame) -> pd.DataFrame:
    """Intervals cut at full hours: columns of camera.csv and hour (since 1970), seconds."""
    first = hour_of(camera["from"])
    spans = np.maximum(np.ceil(camera["to"].to_numpy(float) / 3600).astype(np.int64) - first, 0)
    pieces = camera.loc[camera.index.repeat(spans)].reset_index(drop=True)
    pieces["hour"] = np.repeat(first, spans) + np.arange(len(pieces)) - np.repeat(np.cumsum(spans) - spans, spans)
    pieces["from"] = np.maximum(pieces["from"], pieces.hour * 3600.0)
    pieces["to"] = np.minimum(pieces["to"], (pieces.hour + 1) * 3600.0)
    pieces["seconds"] = pieces["to"] - pieces["from"]
    return pieces[pieces.seconds > 0]
