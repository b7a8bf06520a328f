"""The cities that are scheduled, and where their data lies. At import a DAG file reads the head of each city.toml and nothing else."""

import os
import re
import tomllib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kordon.duration import hours
from kordon.errors import ConfigError
from kordon.jars import ROOT
from kordon.objects import SCHEME, is_remote, split
from kordon.state import state_home

ANSWERED_H, GRACE_H = 2.0, 48.0
"""Without a promise a supplier is waited for two hours; without [keys] grace_hours keys live for two days more."""
HOUR_H = 1.0
"""A promise counts from the end of the hour in which a read was taken."""
THROUGH = "through_month"
"""The dataset of the open tier that rests on a detection probability which the city must declare."""


@dataclass(frozen=True)
class ScheduledCity:
    """What a schedule needs of a city."""

    id: str
    name: str
    timezone: str
    folder: Path

    def place(self, kind: str) -> str:
        """Where the city's ``landing``, ``lake`` or ``releases`` are: ``KORDON_LAKE`` and so on, in which ``{city}`` is the city's id.

        Without ``KORDON_RELEASES`` releases go to the buckets beside those of the lake, where each zone has one.
        """
        given = os.environ.get(f"KORDON_{kind.upper()}")
        if given:
            return given.replace("{city}", self.id)
        bucket = split(self.place("lake"))[0] if kind == "releases" and is_remote(self.place("lake")) else ""
        return f"{SCHEME}{bucket}/releases" if "{zone}" in bucket else str(state_home(kind, self.id))

    @property
    def pool(self) -> str:
        """The pool of one slot: one writer per lake."""
        return f"kordon_{self.id}"

    @property
    def first_day(self) -> datetime | None:
        """``KORDON_FIRST_DAY``: every day since then is made up for. Without it only days to come are scheduled."""
        given = os.environ.get("KORDON_FIRST_DAY")
        return datetime.combine(datetime.fromisoformat(given), time(), ZoneInfo(self.timezone)) if given else None

    def publishes(self, tier: str, dataset: str | None = None) -> bool:
        """Whether the city publishes a dataset in a tier, or anything."""
        settings = tomllib.loads((self.folder / "city.toml").read_text(encoding="utf-8"))
        products = settings.get("publication", {}).get("products", {}).get(tier)
        can = dataset != THROUGH or "public_q" in settings.get("dp", {})
        return can and (products is None or (dataset in products if dataset else bool(products)))

    def promised(self) -> timedelta:
        """How long after a day's end all its reads are promised. Read when a task runs, not when its DAG is."""
        given = [tomllib.loads(path.read_text(encoding="utf-8")).get("promise") for path in self.folder.glob("sources/*.toml")]
        return timedelta(hours=HOUR_H + max((hours(promise) for promise in given if promise), default=ANSWERED_H))

    def grace(self) -> timedelta:
        """How long after a day's end late reads still find their key."""
        settings = tomllib.loads((self.folder / "city.toml").read_text(encoding="utf-8"))
        return timedelta(hours=settings.get("keys", {}).get("grace_hours", GRACE_H))


def cities() -> tuple[list[ScheduledCity], list[str]]:
    """The cities below ``KORDON_CITIES``, and a sentence for each folder that is none. One that broke takes no other away."""
    root = Path(os.environ.get("KORDON_CITIES", ROOT / "cities"))
    faults = [] if root.is_dir() else [f"KORDON_CITIES names {root}, which is no folder: give the folder of the city folders."]
    read = []
    for folder in sorted(path for path in root.glob("*/") if (path / "city.toml").exists()):
        try:
            read.append(head(folder))
        except ConfigError as fault:
            faults.append(str(fault))
    found: dict[str, ScheduledCity] = {}
    # A copied folder must not take the place of the one that bears the city's name.
    for city in sorted(read, key=lambda c: c.folder.name != c.id):
        if city.id in found:
            faults.append(f"{city.folder / 'city.toml'}: city.id is '{city.id}', as in {found[city.id].folder}: give another.")
        found.setdefault(city.id, city)
    return list(found.values()), faults


def head(folder: Path) -> ScheduledCity:
    """What ``city.toml`` says first.

    Raises:
        ConfigError: it says no id or time zone that can be used.
    """
    file = folder / "city.toml"
    cure = f"mend it; `kordon check-city --city {folder}` names every fault."
    try:
        identity = tomllib.loads(file.read_text(encoding="utf-8"))["city"]
        city = ScheduledCity(str(identity["id"]), str(identity.get("name", identity["id"])), str(identity["timezone"]), folder)
        ZoneInfo(city.timezone)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConfigError(f"{file}: cannot be read ({fault}): {cure}") from None
    except ZoneInfoNotFoundError:
        raise ConfigError(f"{file}: city.timezone is no IANA time zone such as Europe/Brussels: {cure}") from None
    except (KeyError, TypeError) as fault:
        raise ConfigError(f"{file}: [city] does not say {fault}: {cure}") from None
    except ValueError as fault:
        raise ConfigError(f"{file}: city.timezone is no time zone ({fault}): {cure}") from None
    if not re.fullmatch(r"[a-z][a-z0-9_]*", city.id):
        raise ConfigError(f"{file}: city.id is no short name of lower case letters, digits and underscores: {cure}")
    return city
