"""The days that a release is of: consecutive, complete, and what is known of how they were computed."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from kordon.days import CLOSED, COMPLETE, Day, known
from kordon.errors import ConfigError, UsageError
from publication import versions
from publication.overrides import overrides_of

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.lake import Lake


def consecutive(days: list[date]) -> list[date]:
    """The days in order.

    Raises:
        UsageError: there is none, or they have gaps.
    """
    wanted = sorted(set(days))
    if not wanted:
        raise UsageError("There is no day to release.")
    if wanted[-1] - wanted[0] != timedelta(days=len(wanted) - 1):
        raise UsageError(f"The days from {wanted[0]} to {wanted[-1]} have gaps: release each run of consecutive days.")
    return wanted


def refuse_incomplete(lake: "Lake", *, days: list[date], city: "City") -> dict[date, Day]:
    """What ``ops_day`` says of all days of a lake.

    Raises:
        ConfigError: one of these days is not complete.
    """
    of_lake = known(lake)

    def state(day: date) -> str | None:
        found = of_lake.get(day)
        if found is None:
            return "never computed"
        return None if found.state in (COMPLETE, CLOSED) and found.versions else found.state

    wrong = {day: said for day in days if (said := state(day))}
    if wrong:
        listed = ", ".join(f"{day} ({said})" for day, said in wrong.items())
        first, last = min(wrong), max(wrong)
        raise ConfigError(
            f"Only complete days are released, and these are not: {listed}. Run `kordon run --city {city.folder} "
            f"--landing LANDING --lake LAKE --days {versions.period_name(first, last).replace('_', '..')}` first "
            "(with --stale for stale days)."
        )
    return of_lake


def overridden(lake: "Lake", *, days: list[date]) -> list[str]:
    """The quality rules that somebody let through on some days, as :func:`publication.overrides.overrides_of` tells them."""
    return overrides_of(lake.read("ops_quality", days).filter("severity = 'overridden'").toPandas())


def described(run: Day) -> dict[str, str]:
    """A day's run, as a release names it."""
    return {
        "service_day": str(run.service_day),
        "run_id": run.run_id,
        "config_hash": run.config_hash,
        "code_version": run.code_version,
    }
