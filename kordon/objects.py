"""Objects of an S3 store: the small files of a lake, read and written whole, and only as the writer last saw them.

Data goes through Spark; this is for a lease, a log, delivered files and listings.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kordon import s3
from kordon.errors import ConfigError, TryAgain

SCHEME = "s3a://"
LOST_ANSWERS_S = 10.0
"""So long a conditional write is sent again, which the client does not do by itself. A store that is away takes longer to fail."""


class Changed(Exception):  # noqa: N818 - it is no error: somebody else was faster
    """The object is not as the writer saw it: somebody else has written it since."""


@dataclass(frozen=True)
class Content:
    """What an object held, and the tag of that state."""

    data: bytes
    tag: str


@dataclass(frozen=True)
class Object:
    """One object."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"

    def read(self) -> Content | None:
        """Its content, or None when there is no such object.

        Raises:
            ConfigError: the bucket is not there, or these credentials may not read it.
            TryAgain: the store does not answer.
        """
        import obstore

        try:
            with s3.said(self.bucket):
                found = obstore.get(s3.store(self.bucket), self.key)
                return Content(bytes(found.bytes()), str(found.meta["e_tag"]))
        except FileNotFoundError:
            return None

    def write(self, data: bytes, *, instead_of: Content | None, content_type: str | None = None) -> Content:
        """Write it if it is still what was read, or if there is still none; decided by the store.

        A request whose answer is lost on the way is sent again, and may then meet itself: who gets :class:`Changed` looks whether
        what stands there is its own.

        Args:
            content_type: as what a browser is given it; without it as bytes.

        Raises:
            Changed: it is not.
            ConfigError, TryAgain: as :meth:`read`.
        """
        until = time.monotonic() + LOST_ANSWERS_S
        while True:
            try:
                return self._write(data, instead_of=instead_of, content_type=content_type)
            except TryAgain:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _write(self, data: bytes, *, instead_of: Content | None, content_type: str | None) -> Content:
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            with s3.said(self.bucket):
                mode: Any = {"e_tag": instead_of.tag} if instead_of else "create"
                told: Any = {"Content-Type": content_type} if content_type else None
                written = obstore.put(s3.store(self.bucket), self.key, data, mode=mode, attributes=told)
                return Content(data, str(written["e_tag"]))
        except (AlreadyExistsError, PreconditionError):
            raise Changed(str(self)) from None

    def head(self) -> tuple[int, float]:
        """Its size in bytes, and when it was written, in seconds since 1970.

        Raises:
            FileNotFoundError: there is no such object.
            ConfigError, TryAgain: as :meth:`read`.
        """
        import obstore

        with s3.said(self.bucket):
            found = obstore.head(s3.store(self.bucket), self.key)
            return int(found["size"]), found["last_modified"].timestamp()

    def part(self, start: int, length: int) -> bytes:
        """Some of its bytes.

        Raises:
            FileNotFoundError, ConfigError, TryAgain: as :meth:`head`.
        """
        import obstore

        with s3.said(self.bucket):
            return bytes(obstore.get_range(s3.store(self.bucket), self.key, start=start, length=length))

    def delete(self) -> None:
        """Delete it; a versioned bucket keeps it until :func:`forget`."""
        with s3.said(self.bucket):
            s3.client().remove_object(bucket_name=self.bucket, object_name=self.key)


def is_remote(uri: object) -> bool:
    """Whether a URI is of an object store and not of a folder."""
    return str(uri).startswith(SCHEME)


def at(uri: str, zone: str) -> str:
    """A lake's place in a zone: ``{zone}`` in its URI stands for the zone, so that each has a bucket of its own."""
    return uri.replace("{zone}", zone)


def split(uri: str) -> tuple[str, str]:
    """Bucket and prefix of a URI.

    Raises:
        ConfigError: it names no bucket.
    """
    bucket, _, prefix = uri.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise ConfigError(f"{uri} names no bucket: write s3a://bucket/prefix.")
    return bucket, prefix.rstrip("/")


def below(uri: str, name: str) -> Object:
    """The object of a name below a URI."""
    bucket, prefix = split(uri)
    return Object(bucket, f"{prefix}/{name}" if prefix else name)


def folders(uri: str) -> list[str]:
    """The names directly below a URI that hold objects."""
    import obstore

    bucket, prefix = split(uri)
    with s3.said(bucket):
        found = obstore.list_with_delimiter(s3.store(bucket), prefix=prefix or None)
        return sorted(str(path).rstrip("/").rsplit("/", 1)[-1] for path in found["common_prefixes"])


def listed(uri: str) -> Iterator[tuple[str, int, float]]:
    """Every object below a URI: its name below it, its bytes, and when it was written, in seconds since 1970."""
    import obstore

    bucket, prefix = split(uri)
    cut = len(prefix) + 1 if prefix else 0
    with s3.said(bucket):
        for chunk in obstore.list(s3.store(bucket), prefix=prefix or None):
            for found in chunk:
                yield str(found["path"])[cut:], int(found["size"]), found["last_modified"].timestamp()


def overwritten(uri: str) -> list[str]:
    """What a versioned bucket still holds below a URI although it was deleted or overwritten, marks of deletions included.

    Returns:
        ``key?versionId``, sorted; nothing where no version is kept.
    """
    return sorted(f"{key}?{version}" for key, version, _ in _past(uri))


def forget(uri: str) -> None:
    """Delete from a versioned bucket for good what was deleted or overwritten below a URI.

    Raises:
        ConfigError: these credentials may not, or the store kept something back.
        TryAgain: the store does not answer.
    """
    from minio.deleteobjects import DeleteObject

    bucket, _ = split(uri)
    # Data before the marks of their deletion: a mark alone taken away would bring a deleted file back.
    past = list(_past(uri))
    with s3.said(bucket):
        for is_mark in (False, True):
            gone = [DeleteObject(key, version) for key, version, mark in past if mark is is_mark]
            errors = list(s3.client().remove_objects(bucket_name=bucket, delete_object_list=gone)) if gone else []
            if errors:
                raise ConfigError(f"{bucket} keeps old versions, such as of {errors[0].name}: {errors[0].message}")


def _past(uri: str) -> Iterator[tuple[str, str, bool]]:
    """Key and version of what was deleted or overwritten, and whether it is a mark of a deletion."""
    bucket, prefix = split(uri)
    with s3.said(bucket):
        for found in s3.client().list_objects(bucket_name=bucket, prefix=f"{prefix}/", recursive=True, include_version=True):
            # The client hands on what the store wrote there: "true" or "false".
            if found.version_id and (str(found.is_latest).lower() != "true" or found.is_delete_marker):
                yield str(found.object_name), str(found.version_id), bool(found.is_delete_marker)
