"""Access to the object store: where it is, who acts, and what its refusals mean.

The ordinary AWS variables say it, for Python and for Spark alike: ``AWS_SHARED_CREDENTIALS_FILE`` and ``AWS_PROFILE`` name a mounted
file, ``AWS_ENDPOINT_URL`` the server, ``AWS_REGION`` its region. A secret is never an argument, a setting of Spark or a log line.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
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


def store(bucket: str) -> "S3Store":
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
def said(bucket: str) -> Iterator[None]:
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
        raise (forbidden() if "403 Forbidden" in str(error).partition("<?xml")[0] else away()) from None
    except (MinioException, HTTPError):
        raise away() from None
