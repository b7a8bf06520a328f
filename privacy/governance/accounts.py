"""Accounts of the object store and what each may do in which bucket: the rights of the paper, and those of the pipeline parted by task.

A task gets the zones of the tables that its steps say they read and write, and no others: who breaks into the account that counts
flows finds no plate there, and who breaks into the one that publishes finds no vehicle.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kordon.tables import TABLES
from privacy.governance.zones import (
    COUNTS,
    DESTROY,
    KEYS,
    LANDING,
    OPEN,
    OPS,
    RAW,
    READ,
    RIGHTS,
    ROLES,
    SHARED,
    STAGING,
    VEHICLES,
    WRITE,
    ZONES,
)

if TYPE_CHECKING:
    from kordon.chain import Step

BUCKETS = tuple(zone.id for zone in ZONES if zone.id != KEYS)
"""Zones that are buckets. Keys are kept where no store can read them."""
PIPELINE, PUBLIC = "pipeline", "public"

Rights = dict[str, tuple[str, ...]]
"""Zone -> what may be done there."""

TASKS = {
    "reads": ("ingest", "repair", "pseudonymise"),
    "movements": ("clocks", "passages", "legs", "trips", "visits"),
    "flows": ("detection", "flows"),
    "quality": ("quality",),
}
"""Tasks that run steps: each is one account."""
BESIDES: dict[str, Rights] = {
    "reads": {LANDING: (READ,)},
    # It counts the reads of the days that it runs.
    "flows": {VEHICLES: (READ,)},
    # It records the version of every table that a whole day has.
    "quality": {VEHICLES: (READ,), COUNTS: (READ,)},
}
"""What a task needs besides the tables that its steps declare."""
OTHERS: dict[str, Rights] = {
    "retention": {
        LANDING: (READ, DESTROY),
        RAW: (READ, WRITE, DESTROY),
        VEHICLES: (READ, WRITE, DESTROY),
        COUNTS: (READ, WRITE, DESTROY),
        OPS: (READ, WRITE, DESTROY),
        STAGING: (READ, DESTROY),
    },
    # Days whose files came late, whole.
    "late": {LANDING: (READ,), RAW: (READ, WRITE), VEHICLES: (READ, WRITE), COUNTS: (READ, WRITE), OPS: (READ, WRITE)},
    # What is out decides what may be released beside it.
    "release": {COUNTS: (READ,), OPS: (READ, WRITE), STAGING: (READ, WRITE), SHARED: (READ,), OPEN: (READ,)},
    # An open release is drawn from exact counts when it is approved; what is published waits no more.
    "publish": {COUNTS: (READ,), OPS: (READ, WRITE), STAGING: (READ, DESTROY), SHARED: (READ, WRITE), OPEN: (READ, WRITE)},
    # Writes the page that stays before it deletes the rest, old versions included; acts for the officer, by name.
    "withdraw": {OPS: (READ, WRITE), STAGING: (READ, DESTROY), SHARED: (READ, WRITE, DESTROY), OPEN: (READ, WRITE, DESTROY)},
}
"""Tasks that run no step, or all. ``retention`` also answers requests of people."""

ACTIONS = {
    READ: ("s3:GetObject", "s3:GetObjectVersion"),
    WRITE: ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    DESTROY: ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"),
}
"""What each right means for the objects of a bucket; other rights of the paper are no business of a store."""
ON_BUCKET = {
    READ: ("s3:GetBucketLocation", "s3:ListBucket"),
    WRITE: ("s3:GetBucketLocation",),
    DESTROY: ("s3:GetBucketVersioning", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"),
}
LAKE = (RAW, VEHICLES, COUNTS, OPS)
TEMPORARY = "*/_delta_log/.*.tmp"
"""What Delta writes, renames (which in a store is copy and delete) and never needs again; else one stays for each commit."""
AUDIT_LOG = "*_audit.jsonl"
"""Never to be deleted, by whoever may delete tables beside it."""


def accounts(steps: Iterable["Step"]) -> dict[str, Rights]:
    """Every account of the store: people as the paper has them, and the pipeline's tasks.

    Args:
        steps: the chain.
    """
    by_name = {step.name: step for step in steps}
    people = {
        role.id: {zone: rights for (held, zone), rights in RIGHTS.items() if held == role.id and zone in BUCKETS}
        for role in ROLES
        if role.id not in (PIPELINE, PUBLIC)
    }
    tasks = {task: _of_steps([by_name[name] for name in names], besides=BESIDES.get(task, {})) for task, names in TASKS.items()}
    return {name: rights for name, rights in {**people, **tasks, **OTHERS}.items() if rights}


def _of_steps(steps: list["Step"], *, besides: Mapping[str, tuple[str, ...]]) -> Rights:
    # Facts, accounts and the lease of the lake stand in the zone of operation.
    found: Rights = {**besides, OPS: (READ, WRITE)}
    for step in steps:
        for name in step.reads:
            found.setdefault(TABLES[name].zone, (READ,))
        for name in step.writes:
            found[TABLES[name].zone] = (READ, WRITE)
    return found


def policy(rights: Mapping[str, tuple[str, ...]], *, bucket: str) -> dict[str, Any]:
    """The S3 policy of an account.

    Args:
        bucket: the name of a bucket, with ``{zone}`` for its zone.
    """
    statements = []
    for zone in sorted(rights):
        arn = f"arn:aws:s3:::{bucket.replace('{zone}', zone)}"
        of_objects = sorted({action for right in rights[zone] for action in ACTIONS.get(right, ())})
        of_bucket = sorted({action for right in rights[zone] for action in ON_BUCKET.get(right, ())})
        statements.append({"Effect": "Allow", "Action": of_bucket, "Resource": [arn]})
        statements.append({"Effect": "Allow", "Action": of_objects, "Resource": [f"{arn}/*"]})
        if zone in LAKE and {READ, WRITE} <= set(rights[zone]):
            statements.append({"Effect": "Allow", "Action": ["s3:DeleteObject"], "Resource": [f"{arn}/{TEMPORARY}"]})
        if zone == OPS and DESTROY in rights[zone]:
            kept = sorted({"s3:DeleteObject", "s3:DeleteObjectVersion"})
            statements.append({"Effect": "Deny", "Action": kept, "Resource": [f"{arn}/{AUDIT_LOG}"]})
    return {"Version": "2012-10-17", "Statement": statements}


def public_policy(zone: str, *, bucket: str) -> dict[str, Any] | None:
    """What everybody may do in a bucket without an account, or None for nothing."""
    if READ not in RIGHTS.get((PUBLIC, zone), ()):
        return None
    arn = f"arn:aws:s3:::{bucket.replace('{zone}', zone)}"
    everybody = {"Effect": "Allow", "Principal": {"AWS": ["*"]}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {**everybody, "Action": ["s3:ListBucket"], "Resource": [arn]},
            {**everybody, "Action": ["s3:GetObject"], "Resource": [f"{arn}/*"]},
        ],
    }


def days_kept(zone: str, *, raw_hours: int) -> int | None:
    """After how many days the store itself deletes an object, or None where only retention knows.

    The store counts whole days from an object's arrival, so a delivered file may outlive ``raw_hours`` by less than a day if nothing
    else deletes it; retention does so to the hour. Objects of tables are never deleted by their age: a table would lose its parts.
    """
    return -(-raw_hours // 24) if zone == LANDING else None
