"""A made-up city of so many vehicles a day, in numpy: product cells with the bounded counts that the open tier reads.

Figures of a vehicle follow a simulated day of Vliet: 2.5 trips a vehicle, 0.8 visits to each cordon, 82 % cars.
"""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from privacy.open_tier import Places

UTC = ZoneInfo("UTC")
CLASSES = ("car", "van", "truck", "bus", "motorcycle", "other", "unknown")
CLASS_SHARES = (0.80, 0.115, 0.05, 0.004, 0.012, 0.003, 0.016)
# Share of a day's traffic by hour of the day, from midnight.
HOURS = np.array([4, 2, 2, 3, 8, 25, 55, 85, 80, 55, 50, 50, 52, 54, 58, 70, 85, 90, 65, 45, 30, 22, 15, 8], float)
HOURS /= HOURS.sum()


def places(*, zones: int, gates: int) -> Places:
    """A city of districts of four zones, and two cordons with so many gates in all."""
    names = [f"z{n:02}" for n in range(zones)]
    return Places(
        city="made_up",
        zone_info=ZoneInfo("Europe/Brussels"),
        districts={name: f"d{n // 4}" for n, name in enumerate(names)},
        gates=tuple(("ring" if n % 2 else "centre", f"g{n:02}", way) for n in range(gates) for way in ("in", "out")),
        classes=CLASSES,
        dwell_bins_s=(0, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400),
        day_type=lambda day: {5: "saturday", 6: "sunday"}.get(day.weekday(), "workday"),
    )


def _weights(chance: np.random.Generator, count: int) -> np.ndarray:
    weights = chance.lognormal(0, 0.7, count)
    return weights / weights.sum()


def day_cells(where: Places, day: dt.date, *, vehicles: int, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Product cells of a day: ``od_day``, ``od_month_hour``, ``gate_hour``, ``gate_pair_day``, ``dwell_day``."""
    size = np.random.default_rng(99)  # of zones and gates: the same on all days
    chance = np.random.default_rng([seed, day.toordinal()])
    classes = chance.choice(CLASSES, vehicles, p=CLASS_SHARES)
    zones = np.array(list(where.districts))
    trips = pd.DataFrame({"vid": np.repeat(np.arange(vehicles), 1 + np.minimum(chance.poisson(1.5, vehicles), 9))})
    pull = _weights(size, len(zones))
    trips["origin_zone_id"], trips["destination_zone_id"] = (zones[chance.choice(len(zones), len(trips), p=pull)] for _ in "od")
    trips["hour_of_day"] = chance.choice(24, len(trips), p=HOURS)
    trips["vehicle_class"] = classes[trips["vid"]]
    # Rows come in no order, so the first ones are as good as any that a hash would choose.
    pair = ["origin_zone_id", "destination_zone_id"]
    trips = trips[trips.groupby(["vid", *pair]).cumcount() < 2]
    trips = trips[trips.groupby("vid").cumcount() < 6].assign(service_day=day)
    visits = []
    for cordon in where.cordons:
        ways = {way: np.array(where.gates_of(cordon, way)) for way in ("in", "out")}
        here = np.repeat(np.arange(vehicles), np.minimum(chance.poisson(0.8, vehicles), 2))
        entry, leave = (ways[way][chance.choice(len(ways[way]), len(here), p=_weights(size, len(ways[way])))] for way in ways)
        found = pd.DataFrame({"vid": here, "cordon_id": cordon, "entry_gate_id": entry, "exit_gate_id": leave})
        visits.append(found)
    stays = pd.concat(visits, ignore_index=True).assign(service_day=day)
    stays["kind"] = chance.choice(["through", "stay"], len(stays), p=[0.3, 0.7])
    stays["dwell_bin_s"] = chance.choice(where.dwell_bins_s[:-1], len(stays))
    ends = [
        stays.rename(columns={f"{end}_gate_id": "gate_id"}).assign(direction=way)
        for end, way in (("entry", "in"), ("exit", "out"))
    ]
    gates = pd.concat(ends, ignore_index=True)[["vid", "service_day", "cordon_id", "gate_id", "direction"]]
    gates["vehicle_class"] = classes[gates["vid"]]
    hour = pd.Series(chance.choice(24, len(gates), p=HOURS))
    start = pd.Timestamp(dt.datetime.combine(day, dt.time(4), where.zone_info).astimezone(UTC))
    gates["hour_ts"] = start + pd.to_timedelta((hour - 4) % 24, unit="h")

    def counted(rows: pd.DataFrame, *keys: str) -> pd.DataFrame:
        return rows.groupby(["service_day", *keys]).size().rename("bounded").reset_index()

    return {
        "od_day": counted(trips, *pair, "vehicle_class"),
        "od_month_hour": counted(trips, *pair, "hour_of_day"),
        "gate_hour": counted(gates, "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class"),
        "gate_pair_day": counted(stays, "cordon_id", "entry_gate_id", "exit_gate_id", "kind"),
        "dwell_day": counted(stays, "cordon_id", "dwell_bin_s"),
    }
