"""How much of a vehicle-day's and of a year's budget is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from kordon.errors import PrivacyError
from privacy.ledger.chain import RESERVED, Row
from privacy.ledger.charge import BILLION, Charge, in_billionths

DAYS_OF_YEAR = 365


@dataclass(frozen=True)
class Caps:
    """The most that may ever be spent, in rho.

    Attributes:
        day: of one vehicle-day, all datasets and versions together.
        correction: the part of ``day`` that only a correction may use: one of one dataset per service day.
    """

    day: float
    correction: float

    @property
    def year(self) -> float:
        """Of a calendar year of service days."""
        return DAYS_OF_YEAR * self.day


def days_of(first: date, last: date) -> list[date]:
    """The service days from first to last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _reserved(rows: Sequence[Row], first: date, last: date) -> list[Row]:
    return [row for row in rows if row.state == RESERVED and row.first_day <= last and row.last_day >= first]


def spent_on(rows: Sequence[Row], day: date) -> int:
    """Billionths of rho that the releases of a service day cost, burned ones included."""
    return sum(row.rho_e9 for row in _reserved(rows, day, day))


def spent_in_year(rows: Sequence[Row], year: int) -> int:
    """Billionths of rho, summed over the service days of a calendar year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    return sum(
        row.rho_e9 * ((min(row.last_day, last) - max(row.first_day, first)).days + 1) for row in _reserved(rows, first, last)
    )


def refuse_overspend(rows: Sequence[Row], charge: Charge, *, caps: Caps) -> None:
    """Refuse a charge that does not fit.

    Args:
        rows: the city's rows.

    Raises:
        PrivacyError: a cap of a day or a year would be passed, or a day would be corrected a second time.
    """
    rho = in_billionths(charge.rho)
    day_cap, correction = in_billionths(caps.day), in_billionths(caps.correction)
    for day in days_of(charge.period_start, charge.period_end):
        here = _reserved(rows, day, day)
        if charge.version > 1:
            if any(row.version > 1 for row in here):
                raise PrivacyError(
                    f"{charge.release_id}: service day {day} was corrected before, and the reserve covers one correction of "
                    "one dataset per day. The published version stays."
                )
            spent, cap, of = 0, correction, "the reserve for a correction"
            _refuse(charge, sum(row.rho_e9 for row in here) + rho, cap=day_cap, of=f"the budget of service day {day}")
        else:
            spent = sum(row.rho_e9 for row in here if row.version == 1)
            cap, of = day_cap - correction, f"the budget of service day {day} before corrections"
        _refuse(charge, spent + rho, cap=cap, of=of)
    for year in range(charge.period_start.year, charge.period_end.year + 1):
        first, last = max(charge.period_start, date(year, 1, 1)), min(charge.period_end, date(year, 12, 31))
        needed = spent_in_year(rows, year) + rho * ((last - first).days + 1)
        _refuse(charge, needed, cap=in_billionths(caps.year), of=f"the budget of {year}")


def _refuse(charge: Charge, needed: int, *, cap: int, of: str) -> None:
    if needed > cap:
        raise PrivacyError(
            f"{charge.release_id} costs rho {charge.rho:g}; with it rho {needed / BILLION:g} of {cap / BILLION:g} would be "
            f"spent of {of}. Nothing was reserved; release fewer datasets, or keep what is published."
        )
