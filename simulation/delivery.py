"""Delivery: clocks and lines stamp the reads, files carry them, some twice, some late, with rubbish between."""

import datetime as dt
import gzip
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from simulation.cameras import HOURLY, NIGHTLY, CameraDay, Fleet
from simulation.place import Place
from simulation.reads import Reads
from simulation.settings import Settings
from simulation.suppliers import Lines, garbage, header, written
from simulation.text import key, picked, text_bytes

USUAL, NIGHT, AFTERWARDS, LATE = range(4)
_LATE_S = 20 * 3600.0  # most of a day: longer than any line is down, short of the next night's read-out
_FILE = 10_000  # hour, kind and camera of a file in one number; the camera is 0 where a file holds many
_NIGHT_S = 22.5 * 3600  # cameras without a line are read out at 02:30


@dataclass(frozen=True)
class Delivered:
    """What was written on a day: the reads' row numbers with their ids, and counts."""

    read: NDArray[np.int64]
    read_id: pa.Array
    lines: int
    files: int


def deliver(
    *,
    place: Place,
    settings: Settings,
    fleet: Fleet,
    day: dt.date,
    days: list[CameraDay],
    reads: Reads,
    shown: pa.Array,
    plain: pa.Array,
    landing: Path,
    rng: np.random.Generator,
) -> Delivered:
    """Write a service day's supplier files below ``landing``.

    Args:
        place: the city.
        settings: simulation.toml.
        fleet: the cameras.
        day: the service day; it is part of a file's name where the next day may write the same hour.
        days: the cameras on this day and the next.
        reads: the day's reads.
        shown: plates with separators, Arrow strings; ``reads.plate`` counts in them.
        plain: the same plates without separators.
        landing: the landing folder.
        rng: the day's chance.
    """
    second = reads.t >= days[0].end_s
    offset = np.where(
        second,
        days[1].clock_offset_s(camera=reads.camera, t=reads.t),
        days[0].clock_offset_s(camera=reads.camera, t=reads.t),
    )
    captured_ms = np.round((reads.t + offset) * 1000).astype(np.int64)
    received, kind = _received(settings=settings, fleet=fleet, days=days, reads=reads, rng=rng)
    received_ms = np.round(received * 1000).astype(np.int64)
    source_of = place.cameras.source.to_numpy()[reads.camera] if len(reads.camera) else np.zeros(0, str)
    way = np.array([{"in": 1, "out": 2}.get(d, 0) for d in place.sites.direction])
    site = {s: i for i, s in enumerate(place.sites.site_id)}
    own_way = way[np.array([site[s] for s in place.cameras.site_id])][reads.camera]
    names = [s or c for s, c in zip(place.cameras.supplier_camera_id, place.cameras.camera_id, strict=True)]
    rows_written, ids, lines_written, files = [], [], 0, 0
    for source, profile in place.profiles.items():
        rows = np.flatnonzero(source_of == source)
        file = ((received_ms[rows] // 3_600_000) * 4 + kind[rows]) * _FILE
        # a late camera's reads come in files of its own
        file += np.where(kind[rows] == LATE, reads.camera[rows] + 1, 0)
        order = np.lexsort((rows, captured_ms[rows], received_ms[rows], file))
        rows, file = rows[order], file[order]
        plates = plain if source in settings["delivery"]["without_separators"] else shown
        lines = Lines(
            read_id=key(prefix=f"{source[:2].upper()}{day:%Y%m%d}-", number=np.arange(len(rows)), width=8),
            plate=pc.if_else(pa.array(reads.plate[rows] < 0), "", plates.take(pa.array(np.maximum(reads.plate[rows], 0)))),
            camera=picked(names, reads.camera[rows]),
            captured_ms=captured_ms[rows],
            received_ms=received_ms[rows],
            confidence=np.round(reads.confidence[rows] * 1000).astype(np.int64),
            vehicle_class=reads.vehicle_class[rows],
            country=reads.country[rows],
            lane=reads.lane[rows],
            speed_kmh=reads.speed_kmh[rows],
            direction=np.where(reads.direction[rows] > 0, reads.direction[rows], own_way[rows]).astype(np.int64),
        )
        told = _write_source(
            source=source,
            profile=profile,
            cameras=list(place.cameras.camera_id),
            known_camera=next((n for n, s in zip(names, place.cameras.source, strict=True) if s == source), ""),
            settings=settings,
            day=day,
            file=file,
            text=written(lines=lines, profile=profile),
            read_id=lines.read_id,
            landing=landing,
            rng=rng,
        )
        rows_written.append(rows)
        ids.append(told.read_id)
        lines_written += told.lines
        files += told.files
    return Delivered(np.concatenate(rows_written), pa.concat_arrays(ids), lines_written, files)


def _received(
    *, settings: Settings, fleet: Fleet, days: list[CameraDay], reads: Reads, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """When the supplier received each read, and in which kind of file it comes, shapes (r,)."""
    options, n, start = settings["delivery"], len(reads.t), days[0].start_s
    received = reads.t + options["shortest_delay_s"] + options["delay_s"] * rng.lognormal(0, options["delay_sigma"], n)
    mode = fleet.delivery[reads.camera]
    # the moment of a batch, and how long it takes to pass
    batch = rng.uniform(options["batch_s"][0], options["batch_s"][1], n)
    next_hour = (np.floor(reads.t / 3600.0) + 1) * 3600.0
    next_night = start + _NIGHT_S + np.ceil((reads.t - start - _NIGHT_S) / 86400.0).clip(0) * 86400.0
    received = np.where(mode == HOURLY, next_hour + batch, received)
    received = np.where(mode == NIGHTLY, next_night + batch, received)
    down = days[0].line_down[reads.camera]
    held = (reads.t >= down[:, 0]) & (reads.t < down[:, 1])
    received = np.where(held, np.maximum(received, down[:, 1] + batch), received)
    kind = np.where(mode == NIGHTLY, NIGHT, USUAL)
    kind = np.where(received >= days[0].end_s, AFTERWARDS, kind)
    late = fleet.is_late[reads.camera]
    return received + np.where(late, _LATE_S, 0.0), np.where(late, LATE, kind).astype(np.int64)


def _write_source(
    *,
    source: str,
    profile: dict[str, Any],
    cameras: list[str],
    known_camera: str,
    settings: Settings,
    day: dt.date,
    file: NDArray[np.int64],
    text: pa.Array,
    read_id: pa.Array,
    landing: Path,
    rng: np.random.Generator,
) -> Delivered:
    """Write one supplier's sorted lines to its files; returns the ids in the order of the lines."""
    options, folder = settings["delivery"], landing / source
    folder.mkdir(parents=True, exist_ok=True)
    names, first = np.unique(file, return_index=True)
    bounds = np.append(first, len(file))
    ids: list[pa.Array] = []
    lines, written_files = 0, 0
    late, repeated = rng.random(len(names)), rng.random(len(names))
    days_late, bad = rng.integers(1, 4, len(names)), rng.poisson(options["garbage"] * np.diff(bounds))
    for number, (a, b) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        rubbish = garbage(profile=profile, camera=known_camera, n=int(bad[number]), rng=rng)
        # a rubbish line follows the read with this number
        after = np.sort(rng.integers(0, b - a, len(rubbish)))
        data = header(profile) + _with_rubbish(text=text.slice(a, b - a), rubbish=rubbish, after=after)
        if profile.get("compression", "none") == "gzip":
            data = _gzipped(data)
        waits = int(days_late[number]) if late[number] < options["late_file_share"] else 0
        name = _name(source=source, cameras=cameras, day=day, number=int(names[number]), waits=waits)
        ending = str(profile["files"]).rsplit("*", 1)[-1]
        (folder / f"{name}{ending}").write_bytes(data)
        lines += b - a + len(rubbish)
        written_files += 1
        if repeated[number] < options["repeated_share"]:
            (folder / f"{name}_again{ending}").write_bytes(data)
            lines += b - a + len(rubbish)
            written_files += 1
        if "read_id" in profile["columns"]:
            ids.append(read_id.slice(a, b - a))
        else:
            physical = np.arange(b - a) + 1 + bool(header(profile)) + np.searchsorted(after, np.arange(b - a))
            ids.append(_line_ids(source=source, sha256=hashlib.sha256(data).hexdigest(), line=physical))
    return Delivered(np.zeros(0, np.int64), pa.concat_arrays(ids) if ids else pa.array([], pa.string()), lines, written_files)


def _with_rubbish(*, text: pa.Array, rubbish: list[str], after: NDArray[np.int64]) -> bytes:
    if not rubbish:
        return text_bytes(text)
    parts, done = [], 0
    for line, row in zip(rubbish, after.tolist(), strict=True):
        parts += [text_bytes(text.slice(done, row + 1 - done)), line.encode()]
        done = row + 1
    return b"".join([*parts, text_bytes(text.slice(done))])


def _line_ids(*, source: str, sha256: str, line: NDArray[np.int64]) -> pa.Array:
    """Kordon's own read ids. No library hashes a column, so this loops, over a copied prefix: 0.8 s a million reads."""
    prefix = hashlib.sha256(f"{source}|{sha256}|".encode())
    out = []
    for number in line.tolist():
        one = prefix.copy()
        one.update(b"%d" % number)
        out.append(one.hexdigest())
    return pa.array(out, pa.string())


def _gzipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=buffer, mtime=0) as file:
        file.write(data)
    return buffer.getvalue()


def _name(*, source: str, cameras: list[str], day: dt.date, number: int, waits: int) -> str:
    number, camera = divmod(number, _FILE)
    hour = dt.datetime.fromtimestamp(number // 4 * 3600, dt.UTC)
    name = f"{source}_{hour:%Y%m%dT%HZ}"
    kinds = {
        USUAL: "",
        NIGHT: "_night",
        AFTERWARDS: f"_late_{day:%Y%m%d}",
        LATE: f"_{cameras[camera - 1]}_20h_{day:%Y%m%d}",
    }
    return name + kinds[number % 4] + (f"_plus{waits}d" if waits else "")
