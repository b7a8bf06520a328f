"""Objects of an S3 store: the small files of a lake, read and written whole, and only as the writer last saw them.

Data goes through Spark; this is for a lease, a log and listings. The ordinary AWS variables say who acts and where, for Python and
for Spark alike: ``AWS_SHARED_CREDENTIALS_FILE`` and ``AWS_PROFILE`` name a mounted file, ``AWS_ENDPOINT_URL`` the server,
``AWS_REGION`` its region. A secret is never an argument, a setting of Spark or a log line.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kordon.errors import ConfigError, KordonError, TryAgain

if TYPE_CHECKING:
    from minio import Minio
    from minio.credentials.credentials import Credentials
    from obstore.store import S3Store

SCHEME = "s3a://"
AWAY = (
    "AWSClientIOException",
    "AWSServiceThrottled",
    "AWSStatus5",
    "AWSApiCallTimeout",
    "SdkClientException",
    "ConnectException",
)
"""Parts of the names of Java's errors when a store does not answer, or answers that it cannot now."""

REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")


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
            with _said(self.bucket):
                found = obstore.get(_store(self.bucket), self.key)
                return Content(bytes(found.bytes()), str(found.meta["e_tag"]))
        except FileNotFoundError:
            return None

    def write(self, data: bytes, *, instead_of: Content | None) -> Content:
        """Write it if it is still what was read, or if there is still none; one request, decided by the store.

        Raises:
            Changed: it is not.
            ConfigError, TryAgain: as :meth:`read`.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            with _said(self.bucket):
                mode: Any = {"e_tag": instead_of.tag} if instead_of else "create"
                written = obstore.put(_store(self.bucket), self.key, data, mode=mode)
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

        with _said(self.bucket):
            found = obstore.head(_store(self.bucket), self.key)
            return int(found["size"]), found["last_modified"].timestamp()

    def part(self, start: int, length: int) -> bytes:
        """Some of its bytes.

        Raises:
            FileNotFoundError, ConfigError, TryAgain: as :meth:`head`.
        """
        import obstore

        with _said(self.bucket):
            return bytes(obstore.get_range(_store(self.bucket), self.key, start=start, length=length))

    def delete(self) -> None:
        """Delete it; a versioned bucket keeps it until :func:`forget`."""
        with _said(self.bucket):
            client().remove_object(bucket_name=self.bucket, object_name=self.key)


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
    with _said(bucket):
        found = obstore.list_with_delimiter(_store(bucket), prefix=prefix or None)
        return sorted(str(path).rstrip("/").rsplit("/", 1)[-1] for path in found["common_prefixes"])


def listed(uri: str) -> Iterator[tuple[str, int, float]]:
    """Every object below a URI: its name below it, its bytes, and when it was written, in seconds since 1970."""
    import obstore

    bucket, prefix = split(uri)
    cut = len(prefix) + 1 if prefix else 0
    with _said(bucket):
        for chunk in obstore.list(_store(bucket), prefix=prefix or None):
            for found in chunk:
                yield str(found["path"])[cut:], int(found["size"]), found["last_modified"].timestamp()


def overwritten(uri: str) -> list[str]:
    """What a versioned bucket still holds below a URI although it was deleted or overwritten, marks of deletions included.

    Returns:
        ``key?versionId``, sorted; nothing where no version is kept.
    """
    return sorted(f"{key}?{version}" for key, version in _past(uri))


def forget(uri: str) -> None:
    """Delete from a versioned bucket for good what was deleted or overwritten below a URI.

    Raises:
        ConfigError: these credentials may not, or the store kept something back.
        TryAgain: the store does not answer.
    """
    from minio.deleteobjects import DeleteObject

    bucket, _ = split(uri)
    with _said(bucket):
        gone = [DeleteObject(key, version) for key, version in _past(uri)]
        errors = list(client().remove_objects(bucket_name=bucket, delete_object_list=gone)) if gone else []
        if errors:
            raise ConfigError(f"{bucket} keeps old versions, such as of {errors[0].name}: {errors[0].message}")


def _past(uri: str) -> Iterator[tuple[str, str]]:
    bucket, prefix = split(uri)
    with _said(bucket):
        for found in client().list_objects(bucket_name=bucket, prefix=f"{prefix}/", recursive=True, include_version=True):
            if found.version_id not in (None, "null") and (not found.is_latest or found.is_delete_marker):
                yield str(found.object_name), str(found.version_id)


def endpoint() -> str:
    """The address of the store.

    Raises:
        ConfigError: nothing says it.
    """
    found = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if not found:
        raise ConfigError("No object store is named: set AWS_ENDPOINT_URL, or [store] endpoint in city.toml.")
    return found


def region() -> str:
    return os.environ.get("AWS_REGION") or "us-east-1"


def credentials() -> "Credentials":
    """The keys of the profile ``AWS_PROFILE`` in the file ``AWS_SHARED_CREDENTIALS_FILE``.

    Raises:
        ConfigError: there is no such file or profile, or others than its owner can read it.
    """
    return keys_in(credentials_file(), profile=os.environ.get("AWS_PROFILE") or "default")


def keys_in(name: str, *, profile: str = "default") -> "Credentials":
    """The keys of a profile in an AWS credentials file.

    Raises:
        ConfigError: as :func:`credentials`.
    """
    from minio.credentials.providers import AWSConfigProvider

    try:
        if Path(name).stat().st_mode & 0o077:
            raise ConfigError(f"The credentials in {name} can be read by others than their owner: run `chmod 600 {name}`.")
        return AWSConfigProvider(name, profile).retrieve()
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise ConfigError(f"The credentials file {name} {what}: name one with AWS_SHARED_CREDENTIALS_FILE.") from None
    except ValueError:
        raise ConfigError(f"{name} has no keys of the profile {profile}: set AWS_PROFILE, or add them.") from None


def credentials_file() -> str:
    return os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or str(Path.home() / ".aws" / "credentials")


def spark_settings() -> dict[str, str]:
    """What a Spark session needs to reach the store as the environment names it; no secret is among it."""
    return {
        "spark.hadoop.fs.s3a.endpoint": endpoint(),
        "spark.hadoop.fs.s3a.endpoint.region": region(),
        "spark.hadoop.fs.s3a.path.style.access": "true",
        # Reads the file that the variables name, on the driver and on each executor.
        "spark.hadoop.fs.s3a.aws.credentials.provider": "software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider",
        "spark.executorEnv.AWS_SHARED_CREDENTIALS_FILE": credentials_file(),
        "spark.executorEnv.AWS_PROFILE": os.environ.get("AWS_PROFILE") or "default",
        # What waits for its upload holds plates: in memory, since Hadoop would leave it readable in a temporary folder.
        "spark.hadoop.fs.s3a.fast.upload.buffer": "bytebuffer",
        "spark.hadoop.fs.s3a.multipart.size": "32M",
        # A store that is restarted is away for a minute; ten tries, each twice as late as the one before, outlast it.
        "spark.hadoop.fs.s3a.retry.limit": "10",
        "spark.hadoop.fs.s3a.retry.interval": "200ms",
        "spark.hadoop.fs.s3a.attempts.maximum": "3",
        "spark.hadoop.fs.s3a.connection.establish.timeout": "5s",
    }


def refusal(error: BaseException) -> KordonError | None:
    """What a failure of Spark says to a user when the store is behind it: it is away, or it refuses; else None.

    Java's errors are known by their names; a task's reaches the driver as text within the failure of its job.
    """
    cause: Any = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    cause = getattr(cause, "java_exception", cause)
    said = f"{cause.toString()} {_causes(cause)}" if hasattr(cause, "getCause") else ""
    if "fs.s3a" not in said and "awssdk" not in said:
        return None
    if any(mark in said for mark in REFUSED):
        return ConfigError(
            f"The store lets {_profile()} not do what this command does: give it the account that may (docs/engineer/store.md)."
        )
    return away() if any(mark in said for mark in AWAY) else None


def _causes(thrown: Any) -> str:
    names: list[str] = []
    while (thrown := thrown.getCause()) is not None and len(names) < 20:
        names.append(str(thrown.toString()))
    return " ".join(names)


def _profile() -> str:
    return f"the profile {os.environ.get('AWS_PROFILE') or 'default'} of {credentials_file()}"


def away() -> TryAgain:
    return TryAgain(f"The object store {endpoint()} does not answer: nothing is half written; run the same command again.")


def client() -> "Minio":
    """A client for what has no condition: versions, buckets, many objects."""
    from minio import Minio

    server, keys = urlsplit(endpoint()), credentials()
    return Minio(
        endpoint=server.netloc,
        access_key=keys.access_key,
        secret_key=keys.secret_key,
        session_token=keys.session_token,
        secure=server.scheme == "https",
        region=region(),
    )


def _store(bucket: str) -> "S3Store":
    keys = credentials()
    given = {
        "endpoint": endpoint(),
        "region": region(),
        "access_key_id": keys.access_key,
        "secret_access_key": keys.secret_key,
        **({"session_token": keys.session_token} if keys.session_token else {}),
    }
    return _connected(bucket, tuple(given.items()))


@cache
def _connected(bucket: str, given: tuple[tuple[str, str], ...]) -> "S3Store":
    from obstore.store import S3Store

    return S3Store(
        bucket,
        config=dict(given),  # type: ignore[arg-type]
        virtual_hosted_style_request=False,
        client_options={"allow_http": True, "connect_timeout": "5s", "timeout": "30s"},
        retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=30)},
    )


@contextmanager
def _said(bucket: str) -> Iterator[None]:
    """Say a refusal of the store in a sentence."""
    from minio.error import MinioException, S3Error
    from obstore import exceptions
    from urllib3.exceptions import HTTPError

    def missing() -> ConfigError:
        return ConfigError(f"The bucket {bucket} is not there: `kordon store apply` makes it.")

    def forbidden() -> ConfigError:
        return ConfigError(
            f"The store lets {_profile()} not do this in the bucket {bucket}: "
            "give the command the account that may (docs/engineer/store.md)."
        )

    try:
        yield
    except (KordonError, exceptions.AlreadyExistsError, exceptions.PreconditionError):
        raise
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise missing() from None
        raise
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise forbidden() from None
    except S3Error as error:
        raise (missing() if error.code == "NoSuchBucket" else forbidden()) from None
    except exceptions.GenericError as error:
        # A refused listing has no class of its own.
        raise (forbidden() if "403" in str(error).partition("<?xml")[0] else away()) from None
    except (MinioException, HTTPError):
        raise away() from None
