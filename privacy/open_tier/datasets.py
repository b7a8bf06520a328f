"""The datasets of the open tier: which cells each has, at which levels they are measured, and how the levels share its rho.

Levels go from coarse to fine and each is a sum of the next, so that what is published adds up. A dataset's finest level may be
too noisy to publish; its figures are then in the dataset that pools the month (``pooled_in``). Vehicle classes always are:
by the day and class, cells of a city of 60,000 vehicles hold fewer vehicles than their noise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

import pandas as pd

from privacy.ledger.caps import days_of
from privacy.open_tier.places import Places

DAY, MONTH = "day", "month"
ALL = "all"


@dataclass(frozen=True)
class Level:
    """One query group, published as one table.

    Attributes:
        keys: the columns that name a cell; those of the coarser level are among them or determined by them.
        kind: what one vehicle-day can do in it, see ``bounds.sensitivity``.
        share: of the dataset's rho.
    """

    table: str
    keys: tuple[str, ...]
    kind: str
    share: float


@dataclass(frozen=True)
class Dataset:
    """What is released at once, for one ``unit`` of time.

    Attributes:
        cells: the product cells that it is made from: the table ``out_<cells>_cell``, with a column ``bounded``.
        measure: the published count.
        leaves: yields the finest cells for the service days of a period, with every column that a level's keys name.
    """

    name: str
    unit: str
    cells: str
    measure: str
    levels: tuple[Level, ...]
    leaves: Callable[[Places, list[date]], Iterator[dict[str, Any]]]
    pooled_in: str | None = None

    def cell_set(self, places: Places, first: date, last: date) -> pd.DataFrame:
        """All cells of the finest level, a fixed product of what the city folder declares; no vehicle adds or takes one."""
        return pd.DataFrame(list(self.leaves(places, days_of(first, last))))


def _month(days: list[date]) -> str:
    return f"{days[0]:%Y-%m}"


def _pairs(places: Places) -> Iterator[dict[str, Any]]:
    for origin, destination in product(places.districts, repeat=2):
        yield {
            "origin_district_id": places.districts[origin],
            "destination_district_id": places.districts[destination],
            "origin_zone_id": origin,
            "destination_zone_id": destination,
        }


def _gates(places: Places) -> Iterator[dict[str, Any]]:
    for cordon, gate, direction in places.gates:
        yield {"cordon_id": cordon, "gate_id": gate, "direction": direction}


def _od_day(places: Places, days: list[date]) -> Iterator[dict[str, Any]]:
    for day, pair in product(days, _pairs(places)):
        yield {"date": day, **pair, "vehicle_class": ALL}


def _od_month(places: Places, days: list[date]) -> Iterator[dict[str, Any]]:
    for pair, vehicle_class in product(_pairs(places), places.classes):
        yield {"month": _month(days), **pair, "vehicle_class": vehicle_class}


def _od_month_hour(places: Places, days: list[date]) -> Iterator[dict[str, Any]]:
    types = dict.fromkeys(places.day_type(day) for day in days)
    for day_type, pair, hour in product(types, _pairs(places), range(24)):
        yield {"month": _month(days), "day_type": day_type, **pair, "hour_of_day": hour}


def _gate_hour(places: Places, days: list[date]) -> Iterator[dict[str, Any]]:
    for day in days:
        for gate, hour in product(_gates(places), places.hours(day)):
            yield {"date": day, **gate, "vehicle_class": ALL, "hour": pd.Timestamp(hour)}


def _gate_month_hour(places: Places, days: list[date]) -> Iterator[dict[str, Any]]:
    for gate, vehicle_class, hour in product(_gates(places), places.classes, range(24)):
        yield {"month": _month(days), **gate, "vehicle_class": vehicle_class, "hour_of_day": hour}


def _gate_pair_month(places: Places, days: list[date]) -> Iterator[dict[str, Any]]:
    for cordon in places.cordons:
        for entry, leaving, kind in product(places.gates_of(cordon, "in"), places.gates_of(cordon, "out"), ("through", "stay")):
            yield {"month": _month(days), "cordon_id": cordon, "entry_gate_id": entry, "exit_gate_id": leaving, "kind": kind}


def _dwell_month(places: Places, days: list[date]) -> Iterator[dict[str, Any]]:
    for cordon, dwell_bin in product(places.cordons, places.dwell_bins_s):
        yield {"month": _month(days), "cordon_id": cordon, "dwell_bin_s": dwell_bin}


_DISTRICTS = ("origin_district_id", "destination_district_id")
_ZONES = ("origin_zone_id", "destination_zone_id")
_GATE = ("cordon_id", "gate_id", "direction")

DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            "od_day",
            DAY,
            "od_day",
            "trips",
            (
                Level("od_district_day", ("date", *_DISTRICTS, "vehicle_class"), "district_pair", 0.15),
                Level("od_day", ("date", *_ZONES, "vehicle_class"), "zone_pair", 0.85),
            ),
            _od_day,
            "od_month",
        ),
        Dataset(
            "od_month",
            MONTH,
            "od_day",
            "trips",
            (
                Level("od_month_all", ("month", *_ZONES), "zone_pair", 0.2),
                Level("od_month", ("month", *_ZONES, "vehicle_class"), "zone_pair", 0.8),
            ),
            _od_month,
        ),
        Dataset(
            "gate_hour",
            DAY,
            "gate_hour",
            "passages",
            (
                Level("cordon_day", ("date", "cordon_id", "direction", "vehicle_class"), "crossing", 0.02),
                Level("gate_day", ("date", *_GATE, "vehicle_class"), "crossing", 0.5),
                Level("gate_hour", ("date", *_GATE, "vehicle_class", "hour"), "crossing", 0.48),
            ),
            _gate_hour,
            "gate_month_hour",
        ),
        Dataset(
            "gate_month_hour",
            MONTH,
            "gate_hour",
            "passages",
            (
                Level("gate_month", ("month", *_GATE, "vehicle_class"), "crossing", 0.4),
                Level("gate_month_hour", ("month", *_GATE, "vehicle_class", "hour_of_day"), "crossing", 0.6),
            ),
            _gate_month_hour,
        ),
        Dataset(
            "od_month_hour",
            MONTH,
            "od_month_hour",
            "trips",
            (
                Level("od_month_type", ("month", "day_type", *_ZONES), "zone_pair", 0.1),
                Level("od_month_hour", ("month", "day_type", *_ZONES, "hour_of_day"), "zone_pair", 0.9),
            ),
            _od_month_hour,
        ),
        Dataset(
            "gate_pair_month",
            MONTH,
            "gate_pair_day",
            "visits",
            (
                Level("cordon_month", ("month", "cordon_id", "kind"), "visit", 0.2),
                Level("gate_pair_month", ("month", "cordon_id", "entry_gate_id", "exit_gate_id", "kind"), "visit", 0.8),
            ),
            _gate_pair_month,
        ),
        Dataset(
            "dwell_month",
            MONTH,
            "dwell_day",
            "visits",
            (Level("dwell_month", ("month", "cordon_id", "dwell_bin_s"), "visit", 1.0),),
            _dwell_month,
        ),
    )
}
