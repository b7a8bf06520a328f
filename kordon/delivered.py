"""Where suppliers' files are: a folder, or a bucket and prefix whose objects answer what is asked of a file."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kordon import objects

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER = 4 << 20
"""Bytes of an object that are asked for at once."""


@dataclass(frozen=True, order=True)
class RemoteFile:
    """A delivered object; ``root`` is the landing folder's URI, ``file`` its name below it. As :class:`pathlib.Path` has it."""

    root: str
    file: str
    size: int = field(compare=False)
    modified: float = field(compare=False)

    def __str__(self) -> str:
        return f"{self.root}/{self.file}"

    def as_uri(self) -> str:
        return str(self)

    def is_file(self) -> bool:
        return True

    def is_dir(self) -> bool:
        return False

    def stat(self) -> Any:
        return SimpleNamespace(st_size=self.size, st_mtime=self.modified)

    def open(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_Reader(objects.below(self.root, self.file), self.size), BUFFER)

    def unlink(self) -> None:
        objects.below(self.root, self.file).delete()


@dataclass(frozen=True)
class RemoteFolder:
    """A bucket and prefix, as :class:`pathlib.Path` has a folder; ``below`` narrows it."""

    root: str
    below: str = ""

    def __str__(self) -> str:
        return self.root

    def __truediv__(self, name: str) -> "RemoteFolder":
        return RemoteFolder(self.root, f"{self.below}{name}/")

    def absolute(self) -> "RemoteFolder":
        return self

    def is_dir(self) -> bool:
        return True

    def glob(self, pattern: str) -> Iterator[RemoteFile]:
        """The objects whose name below this fits; ``**`` stands for any folders, as in a path."""
        fits = re.compile(_regex(pattern))
        return (file for file in self.rglob("*") if fits.fullmatch(file.file.removeprefix(self.below)))

    def rglob(self, pattern: str) -> Iterator[RemoteFile]:
        assert pattern == "*"
        for name, size, modified in objects.listed(f"{self.root}/{self.below}" if self.below else self.root):
            yield RemoteFile(self.root, f"{self.below}{name}", size, modified)


Landing = Path | RemoteFolder
Delivered = Path | RemoteFile


def landing(text: str) -> Landing:
    """A landing folder as the command line names it."""
    return RemoteFolder(text.rstrip("/")) if objects.is_remote(text) else Path(text)


def located(path: str, *, file: str) -> Delivered:
    """A delivered file again, from its path and its name below the landing folder.

    Raises:
        FileNotFoundError: the object is gone.
    """
    if not objects.is_remote(path):
        return Path(path)
    root = path.removesuffix(f"/{file}")
    size, modified = objects.below(root, file).head()
    return RemoteFile(root, file, size, modified)


def name_below(path: Delivered, folder: Landing) -> str:
    """A delivered file's name below its landing folder, with slashes."""
    return path.relative_to(str(folder)).as_posix() if isinstance(path, Path) else path.file


def _regex(pattern: str) -> str:
    parts = []
    for part in pattern.split("/"):
        # A segment of a pattern meets no slash, which fnmatch's star would.
        segment = translate(part).removeprefix("(?s:").removesuffix(r")\Z").replace(".*", "[^/]*").replace(r"(?s:.)", "[^/]")
        parts.append(r"(?:[^/]+/)*" if part == "**" else f"{segment}/")
    return "".join(parts).removesuffix("/")


class _Reader(io.RawIOBase):
    """The bytes of an object, asked for as they are read."""

    def __init__(self, source: objects.Object, size: int) -> None:
        self._source, self._size, self._at = source, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._size - self._at)
        if wanted <= 0:
            return 0
        data = self._source.part(self._at, wanted)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
