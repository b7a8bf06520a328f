"""The landing folder: which supplier files are there, what they are, and which of them are new.

Everything here is known per file and happens on the driver, one stream through a file, a megabyte at a time.
"""

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from jobs.suppliers.file_content import Broken, Content, content_of
from jobs.suppliers.file_layout import Layout, UnusableError, csv_layout, parquet_layout
from kordon import objects
from kordon.city import Source
from kordon.delivered import Delivered, Landing, located, name_below

OK, TRUNCATED, UNREADABLE = "ok", "truncated", "unreadable"

CHANGED_WHILE_READING = "changed_while_reading"
"""Spark saw another number of lines than the driver: the file was still being written. Tried again by the next run."""

MISSING_COLUMN = "missing_column"

OTHER_CODECS = (".bz2", ".deflate", ".lz4", ".snappy", ".zst", ".xz", ".zip")
"""Spark would decompress some of these by their name, but nothing here can say whether they are whole."""

CHUNK = 1 << 20


@dataclass(frozen=True)
class Landed:
    """One delivered file. ``file`` is relative to the landing folder; ``lines`` are physical, as counted by the driver."""

    source: str
    file: str
    path: str
    bytes: int = 0
    sha256: str = ""
    lines: int = 0
    header_lines: int = 0
    status: str = OK
    error_code: str | None = None
    layout: Layout = field(default_factory=Layout)

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.file

    @property
    def is_usable(self) -> bool:
        return self.status != UNREADABLE


def matching(landing: Landing, *, source: str, files: str) -> list[Delivered]:
    """What a source's glob finds below its folder, sorted by name; folders only where the glob means files by name."""
    pattern_names_files = bool(files.rsplit("/", 1)[-1].strip("*"))
    found: Iterator[Delivered] = (path for path in (landing / source).glob(files) if pattern_names_files or not path.is_dir())
    return sorted(set(found))


def changed(
    landing: Landing,
    *,
    sources: Iterable[Source],
    known: Mapping[tuple[str, str], tuple[str, int]],
    retried: Collection[tuple[str, str]],
) -> list[Landed]:
    """The files that are new, or that differ from what was loaded, each looked through once.

    Args:
        known: (source, file) -> (SHA-256, bytes) of the files that were loaded.
        retried: files that are looked at again although they are the same.
    """
    found = [(source, path) for source in sources for path in matching(landing, source=source.source, files=source.files)]

    def look(item: tuple[Source, Delivered]) -> Landed | None:
        source, path = item
        seen = Landed(source.source, name_below(path, landing), str(path))
        before = known.get(seen.key)
        if before and seen.key not in retried and _is_same(path, sha256=before[0], size=before[1]):
            return None
        landed = inspect(seen, source=source)
        return landed if seen.key in retried or before is None or before[0] != landed.sha256 else None

    # Hashing and inflating release the interpreter's lock.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return [landed for landed in pool.map(look, found) if landed is not None]


def _is_same(path: Delivered, *, sha256: str, size: int) -> bool:
    try:
        if not sha256 or not path.is_file() or path.stat().st_size != size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def inspect(seen: Landed, *, source: Source) -> Landed:
    """A file's size, hash and lines, whether it is whole, and where its columns are. Never raises for a bad file."""
    return looked_at(seen, source=source)[0]


def looked_at(seen: Landed, *, source: Source, most_bytes: int | None = None) -> tuple[Landed, Content | None]:
    """A file as :func:`inspect` gives it, and the content of a text file.

    Args:
        most_bytes: look no further than this; size, hash and lines are then those of the beginning.
    """
    content = None
    refused = _refused_name(seen)
    try:
        path = located(seen.path, file=seen.file)
        if path.is_dir():
            return replace(seen, status=UNREADABLE, error_code="is_directory"), None
        if not path.is_file():
            return replace(seen, status=UNREADABLE, error_code="not_a_file"), None
        if source.format == "parquet":
            landed = _hashed(seen, path)
        else:
            content = content_of(_chunks(path, most_bytes=most_bytes), is_part=_is_longer(path, most_bytes))
            landed = replace(seen, bytes=content.size, sha256=content.sha256, lines=content.lines)
    except OSError:
        return replace(seen, status=UNREADABLE, error_code="cannot_be_read"), None
    if refused:
        return replace(landed, status=UNREADABLE, error_code=refused), content
    if content is None:
        return _laid_out_parquet(landed, path, source=source), None
    return _laid_out_text(landed, content, source=source), content


def _is_longer(path: Delivered, most_bytes: int | None) -> bool:
    return most_bytes is not None and path.stat().st_size > most_bytes


def _chunks(path: Delivered, *, most_bytes: int | None) -> Iterator[bytes]:
    left = most_bytes
    with path.open("rb") as file:
        while chunk := file.read(CHUNK if left is None else min(CHUNK, left)):
            yield chunk
            left = None if left is None else left - len(chunk)


def _hashed(seen: Landed, path: Delivered) -> Landed:
    with path.open("rb") as file:
        return replace(seen, sha256=hashlib.file_digest(file, "sha256").hexdigest(), bytes=path.stat().st_size)


def _refused_name(seen: Landed) -> str | None:
    """The code of a name that Spark cannot read: it skips hidden files without a word, and Hadoop paths know no colon."""
    name = seen.file.rsplit("/", 1)[-1]
    try:
        seen.path.encode("utf-8")
    except UnicodeEncodeError:
        return "unsupported_name"
    if name.startswith((".", "_")) or name.endswith("._COPYING_"):
        return "hidden_name"
    if ":" in seen.path.removeprefix(objects.SCHEME) or re.search(r"[\x00-\x1f]", seen.path):
        return "unsupported_name"
    if name.endswith(OTHER_CODECS):
        return "unsupported_compression"
    return None


def _laid_out_text(landed: Landed, content: Content, *, source: Source) -> Landed:
    if content.size and content.is_gzip != landed.file.endswith(".gz"):
        # Spark chooses the codec by the name alone: it would parse compressed bytes, or inflate text.
        code = "gzip_without_gz_name" if content.is_gzip else "not_gzip"
        return replace(landed, status=UNREADABLE, error_code=code)
    if content.broken is not Broken.NO:
        landed = replace(landed, status=TRUNCATED if content.head else UNREADABLE, error_code=content.broken.value)
    if source.format == "jsonl" or not content.head:
        return landed
    header_lines = min(1, landed.lines) if source.header else 0
    try:
        layout = csv_layout(
            content.head,
            is_whole=content.head_is_whole,
            encoding=source.encoding,
            delimiter=source.delimiter,
            has_header=source.header,
            columns=source.columns,
        )
    except UnusableError as fault:
        return replace(landed, header_lines=header_lines, status=UNREADABLE, error_code=fault.code)
    return replace(landed, header_lines=header_lines, layout=layout)


def _laid_out_parquet(landed: Landed, path: Delivered, *, source: Source) -> Landed:
    try:
        with path.open("rb") as file:
            layout, rows = parquet_layout(file, columns=source.columns)
    except UnusableError as fault:
        return replace(landed, lines=fault.lines, status=UNREADABLE, error_code=fault.code)
    return replace(landed, lines=rows, layout=layout)
