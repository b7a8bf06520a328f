"""Presets: what each dataset may cost a vehicle-day, and how its levels share that."""

from dataclasses import dataclass

from kordon.errors import ConfigError
from privacy.ledger import Caps

DELTA = 1e-7
"""Far below one in the vehicles of any city; epsilon is reported at it."""

# Parts of a vehicle-day's rho. The first five lines are the officer's table (od_day and od_month share .25, gate_hour and
# gate_month_hour .2, gate_pair_month and dwell_month .15); the last quarter is kept for one correction.
_PARTS = {
    "od_day": 0.225,
    "od_month": 0.025,
    "gate_hour": 0.16,
    "gate_month_hour": 0.04,
    "od_month_hour": 0.15,
    "gate_pair_month": 0.10,
    "dwell_month": 0.05,
}
_CORRECTION = 0.25
_RHO_DAY = {"strict": 0.02, "standard": 0.1}


@dataclass(frozen=True)
class Preset:
    """The budget of a vehicle-day.

    Attributes:
        rho_day: what all releases of a day may cost, in rho of zCDP: epsilon 1.00 (strict) or 2.35 (standard) at ``DELTA``.
        correction: the part of it that only a correction may use.
    """

    name: str
    rho_day: float
    correction: float

    @property
    def caps(self) -> Caps:
        return Caps(day=self.rho_day, correction=self.correction)

    def rho(self, dataset: str) -> float:
        """What one release of a dataset costs each vehicle-day of its period."""
        return round(self.rho_day * _PARTS[dataset], 9)


def preset(name: str) -> Preset:
    """A preset by its name in ``[dp] preset``.

    Raises:
        ConfigError: there is no such preset.
    """
    if name not in _RHO_DAY:
        raise ConfigError(f"{name!r} is not a preset of [dp]: write one of {', '.join(_RHO_DAY)}.")
    return Preset(name, _RHO_DAY[name], round(_RHO_DAY[name] * _CORRECTION, 9))
