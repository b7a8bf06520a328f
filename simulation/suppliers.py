"""The lines of a supplier's files, written the way its source profile says that they are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kordon.errors import ConfigError
from simulation.place import CLASSES
from simulation.plates import COUNTRIES
from simulation.text import joined, local_offset_s, picked, stamps

_PATTERNS = {"dd/MM/yyyy HH:mm:ss.SSS": ("%d/%m/%Y", " "), "yyyy-MM-dd HH:mm:ss.SSS": ("%Y-%m-%d", " ")}
_CONFIDENCE = np.arange(1001)


@dataclass(frozen=True)
class Lines:
    """What the lines of one supplier say, shapes (r,): ``read_id`` and ``plate`` (as the supplier writes them, empty
    when unread) and ``camera`` (the supplier's name) are Arrow strings; ``captured_ms``, ``received_ms`` are epoch
    milliseconds; ``confidence`` is 0..1000; ``vehicle_class``, ``country`` are numbers; ``direction`` 0 none, 1 in, 2
    out."""

    read_id: pa.Array
    plate: pa.Array
    camera: pa.Array
    captured_ms: NDArray[np.int64]
    received_ms: NDArray[np.int64]
    confidence: NDArray[np.int64]
    vehicle_class: NDArray[np.int8]
    country: NDArray[np.int8]
    lane: NDArray[np.int64]
    speed_kmh: NDArray[np.float64]
    direction: NDArray[np.int64]


def written(*, lines: Lines, profile: dict[str, Any]) -> pa.Array:
    """Each read as one line of a CSV or JSON-lines file, with its line end, shape (r,)."""
    fields = _fields(lines=lines, profile=profile)
    columns = {str(column): fields[field] for field, column in profile["columns"].items()}
    if profile["format"] == "csv":
        parts: list[pa.Array | str] = []
        for value in columns.values():
            parts += [value, profile["delimiter"]]
        return joined(*parts[:-1], "\n")
    if profile["format"] == "jsonl":
        bare = {profile["columns"].get(f) for f in _numbers(profile)}
        parts = ["{"]
        for name, value in columns.items():
            quote = "" if name in bare else '"'
            parts += [f'"{name}":{quote}', value, f"{quote},"]
        return joined(*parts[:-1], '"}\n' if parts[-1] == '",' else "}\n")
    raise ConfigError(f"sources: the simulation writes csv and jsonl, not {profile['format']}; change format")


def header(profile: dict[str, Any]) -> bytes:
    """The header line of a supplier's files, empty when there is none."""
    if profile["format"] != "csv" or not profile.get("header", True):
        return b""
    return (str(profile["delimiter"]).join(profile["columns"].values()) + "\n").encode()


def _numbers(profile: dict[str, Any]) -> list[str]:
    numbers = ["confidence", "lane", "speed_kmh"]
    return [*numbers, "captured_at", "received_at"] if profile["time"]["formats"][0] == "epoch_ms" else numbers


def _fields(*, lines: Lines, profile: dict[str, Any]) -> dict[str, pa.Array]:
    def words(table: str, values: tuple[str, ...]) -> list[str]:
        back = {kordon: supplier for supplier, kordon in reversed(profile[table].items())}
        return [back.get(v, "" if table != "classes" else "n/a") for v in values]

    mark, scale = profile["decimal"], profile["confidence"]["scale"]
    confidence = [f"{c * scale / 1000:.{3 if scale == 1 else 1}f}".replace(".", mark) for c in _CONFIDENCE]
    speed = [f"{k / 10:.1f}".replace(".", mark) for k in range(2000)]
    # suppliers have two ways to say that no plate was read
    unread = list(profile["plates"]["unread"])
    which = np.asarray(lines.confidence) % max(len(unread), 1)
    plate = pc.if_else(pc.equal(lines.plate, ""), picked(unread, which), lines.plate)
    return {
        "read_id": lines.read_id,
        "camera_id": lines.camera,
        "captured_at": _instants(epoch_ms=lines.captured_ms, profile=profile),
        "received_at": _instants(epoch_ms=lines.received_ms, profile=profile),
        "plate": plate,
        "country": picked(words("countries", COUNTRIES), lines.country),
        "confidence": picked(confidence, lines.confidence),
        "vehicle_class": picked(words("classes", CLASSES), lines.vehicle_class),
        "direction": picked(["", *words("directions", ("in", "out"))], lines.direction),
        "lane": picked(["", "1", "2"], lines.lane + 1),
        "speed_kmh": picked(speed, np.clip(np.round(lines.speed_kmh * 10), 0, 1999).astype(np.int64)),
    }


def _instants(*, epoch_ms: NDArray[np.int64], profile: dict[str, Any]) -> pa.Array:
    pattern = profile["time"]["formats"][0]
    if pattern == "epoch_ms":
        return pc.cast(pa.array(epoch_ms), pa.string())
    if pattern not in _PATTERNS:
        raise ConfigError(f"sources: the simulation cannot write times as {pattern}; known: epoch_ms, {', '.join(_PATTERNS)}")
    date, between = _PATTERNS[pattern]
    offset = local_offset_s(epoch_s=epoch_ms / 1000.0, zone=ZoneInfo(profile["time"]["zone"]))
    return stamps(epoch_ms=epoch_ms + 1000 * offset, date=date, between=between)


def garbage(*, profile: dict[str, Any], n: int, rng: np.random.Generator) -> list[str]:
    """Lines that are no reads: cut off, too many columns, impossible times or confidences, unknown cameras, blank.

    None holds a plate that exists. There are few, so they are made one by one.
    """
    makers = _CSV_GARBAGE if profile["format"] == "csv" else _JSON_GARBAGE
    kinds, digits = rng.integers(0, len(makers), n).tolist(), rng.integers(0, 10, n).tolist()
    return [makers[k](profile, d) for k, d in zip(kinds, digits, strict=True)]


def _csv_line(profile: dict[str, Any], **changed: str) -> str:
    stamp = "02/03/2026 08:00:00.000" if "/" in profile["time"]["formats"][0] else "2026-03-02 08:00:00.000"
    usual = {
        "camera_id": "1",
        "captured_at": stamp,
        "received_at": stamp,
        "plate": "0-XXX-000",
        "confidence": f"0{profile['decimal']}900",
        "lane": "1",
        "speed_kmh": f"50{profile['decimal']}0",
    } | changed
    return str(profile["delimiter"]).join(usual.get(field, "") for field in profile["columns"])


def _json_line(profile: dict[str, Any], *, digit: int, **changed: str) -> str:
    usual = {
        "read_id": f'"GB-{digit}"',
        "camera_id": '"1"',
        "captured_at": "1772434800000",
        "received_at": "1772434801000",
        "plate": '"0XXX000"',
        "confidence": "90.0",
        "lane": "1",
        "speed_kmh": "50.0",
    } | changed
    return "{" + ",".join(f'"{c}":{usual[f]}' for f, c in profile["columns"].items() if f in usual) + "}\n"


_CSV_GARBAGE: list[Callable[[dict[str, Any], int], str]] = [
    lambda p, d: f"{d}{p['delimiter']}02/03/20\n",
    lambda p, d: _csv_line(p) + str(p["delimiter"]) * 3 + f"{d}\n",
    lambda p, d: _csv_line(p, captured_at=f"31/02/2026 0{d}:00:00.000") + "\n",
    lambda p, d: _csv_line(p, camera_id=f"99{d}") + "\n",
    lambda p, d: _csv_line(p, confidence=f"{d + 2}{p['decimal']}300") + "\n",
    lambda p, d: _csv_line(p, captured_at="") + "\n",
    lambda p, d: "ERR buffer overflow\n",
    lambda p, d: "\n",
]
_JSON_GARBAGE: list[Callable[[dict[str, Any], int], str]] = [
    lambda p, d: _json_line(p, digit=d)[: 25 + d] + "\n",
    lambda p, d: _json_line(p, digit=d, captured_at="null"),
    lambda p, d: _json_line(p, digit=d, camera_id=f'"99{d}"'),
    lambda p, d: _json_line(p, digit=d, confidence="730.0"),
    lambda p, d: _json_line(p, digit=d, captured_at="-1"),
    lambda p, d: "connection reset by peer\n",
    lambda p, d: "\n",
]
