"""The bytes of a text file, streamed once: hash, size, physical lines, the beginning, and whether a gzip is whole."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

HEAD_BYTES = 1 << 18
"""So much of the beginning is kept: longer than the longest line that is parsed, in any encoding."""

INFLATED = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31


class Broken(Enum):
    """Why a gzip is not whole, as an error code."""

    NO = ""
    ENDS_EARLY = "gzip_truncated"
    DAMAGED = "gzip_corrupt"


@dataclass(frozen=True)
class Content:
    """What one stream through a file tells. ``head`` and ``lines`` are of the inflated text, without a byte order mark."""

    size: int
    sha256: str
    is_gzip: bool
    broken: Broken
    lines: int
    head: bytes
    head_is_whole: bool


class LineCount:
    """Counts physical lines in chunks as Spark splits them: at CR LF, LF and CR; an unfinished last line counts."""

    def __init__(self) -> None:
        self._ends = 0
        self._last = b""

    def feed(self, chunk: bytes) -> None:
        if not chunk:
            return
        self._ends += chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")
        if self._last == b"\r" and chunk[:1] == b"\n":
            self._ends -= 1
        self._last = chunk[-1:]

    def total(self) -> int:
        return self._ends + (self._last not in (b"", b"\n", b"\r"))


class Inflater:
    """Inflates the members of a gzip; ``broken`` tells afterwards whether all of it came out."""

    def __init__(self) -> None:
        self.broken = Broken.ENDS_EARLY

    def inflate(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        member = None
        for chunk in chunks:
            rest = chunk
            while rest:
                if member is None:
                    # Some writers pad a gzip with zeros to a block size.
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    member, self.broken = zlib.decompressobj(_GZIP_WINDOW), Broken.ENDS_EARLY
                before = member.copy()
                try:
                    # A bounded output keeps a gzip of a gigabyte of zeros from filling the memory.
                    text = member.decompress(rest, INFLATED)
                except zlib.error:
                    self.broken = Broken.DAMAGED
                    yield _up_to_damage(before, rest)
                    return
                yield text
                rest = member.unconsumed_tail
                if member.eof:
                    rest, member, self.broken = member.unused_data, None, Broken.NO
        if member is not None:
            yield member.flush()
            if member.eof:
                self.broken = Broken.NO


def _up_to_damage(member: "zlib._Decompress", chunk: bytes) -> bytes:
    """What comes out of a chunk before the byte that zlib refuses: with the chunk at once it gives nothing."""
    found = bytearray()
    try:
        for byte in chunk:
            found += member.decompress(bytes([byte]))
    except zlib.error:
        pass
    return bytes(found)


def content_of(chunks: Iterable[bytes], *, is_part: bool = False) -> Content:
    """Stream a file's chunks once; of a part of a file it is no fault that it ends early."""
    digest, size = hashlib.sha256(), 0
    lines, inflater, head, length = LineCount(), Inflater(), bytearray(), 0

    def hashed() -> Iterator[bytes]:
        nonlocal size
        for chunk in source:
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    source = iter(chunks)
    raw = hashed()
    first = next(raw, b"")
    is_gzip = first.startswith(GZIP_MAGIC)
    texts = inflater.inflate(_again(first, raw)) if is_gzip else _again(first, raw)
    for text in texts:
        lines.feed(text)
        length += len(text)
        head += text[: HEAD_BYTES - len(head)]
    for _ in raw:
        # After damage the rest is not inflated, but it belongs to the hash.
        pass
    beginning = bytes(head).removeprefix(b"\xef\xbb\xbf")
    # Spark takes the mark away before it looks for lines: the mark alone is no line.
    total = lines.total() if beginning else 0
    broken = inflater.broken if is_gzip else Broken.NO
    if is_part and broken is Broken.ENDS_EARLY:
        broken = Broken.NO
    is_whole = length <= HEAD_BYTES and not is_part
    return Content(size, digest.hexdigest(), is_gzip, broken, total, beginning, is_whole)


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def first_lines(text: bytes, *, is_whole: bool, most: int) -> list[bytes]:
    """The first physical lines of a text; without its last one where that may go on behind the end."""
    found = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if not is_whole or not found[-1]:
        found.pop()
    return found[:most]
