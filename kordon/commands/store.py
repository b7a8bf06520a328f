"""``kordon store``: the object store as the city folder wants it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kordon.cli import loaded_city, options
from kordon.errors import ConfigError

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.store import Account, Bucket


@click.group()
def command() -> None:
    """Buckets and accounts of a lake in an object store.

    \b
    Example:
      kordon store apply --city cities/vliet --credentials /etc/kordon/store
    """


@command.command()
@options("city", "json")
@click.option(
    "--credentials", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the accounts' keys."
)
def apply(city: Path, as_json: bool, credentials: Path) -> None:
    """Make buckets, accounts, rights, quotas, encryption and time limits as the city folder and the paper say; idempotent.

    Acts as the administrator whose keys AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE name, on MinIO at AWS_ENDPOINT_URL or
    [store] endpoint. Writes a credentials file for each account.

    \b
    Example:
      AWS_SHARED_CREDENTIALS_FILE=/run/secrets/root kordon store apply --city cities/vliet --credentials /etc/kordon/store
    """
    from kordon import store

    loaded = loaded_city(city)
    changed = store.apply(buckets=buckets(loaded), accounts=accounts(loaded), credentials=credentials)
    if as_json:
        click.echo(json.dumps({"lake": lake(loaded), "releases": releases(loaded), "changed": changed}, indent=2))
        return
    for line in changed:
        click.echo(line)
    click.echo(f"{len(changed)} changes; --lake '{lake(loaded)}', and of releases --out '{releases(loaded)}'")


def bucket_name(city: "City") -> str:
    """The name of the city's buckets, with ``{zone}`` for the zone."""
    return city.store.bucket or f"{city.id.replace('_', '-')}-{{zone}}"


def lake(city: "City") -> str:
    """The URI of the city's lake in its buckets."""
    return f"s3a://{bucket_name(city)}/lake"


def releases(city: "City") -> str:
    """The URI of the city's releases, with ``{zone}`` for their tier."""
    return f"s3a://{bucket_name(city)}/releases"


def buckets(city: "City") -> "list[Bucket]":
    """The buckets of a city, one a zone.

    Raises:
        ConfigError: a quota is of no bucket.
    """
    from kordon.store import GB, Bucket
    from privacy.governance import accounts as rights
    from privacy.governance.zones import OPEN, SHARED

    name = bucket_name(city)
    unknown = sorted(set(city.store.quota_gb) - set(rights.BUCKETS))
    if unknown:
        raise ConfigError(f"city.toml: store.quota_gb.{unknown[0]}: is no bucket; the buckets are {', '.join(rights.BUCKETS)}.")
    return [
        Bucket(
            name.replace("{zone}", zone),
            policy=rights.public_policy(zone, bucket=name),
            days_kept=rights.days_kept(zone, raw_hours=city.retention.raw_hours),
            quota=city.store.quota_gb[zone] * GB if zone in city.store.quota_gb else None,
            # Releases are for ever; everywhere else a version would keep what retention deletes.
            is_versioned=zone in (SHARED, OPEN),
            is_encrypted=city.store.is_encrypted,
        )
        for zone in rights.BUCKETS
    ]


def accounts(city: "City") -> "list[Account]":
    """The accounts of a city: a role of the paper or a task of the pipeline each."""
    from kordon import chain
    from kordon.store import Account
    from privacy.governance import accounts as rights

    name = bucket_name(city)
    return [
        Account(account, name.replace("{zone}", account), rights.policy(held, bucket=name))
        for account, held in rights.accounts(chain.steps()).items()
    ]
