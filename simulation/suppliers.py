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

_PATTERNS = {
    "dd/MM/yyyy HH:mm:ss.SSS": ("%d/%m/%Y", " "),
    "yyyy-MM-dd HH:mm:ss.SSS": ("%Y-%m-%d", " "),
    "iso": ("%Y-%m-%d", "T"),  # with the offset of the profile's zone
}
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
    parts: list[pa.Array | str] = []
    if profile["format"] == "csv":
        for name in _places(profile):
            parts += [fields[name] if name else "", profile["delimiter"]]
        return joined(*parts[:-1], "\n")
    if profile["format"] == "jsonl":
        columns = {str(column): fields[field] for field, column in profile["columns"].items()}
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


def _places(profile: dict[str, Any]) -> list[str]:
    """The fields of a CSV line from left to right; empty for a column that Kordon does not read."""
    columns = profile["columns"]
    if profile.get("header", True):
        return list(columns)
    at = {int(number): field for field, number in columns.items()}
    return [at.get(number, "") for number in range(1, max(at) + 1)]


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
    local = stamps(epoch_ms=epoch_ms + 1000 * offset, date=date, between=between)
    if pattern != "iso":
        return local
    known, inverse = np.unique(offset, return_inverse=True)
    return joined(local, picked([_offset_text(seconds) for seconds in known.tolist()], inverse))


def _offset_text(seconds: int) -> str:
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def garbage(*, profile: dict[str, Any], camera: str, n: int, rng: np.random.Generator) -> list[str]:
    """Lines that are no reads: cut off, too many columns, impossible times or confidences, unknown cameras, blank.

    None holds a plate that exists. ``camera`` is one that does, so that a line is wrong in one way. There are few, so they
    are made one by one.
    """
    makers = _CSV_GARBAGE if profile["format"] == "csv" else _JSON_GARBAGE
    kinds, digits = rng.integers(0, len(makers), n).tolist(), rng.integers(0, 10, n).tolist()
    return [makers[k](profile, camera, d) for k, d in zip(kinds, digits, strict=True)]


def _stamp(profile: dict[str, Any], *, day: str = "02", hour: int = 8, second: int = 0) -> str:
    """A time as the profile writes it: on 2 March 2026, or on a day of February that does not exist."""
    pattern = profile["time"]["formats"][0]
    if pattern == "epoch_ms":
        return str(1772434800000 + 1000 * second) if day == "02" else "-1"
    month, time = "03" if day == "02" else "02", f"{hour:02d}:00:{second:02d}.000"
    if "/" in pattern:
        return f"{day}/{month}/2026 {time}"
    return f"2026-{month}-{day}T{time}+01:00" if pattern == "iso" else f"2026-{month}-{day} {time}"


def _confidence(profile: dict[str, Any], *, thousandths: int) -> str:
    scale = profile["confidence"]["scale"]
    return f"{thousandths * scale / 1000:.{3 if scale == 1 else 1}f}".replace(".", profile["decimal"])


def _csv_line(profile: dict[str, Any], camera: str, **changed: str) -> str:
    usual = {
        "camera_id": camera,
        "captured_at": _stamp(profile),
        "received_at": _stamp(profile),
        "plate": "0-XXX-000",
        "confidence": _confidence(profile, thousandths=900),
        "lane": "1",
        "speed_kmh": f"50{profile['decimal']}0",
    } | changed
    return str(profile["delimiter"]).join(usual.get(field, "") for field in _places(profile))


def _json_line(profile: dict[str, Any], camera: str, *, digit: int, **changed: str) -> str:
    usual = {
        "read_id": f"GB-{digit}",
        "camera_id": camera,
        "captured_at": _stamp(profile),
        "received_at": _stamp(profile, second=1),
        "plate": "0XXX000",
        "confidence": _confidence(profile, thousandths=900),
        "lane": "1",
        "speed_kmh": "50.0",
    } | changed
    bare = {*_numbers(profile), *(field for field, value in usual.items() if value == "null")}
    cells = {c: usual[f] if f in bare else f'"{usual[f]}"' for f, c in profile["columns"].items() if f in usual}
    return "{" + ",".join(f'"{c}":{value}' for c, value in cells.items()) + "}\n"


_CSV_GARBAGE: list[Callable[[dict[str, Any], str, int], str]] = [
    lambda p, c, d: f"{d}{p['delimiter']}02/03/20\n",
    lambda p, c, d: _csv_line(p, c) + str(p["delimiter"]) * 3 + f"{d}\n",
    lambda p, c, d: _csv_line(p, c, captured_at=_stamp(p, day="31", hour=d)) + "\n",
    lambda p, c, d: _csv_line(p, f"99{d}") + "\n",
    lambda p, c, d: _csv_line(p, c, confidence=_confidence(p, thousandths=1000 * d + 2300)) + "\n",
    lambda p, c, d: _csv_line(p, c, captured_at="") + "\n",
    lambda p, c, d: "ERR buffer overflow\n",
    lambda p, c, d: "\n",
]
_JSON_GARBAGE: list[Callable[[dict[str, Any], str, int], str]] = [
    lambda p, c, d: _json_line(p, c, digit=d)[: 25 + d] + "\n",
    lambda p, c, d: _json_line(p, c, digit=d, captured_at="null"),
    lambda p, c, d: _json_line(p, f"99{d}", digit=d),
    lambda p, c, d: _json_line(p, c, digit=d, confidence=_confidence(p, thousandths=7300)),
    lambda p, c, d: _json_line(p, c, digit=d, captured_at=_stamp(p, day="31")),
    lambda p, c, d: "connection reset by peer\n",
    lambda p, c, d: "\n",
]
