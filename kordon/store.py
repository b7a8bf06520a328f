"""The object store as a city wants it: buckets, who may do what in them, how much they hold and for how long.

Every part is compared first and changed only where it differs, so that the command that calls this can be run at any time.
"""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kordon import s3
from kordon.errors import ConfigError

if TYPE_CHECKING:
    from minio import Minio, MinioAdmin

GB = 10**9


@dataclass(frozen=True)
class Bucket:
    """A bucket as it should be.

    Attributes:
        policy: what everybody may do without an account; None for nothing.
        days_kept: after so many days an object is deleted by the store; None for never.
        quota: bytes that it may hold; None for no limit.
        is_versioned: whether deleted and overwritten objects are kept.
        is_encrypted: whether the store encrypts what it writes.
    """

    name: str
    policy: dict[str, Any] | None
    days_kept: int | None
    quota: int | None
    is_versioned: bool
    is_encrypted: bool


@dataclass(frozen=True)
class Account:
    """An account and the policy that says what it may do; its credentials file is named after ``id``."""

    id: str
    name: str
    policy: dict[str, Any]


def apply(*, buckets: Sequence[Bucket], accounts: Sequence[Account], credentials: Path) -> list[str]:
    """Make the store so, and return what was changed, a line each; nothing when it was so already.

    Args:
        credentials: a folder for the accounts' credentials, an AWS file each, mode 0600: an account whose file is there keeps its
            keys, and one whose file was removed gets new ones.

    Raises:
        ConfigError: these credentials may not administrate the store, or it cannot do what is wanted.
        TryAgain: the store does not answer.
    """
    with _said():
        s3, admin = _clients()
        changed = [line for bucket in buckets for line in _bucket(s3, admin, bucket)]
        credentials.mkdir(mode=0o700, parents=True, exist_ok=True)
        known, policies = json.loads(admin.user_list() or "{}"), json.loads(admin.policy_list() or "{}")
        for account in accounts:
            changed += _account(admin, account, file=credentials / account.id, known=known, policies=policies)
        return changed


def _clients() -> "tuple[Minio, MinioAdmin]":
    from minio import MinioAdmin
    from minio.credentials.providers import StaticProvider

    server, keys = urlsplit(s3.endpoint()), s3.credentials()
    provider = StaticProvider(keys.access_key, keys.secret_key, keys.session_token)
    return s3.client(), MinioAdmin(endpoint=server.netloc, credentials=provider, secure=server.scheme == "https")


def _bucket(s3: "Minio", admin: "MinioAdmin", wanted: Bucket) -> Iterator[str]:
    from minio.commonconfig import ENABLED
    from minio.sseconfig import Rule, SSEConfig
    from minio.versioningconfig import SUSPENDED, VersioningConfig

    name = wanted.name
    if not s3.bucket_exists(bucket_name=name):
        s3.make_bucket(bucket_name=name)
        yield f"{name}: made"
    if (s3.get_bucket_encryption(bucket_name=name) is not None) != wanted.is_encrypted:
        if wanted.is_encrypted:
            s3.set_bucket_encryption(bucket_name=name, config=SSEConfig(Rule.new_sse_s3_rule()))
        else:
            s3.delete_bucket_encryption(bucket_name=name)
        yield f"{name}: {'encrypted' if wanted.is_encrypted else 'not encrypted any more'}"
    if (s3.get_bucket_versioning(bucket_name=name).status == ENABLED) != wanted.is_versioned:
        s3.set_bucket_versioning(bucket_name=name, config=VersioningConfig(ENABLED if wanted.is_versioned else SUSPENDED))
        yield f"{name}: {'versioned' if wanted.is_versioned else 'not versioned any more'}"
    quota = int(json.loads(admin.bucket_quota_get(name)).get("quota", 0))
    if quota != (wanted.quota or 0):
        admin.bucket_quota_set(name, wanted.quota or 0)
        yield f"{name}: holds at most {wanted.quota / GB:g} GB" if wanted.quota else f"{name}: without a limit"
    yield from _lifecycle(s3, wanted)
    yield from _anonymous(s3, wanted)


def _lifecycle(s3: "Minio", wanted: Bucket) -> Iterator[str]:
    from minio.commonconfig import ENABLED, Filter
    from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule

    found = s3.get_bucket_lifecycle(bucket_name=wanted.name)
    rules = found.rules if found else []
    kept = [rule.expiration.days for rule in rules if rule.expiration is not None and rule.status == ENABLED]
    if kept == ([wanted.days_kept] if wanted.days_kept else []):
        return
    if wanted.days_kept is None:
        s3.delete_bucket_lifecycle(bucket_name=wanted.name)
        yield f"{wanted.name}: nothing is deleted by its age any more"
        return
    rule = Rule(
        ENABLED,
        rule_filter=Filter(prefix=""),
        rule_id="kept",
        expiration=Expiration(days=wanted.days_kept),
        # Where somebody versioned the bucket, a deleted file would stay.
        noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=1),
    )
    s3.set_bucket_lifecycle(bucket_name=wanted.name, config=LifecycleConfig([rule]))
    yield f"{wanted.name}: objects are deleted after {wanted.days_kept} days"


def _anonymous(s3: "Minio", wanted: Bucket) -> Iterator[str]:
    from minio.error import S3Error

    try:
        found = json.loads(s3.get_bucket_policy(bucket_name=wanted.name))
    except S3Error as error:
        if error.code != "NoSuchBucketPolicy":
            raise
        found = None
    if _same_policy(found, wanted.policy):
        return
    if wanted.policy is None:
        s3.delete_bucket_policy(bucket_name=wanted.name)
        yield f"{wanted.name}: nobody without an account may do anything any more"
    else:
        s3.set_bucket_policy(bucket_name=wanted.name, policy=json.dumps(wanted.policy))
        yield f"{wanted.name}: everybody may read it"


def _account(
    admin: "MinioAdmin", wanted: Account, *, file: Path, known: dict[str, Any], policies: dict[str, Any]
) -> Iterator[str]:
    if not _same_policy(policies.get(wanted.name), wanted.policy):
        admin.policy_add(wanted.name, policy=wanted.policy)
        yield f"{wanted.name}: its rights"
    if not file.exists():
        secret = secrets.token_urlsafe(30)
        admin.user_add(wanted.name, secret)
        _write_keys(file, wanted.name, secret)
        yield f"{wanted.name}: new keys in {file}"
    elif wanted.name not in known:
        admin.user_add(wanted.name, s3.keys_in(str(file)).secret_key)
        yield f"{wanted.name}: the account, with the keys in {file}"
    if known.get(wanted.name, {}).get("policyName") != wanted.name:
        admin.policy_set(wanted.name, user=wanted.name)
        yield f"{wanted.name}: has its rights"


def _write_keys(file: Path, name: str, secret: str) -> None:
    text = f"[default]\naws_access_key_id = {name}\naws_secret_access_key = {secret}\n"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as opened:
        opened.write(text)


def _same_policy(found: dict[str, Any] | None, wanted: dict[str, Any] | None) -> bool:
    """Whether two policies say the same; the store merges statements and puts lists in an order of its own."""
    return _said_by(found) == _said_by(wanted)


def _said_by(policy: dict[str, Any] | None) -> set[tuple[str, str, str, str]]:
    return {
        (statement["Effect"], json.dumps(statement.get("Principal")), action, resource)
        for statement in (policy or {}).get("Statement", [])
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


@contextmanager
def _said() -> Iterator[None]:
    from minio.error import MinioAdminException, MinioException, S3Error
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (S3Error, MinioAdminException) as error:
        said = getattr(error, "message", None) or str(error)
        raise ConfigError(
            f"The store {s3.endpoint()} refuses: {said}. The profile in {s3.credentials_file()} must be an administrator; "
            "encryption needs a key service of the store (docs/engineer/store.md), or [store] is_encrypted = false."
        ) from None
    except (HTTPError, MinioException):
        raise s3.away() from None
