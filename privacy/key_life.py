"""The life of a key: created, active, grace, destroyed. What the clock says, and nothing about where keys are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kordon.errors import ConfigError
from privacy.key_folder import Record

CREATED, ACTIVE, GRACE, DESTROYED = "created", "active", "grace", "destroyed"

DAY_STARTS = time(4)
CLOCKS_DIFFER = timedelta(minutes=5)
"""Two machines that share a keystore may differ by so much; a clock that was set back by more is refused."""


@dataclass(frozen=True)
class KeyLife:
    """When keys of a city live: its zone says when a period begins and ends, its policy how long late files find their key."""

    zone: ZoneInfo
    grace_hours: int

    def begins_at(self, record: Record) -> datetime:
        """The first instant of the key's period, UTC."""
        return datetime.combine(record.first_day, DAY_STARTS, self.zone).astimezone(UTC)

    def ends_at(self, record: Record) -> datetime:
        """The end of the key's period, UTC."""
        return datetime.combine(record.last_day + timedelta(days=1), DAY_STARTS, self.zone).astimezone(UTC)

    def grace_until(self, record: Record) -> datetime:
        """When the key may be destroyed: a key that was made after its period, for old files, has its grace too."""
        return max(self.ends_at(record), record.created_at) + timedelta(hours=self.grace_hours)

    def state(self, record: Record, *, now: datetime) -> str:
        """The state of a living key."""
        if now < self.begins_at(record):
            return CREATED
        return ACTIVE if now < self.ends_at(record) else GRACE

    def is_due(self, record: Record, *, now: datetime) -> bool:
        """Whether the key's grace is over."""
        return now >= self.grace_until(record)


def refuse_clock_set_back(moments: Iterable[tuple[str, datetime]], *, now: datetime) -> None:
    """Make and destroy nothing by a clock that runs behind what the keystore has seen.

    A key that is made by such a clock would seem older than it is, and be destroyed while its files still come.

    Args:
        moments: what happened in the keystore, and when.

    Raises:
        ConfigError: the clock was set back, or was ahead before.
    """
    latest = max(moments, key=lambda moment: moment[1], default=None)
    if latest is not None and now + CLOCKS_DIFFER < latest[1]:
        what, when = latest
        raise ConfigError(
            f"The clock says {now:%Y-%m-%d %H:%M} UTC, but {what} at {when:%Y-%m-%d %H:%M} UTC: it was set back, and no key is made "
            "or destroyed by it. Set it right. If it was ahead then, destroy that key by name: "
            "`kordon keys destroy --period P --by NAME --reason TEXT`."
        )
