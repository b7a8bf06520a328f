"""Columns of text made without a Python loop: numbers, instants and plates as Arrow strings."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_HMS = pa.array([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86400)])
_MS = pa.array([f".{ms:03d}" for ms in range(1000)])


def picked(words: list[str], index: NDArray[np.integer]) -> pa.Array:
    """Words by number, shape (n,); -1 picks an empty string."""
    return pa.array([*words, ""], pa.string()).take(pa.array(np.where(index < 0, len(words), index)))


def joined(*parts: pa.Array | str) -> pa.Array:
    """Columns and constant texts, one after another, row by row."""
    return pc.binary_join_element_wise(*[pa.scalar(p) if isinstance(p, str) else p for p in parts], pa.scalar(""))


def key(*, prefix: str, number: NDArray[np.int64], width: int) -> pa.Array:
    """Keys such as ``p20260302-0000123``; a number below zero gives an empty string."""
    digits = pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), width=width, padding="0")
    return pc.if_else(pa.array(number >= 0), joined(prefix, digits), "")


def local_offset_s(*, epoch_s: NDArray[np.float64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Seconds that local time is ahead of UTC at each instant, shape (n,)."""
    hours, inverse = np.unique(np.floor(epoch_s / 3600.0).astype(np.int64), return_inverse=True)
    offsets = []
    for hour in hours.tolist():
        offset = dt.datetime.fromtimestamp(hour * 3600, zone).utcoffset()
        offsets.append(int(offset.total_seconds()) if offset else 0)
    return np.array(offsets, np.int64)[inverse]


def stamps(*, epoch_ms: NDArray[np.int64], date: str, between: str, end: str = "") -> pa.Array:
    """Instants as text: the date in a strftime pattern, ``between``, the time with milliseconds, ``end``."""
    day, rest = np.divmod(epoch_ms, 86_400_000)
    days, inverse = np.unique(day, return_inverse=True)
    words = [(dt.date(1970, 1, 1) + dt.timedelta(days=d)).strftime(date) for d in days.tolist()]
    second, ms = np.divmod(rest, 1000)
    return joined(picked(words, inverse), between, _HMS.take(pa.array(second)), _MS.take(pa.array(ms)), end)


def iso(epoch_s: NDArray[np.float64]) -> pa.Array:
    """Instants as ISO 8601 in UTC with offset; NaN gives an empty string."""
    known = ~np.isnan(epoch_s)
    ms = np.round(np.where(known, epoch_s, 0.0) * 1000).astype(np.int64)
    return pc.if_else(pa.array(known), stamps(epoch_ms=ms, date="%Y-%m-%d", between="T", end="+00:00"), "")


def plates(chars: NDArray[np.uint8]) -> pa.Array:
    """Plates as text from a matrix of ASCII codes padded with zeros, shape (n, width)."""
    return pa.array(np.ascontiguousarray(chars).view(f"S{chars.shape[1]}").ravel(), pa.binary()).cast(pa.string())


def text_bytes(text: pa.Array) -> bytes:
    """The rows' texts, joined: in Arrow they already lie one after another."""
    if len(text) == 0:
        return b""
    offsets = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
    return bytes(memoryview(text.buffers()[2])[offsets[0] : offsets[-1]])
