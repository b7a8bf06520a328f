"""Releases in an object store: a working copy on this machine, which everything else reads and writes as the folder that it is.

The store is the truth. What it has and the copy lacks is fetched before anything is decided; a version is uploaded before it takes its
place in the copy. ``approval.json`` is uploaded last: a version that has one has all its files, and one that has none is of a run that
died, which its command finishes. Of a staged release it is ``staged.json``.
"""

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from kordon import lease, objects
from kordon.errors import ConfigError, TryAgain
from kordon.log import say
from kordon.state import copies, uri_of
from publication import versions

CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".geojson": "application/geo+json",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
}
"""As what a browser is given a file; it shows a page, and offers the rest."""
OWNER_ONLY = 0o700


def is_copy(folder: Path) -> bool:
    """Whether a folder is a working copy of a place in a store."""
    return objects.is_remote(uri_of(folder))


@contextmanager
def publishing(folder: Path, *, lake: str | Path) -> Iterator[None]:
    """Of a place in a store nobody else publishes or withdraws releases of the lake meanwhile, and the copy is what is there.

    Raises:
        TryAgain: somebody does, or the store does not answer.
    """
    if not is_copy(folder):
        yield
        return
    with lease.publisher(lake, say=say):
        fetch(folder)
        yield


def fetch(folder: Path) -> None:
    """Give a working copy every published version that the store has at its place or below, as it is there; withdrawn ones too.

    What was published and is not in the store any more stays in the copy: its number is taken.

    Raises:
        ConfigError: these credentials may not read the place.
        TryAgain: the store does not answer, or changed meanwhile.
    """
    if is_copy(folder):
        _fetch(folder, _versions(uri_of(folder)), mode=0o755)


def fetch_folders(area: Path, *, whole_with: str) -> None:
    """Give a working copy every folder that the store has directly below its place, with all that is below, as it is there.

    Args:
        whole_with: the file that was uploaded last; a folder without it is of a run that died, or is still being uploaded.

    Raises:
        ConfigError, TryAgain: as :func:`fetch`.
    """
    if is_copy(area):
        found = _folders(uri_of(area))
        _fetch(area, {name: files for name, files in found.items() if whole_with in files}, mode=OWNER_ONLY)


def upload_folder(work: Path, target: Path, *, last: str) -> None:
    """Put a finished folder at the place of which ``target`` is the working copy; nothing to do when that is a folder.

    Its name must tell its bytes: what a run that died left of it is then the same.

    Args:
        last: the file that says that it is whole.

    Raises:
        ConfigError, TryAgain: as :func:`fetch`.
    """
    if is_copy(target):
        uri, names = uri_of(target), sorted(path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file())
        for name in sorted(names, key=lambda name: name == last):
            _put(objects.below(uri, name), (work / name).read_bytes(), is_replaced=False)


def delete_unfinished(area: Path, *, whole_with: str, before: datetime) -> None:
    """Delete the folders of :func:`upload_folder` that nobody finished since a time."""
    if is_copy(area):
        uri = uri_of(area)
        found = _folders(uri)
        for name, _, written_at in list(objects.listed(uri)):
            if whole_with not in found.get(name.partition("/")[0], {}) and written_at < before.timestamp():
                objects.below(uri, name).delete()


def upload(work: Path, target: Path) -> None:
    """Publish a finished folder at the place of which ``target`` is the working copy; nothing to do when that is a folder.

    Of a run that died before its approval, data must be that of this one: somebody may have read it. What is said about it is replaced.

    Raises:
        ConfigError: another run left other data; or as :func:`fetch`.
        TryAgain: another machine writes the version; or as :func:`fetch`.
    """
    if not is_copy(target):
        return
    uri = uri_of(target)
    mine = sorted(work.iterdir(), key=lambda path: (path.name == versions.APPROVAL, path.name))
    there = {name: objects.below(uri, name).read() for name, *_ in objects.listed(uri)}
    same = {path.name for path in mine if (left := there.get(path.name)) is not None and left.data == path.read_bytes()}
    if strange := sorted({*there} - same - {path.name for path in mine if path.name in versions.ABOUT}):
        raise ConfigError(
            f"{uri} holds {', '.join(strange)} of another release, whose run died before it was published; who may read that place may "
            "have read them. Show the officer, delete them with the account withdraw, and run the same command again."
        )
    for path in mine:
        _put(
            objects.below(uri, path.name), path.read_bytes(), is_replaced=path.name in there and path.name != versions.APPROVAL
        )


def put(file: Path, text: str, *, is_replaced: bool) -> None:
    """Write a file of a published version in the store, before it is written in the copy.

    Args:
        is_replaced: whether there may be one.

    Raises:
        TryAgain: somebody else wrote it meanwhile; or as :func:`fetch`.
    """
    if is_copy(file):
        _put(objects.below(uri_of(file.parent), file.name), text.encode(), is_replaced=is_replaced)


def left(folder: Path, *, keep: Collection[str]) -> list[str]:
    """The objects of a version that are none of those to keep, old versions of all included."""
    if not is_copy(folder):
        return []
    uri = uri_of(folder)
    return [*(name for name, *_ in objects.listed(uri) if name not in keep), *objects.overwritten(uri)]


def delete(folder: Path, *, keep: Collection[str]) -> None:
    """Delete a version's objects but for those to keep; where the bucket has versions, every old one.

    Raises:
        ConfigError, TryAgain: as :func:`fetch`.
    """
    if not is_copy(folder):
        return
    uri = uri_of(folder)
    for name in [name for name, *_ in objects.listed(uri) if name not in keep]:
        objects.below(uri, name).delete()
    objects.forget(uri)


def _versions(uri: str) -> dict[str, dict[str, int]]:
    """The published versions below a place: their folders, each with its files and their bytes."""
    found: dict[str, dict[str, int]] = {}
    for key, size, _ in objects.listed(uri):
        folder, _, name = key.rpartition("/")
        found.setdefault(folder, {})[name] = size
    return {
        folder: files
        for folder, files in found.items()
        if versions.APPROVAL in files
        and versions.VERSION.fullmatch(f"{uri}/{folder}".rstrip("/").rpartition("/")[2])
        and not {".", ".."} & {*folder.split("/"), *files}
    }


def _folders(uri: str) -> dict[str, dict[str, int]]:
    """The folders directly below a place, each with the names of the files below it and their bytes."""
    found: dict[str, dict[str, int]] = {}
    for key, size, _ in objects.listed(uri):
        folder, _, name = key.partition("/")
        if name and not {"", ".", ".."} & {folder, *name.split("/")}:
            found.setdefault(folder, {})[name] = size
    return found


def _fetch(place: Path, folders: Mapping[str, Mapping[str, int]], *, mode: int) -> None:
    home = copies()
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(OWNER_ONLY)
    with versions.alone(home):
        for name, files in folders.items():
            target = place / name
            if files != _sizes(target):
                _download(f"{uri_of(place)}/{name}".rstrip("/"), list(files), target, mode=mode)


def _sizes(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if not path.is_dir()}


def _download(uri: str, names: list[str], target: Path, *, mode: int) -> None:
    with versions.building(target.parent) as work:
        for name in names:
            found = objects.below(uri, name).read()
            if found is None:
                raise TryAgain(f"{uri} changed while it was read: run the same command again.")
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(found.data)
        if target.is_dir():
            shutil.rmtree(target)
        versions.settle(work, target, mode=mode)


def _put(there: objects.Object, data: bytes, *, is_replaced: bool) -> None:
    found = there.read() if is_replaced else None
    if found is not None and found.data == data:
        return
    try:
        there.write(data, instead_of=found, content_type=CONTENT_TYPES.get(Path(there.key).suffix))
    except objects.Changed:
        # Or the store wrote it, and its answer was lost on the way.
        now = there.read()
        if now is None or now.data != data:
            raise TryAgain(f"{there} was written by another machine meanwhile: run the same command again.") from None
