"""Which cameras see the most traffic, for faults that hit "the busiest"."""

import numpy as np
from numpy.typing import NDArray

from simulation.demand import day_plans
from simulation.network import Network
from simulation.place import Place
from simulation.population import TRUCK, draw_population
from simulation.settings import Settings
from simulation.sight import look
from simulation.traffic import congestion, drive

_VEHICLES = 4000  # enough to tell the first gates apart, and half a second
_DAY_S = 86400.0
# any ordinal would do: the probe is a workday of no date, so that all days of a simulation have the same busiest camera
_ORDINAL = 0


def traffic_of_cameras(*, place: Place, settings: Settings, network: Network, rng: np.random.Generator) -> NDArray[np.int64]:
    """Passages in view of each camera on a probe workday of a few thousand vehicles, shape (cameras,).

    Cameras that hang for a part of the time only have none: a fault should be there on every day.
    """
    population = draw_population(place=place, settings=settings, vehicles=_VEHICLES, rng=rng)
    plans = day_plans(
        place=place, settings=settings, population=population, day_type="workday", ordinal=_ORDINAL, day_s=_DAY_S, rng=rng
    )
    factor = congestion(network=network, settings=settings, day_type="workday", day_start_h=place.day_start.hour, rng=rng)
    moves = drive(plans=plans, network=network, settings=settings, factor=factor, day_s=_DAY_S, rng=rng)
    start, end = place.validity()
    always = np.isneginf(start) & np.isposinf(end)
    seen = look(
        place=place,
        settings=settings,
        vehicle=moves.vehicle,
        truck=population.vehicle_class[moves.vehicle] == TRUCK,
        site=moves.site,
        t=moves.t,
        speed_kmh=moves.speed_kmh,
        rng=rng,
    )
    count = np.bincount(seen.camera[seen.camera >= 0], minlength=len(place.cameras))
    return np.where(always, count, 0)
