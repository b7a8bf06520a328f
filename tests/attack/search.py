"""Search every file below a folder for secrets, in the forms in which they could have been written."""

import base64
import bz2
import gzip
import hashlib
import io
import lzma
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def forms(secret: bytes) -> set[bytes]:
    """A secret as text, in other cases and encodings, and as the digests that a careless pseudonym would be."""
    found = {
        secret,
        secret.lower(),
        secret.decode("latin-1").encode("utf-16-le"),
        secret.hex().encode(),
        secret.hex().upper().encode(),
    }
    found.add(base64.b64encode(secret).rstrip(b"="))
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, secret)
        found |= {digest.digest(), digest.hexdigest().encode(), digest.hexdigest().upper().encode()}
    return found


def _unpacked(content: bytes) -> Iterator[bytes]:
    """The bytes as they are, and what any common compression hides in them."""
    yield content
    if content[:2] == b"\x1f\x8b":
        yield zlib.decompressobj(31).decompress(content)
    if content[:3] == b"BZh":
        yield bz2.decompress(content)
    if content[:6] == b"\xfd7zXZ\x00":
        yield lzma.decompress(content)
    if content[:4] == b"\x28\xb5\x2f\xfd":
        yield pa.input_stream(io.BytesIO(content), compression="zstd").read()
    if content[:4] == b"\x04\x22\x4d\x18":
        yield pa.input_stream(io.BytesIO(content), compression="lz4").read()
    if content[:4] == b"PAR1":
        yield from _parquet(content)


def _parquet(content: bytes) -> Iterator[bytes]:
    """Every string and binary value of a Parquet file, and its footer with the smallest and largest values."""
    file = pq.ParquetFile(io.BytesIO(content))
    yield str(file.metadata.to_dict()).encode()
    for batch in file.iter_batches():
        for column in batch.columns:
            if pa.types.is_string(column.type) or pa.types.is_binary(column.type) or pa.types.is_large_string(column.type):
                yield b"\x00".join(v.encode() if isinstance(v, str) else v for v in column.to_pylist() if v is not None)
            elif pa.types.is_nested(column.type):
                yield str(column.to_pylist()).encode()


def hits(folder: Path, secrets: Iterable[bytes], *, without: Iterable[Path] = ()) -> dict[str, int]:
    """How many of the secrets each file below a folder holds; files and their names are searched.

    Args:
        without: folders that may hold them.
    """
    wanted = [forms(secret) for secret in secrets]
    spared = [path.resolve() for path in without]
    found: dict[str, int] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or any(path.resolve().is_relative_to(s) for s in spared):
            continue
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # a running program deletes its own files meanwhile
            continue
        parts = [str(path.relative_to(folder)).encode(), *_unpacked(content)]
        count = sum(any(form in part for form in alternatives for part in parts) for alternatives in wanted)
        if count:
            found[str(path.relative_to(folder))] = count
    return found


def plant_controls(folder: Path, secrets: list[bytes]) -> int:
    """Write secrets in the ways that must be found, one file each, and return how many files were written."""
    folder.mkdir()
    first = secrets[0]
    (folder / "plain.txt").write_bytes(b"x" + first + b"y")
    (folder / "packed.gz").write_bytes(gzip.compress(b"x" + first))
    (folder / "digest.bin").write_bytes(b"x" + hashlib.sha256(first).digest())
    (folder / "base.txt").write_bytes(base64.b64encode(first))
    table = pa.table({"a": [first.decode("latin-1")], "b": [first]})
    pq.write_table(table, folder / "column.parquet", compression="zstd")
    pq.write_table(pa.table({"a": [[first.decode("latin-1")]]}), folder / "nested.parquet", compression="gzip")
    (folder / f"name-{first.decode('latin-1')}").write_bytes(b"")
    return 7
