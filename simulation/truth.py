"""The truth folder: gzipped CSV files that grow a day at a time."""

import datetime as dt
import gzip
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulation.cameras import CameraDay
from simulation.cordons import Visits
from simulation.delivery import Delivered
from simulation.place import CLASSES, Place
from simulation.plates import COUNTRIES
from simulation.population import Population
from simulation.reads import STATUSES, Reads
from simulation.sight import Seen
from simulation.text import iso, joined, key, picked, plates, text_bytes
from simulation.traffic import Movements

_HEADERS = {
    "vehicle": "vehicle_key,plate,country,vehicle_class",
    "passage": "passage_key,vehicle_key,camera_id,t",
    "read": "read_id,passage_key,status",
    "trip": "vehicle_key,trip_key,depart,arrive,stop_before_s",
    "visit": "vehicle_key,cordon_id,entry_gate_id,entry,exit_gate_id,exit,stopped",
    "camera": "camera_id,from,to,q,clock_offset_s,is_up",
}


class Truth:
    """Writes ``truth/``; use it as a context manager."""

    def __init__(self, *, folder: Path, place: Place, population: Population) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._place, self._population = place, population
        self._files = {}
        for name, header in _HEADERS.items():
            raw = (folder / f"{name}.csv.gz").open("wb")
            self._files[name] = (raw, gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0))
            self._files[name][1].write(f"{header}\n".encode())
        self._active = np.zeros(len(population.role), bool)

    def __enter__(self) -> "Truth":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._vehicles()
        for raw, file in self._files.values():
            file.close()
            raw.close()

    def add_day(
        self,
        *,
        day: dt.date,
        days: list[CameraDay],
        moves: Movements,
        seen: Seen,
        reads: Reads,
        delivered: Delivered,
        visits: list[Visits],
        q: NDArray[np.float64],
        nominal_q: NDArray[np.float64],
    ) -> None:
        """Add a service day. ``q`` and ``nominal_q`` have shape (cameras, hours); the second stands where nothing
        passed."""
        start, tag = days[0].start_s, f"{day:%Y%m%d}"
        self._active[moves.trip_vehicle] = True
        trips = np.arange(len(moves.trip_vehicle))
        before = np.nan_to_num(np.round(moves.trip_stop_before), nan=-1).astype(np.int64)
        self._write(
            "trip",
            _vehicle(moves.trip_vehicle),
            key(prefix=f"t{tag}-", number=trips, width=7),
            iso(start + moves.trip_depart),
            iso(start + moves.trip_arrive),
            key(prefix="", number=before, width=1),
        )
        rows = np.flatnonzero(seen.camera >= 0)
        cameras = list(self._place.cameras.camera_id)
        self._write(
            "passage",
            key(prefix=f"p{tag}-", number=rows, width=7),
            _vehicle(seen.vehicle[rows]),
            picked(cameras, seen.camera[rows]),
            iso(seen.t[rows]),
        )
        passage, status = reads.passage[delivered.read], reads.status[delivered.read]
        self._write("read", delivered.read_id, key(prefix=f"p{tag}-", number=passage, width=7), picked(list(STATUSES), status))
        for visit in visits:
            self._write(
                "visit",
                _vehicle(visit.vehicle),
                picked([visit.cordon_id], np.zeros(len(visit.vehicle), np.int64)),
                picked(visit.gate_ids, visit.entry_gate),
                iso(start + visit.entry_t),
                picked(visit.gate_ids, visit.exit_gate),
                iso(start + visit.exit_t),
                picked(["false", "true"], visit.stopped.astype(np.int64)),
            )
        self._cameras(day=days[0], q=np.where(np.isnan(q), nominal_q, q))

    def _cameras(self, *, day: CameraDay, q: NDArray[np.float64]) -> None:
        """Blocks of at most an hour, cut where a camera goes down or comes up and where its clock jumps."""
        hours = np.arange(day.start_s, day.end_s, 3600.0)
        valid_from, valid_to = self._place.validity()
        camera, begin, end = [], [], []
        for number in range(len(self._place.cameras)):
            cuts = [
                *hours,
                day.end_s,
                *day.down[number].ravel(),
                day.step_at[number],
                valid_from[number],
                valid_to[number],
            ]
            inside = np.unique([c for c in cuts if day.start_s <= c <= day.end_s])
            keep = (inside[:-1] >= valid_from[number]) & (inside[1:] <= valid_to[number])
            camera.append(np.full(int(keep.sum()), number))
            begin.append(inside[:-1][keep])
            end.append(inside[1:][keep])
        cameras, a, b = np.concatenate(camera), np.concatenate(begin), np.concatenate(end)
        middle = (a + b) / 2
        hour = np.minimum(((middle - day.start_s) / 3600).astype(np.int64), q.shape[1] - 1)
        up = day.is_up(camera=cameras, t=middle)
        offset = day.clock_offset_s(camera=cameras, t=middle)
        self._write(
            "camera",
            picked(list(self._place.cameras.camera_id), cameras),
            iso(a),
            iso(b),
            pa.array([f"{v:.4f}" for v in q[cameras, hour]], pa.string()),
            pa.array([f"{v:.3f}" for v in offset], pa.string()),
            picked(["false", "true"], up.astype(np.int64)),
        )

    def _vehicles(self) -> None:
        rows = np.flatnonzero(self._active)
        people = self._population
        self._write(
            "vehicle",
            _vehicle(rows),
            plates(people.plain[rows]),
            picked(list(COUNTRIES), people.country[rows]),
            picked(list(CLASSES), people.vehicle_class[rows]),
        )

    def _write(self, name: str, *columns: pa.Array) -> None:
        parts: list[pa.Array | str] = []
        for column in columns:
            parts += [column, ","]
        if len(columns[0]):
            self._files[name][1].write(text_bytes(joined(*parts[:-1], "\n")))


def _vehicle(number: NDArray[np.int64]) -> pa.Array:
    return key(prefix="v", number=number, width=7)
