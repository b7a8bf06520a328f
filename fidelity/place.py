"""What the judge takes from a city folder: where cameras hang, which sites are gates, what counts as a stop."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kordon.city import City

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY_STARTS_H = 4  # a service day runs from 04:00 to 04:00 local time (CONTRACT section 2)
EARTH_M = 6_371_000.0


@dataclass(frozen=True)
class Place:
    """Cameras, sites and gates of a city.

    ``site_of``: site by camera id. ``spots``: (longitude, latitude) in degrees by site id. ``gates``: columns cordon_id,
    gate_id, site_id, direction (``in``, ``out``, ``both``). ``min_stop_s``: the shortest stay that is a stop. ``zone_of``:
    zone by site id.
    """

    site_of: dict[str, str]
    spots: dict[str, tuple[float, float]]
    gates: pd.DataFrame
    timezone: str
    min_stop_s: float
    zone_of: dict[str, str]

    @classmethod
    def of(cls, city: "City") -> "Place":
        gates = [(g.cordon_id, g.gate_id, g.site_id, g.direction) for g in city.gates]
        return cls(
            site_of={camera.camera_id: camera.site_id for camera in city.cameras},
            spots={site.site_id: (site.lon, site.lat) for site in city.sites},
            gates=pd.DataFrame(gates, columns=["cordon_id", "gate_id", "site_id", "direction"]),
            timezone=city.timezone,
            min_stop_s=city.methods.min_stop_s,
            zone_of={site.site_id: site.zone_id for site in city.sites},
        )

    def service_day(self, t: Any) -> Ints:
        """Service days, as days since 1970-01-01, of instants in epoch seconds; shape kept, no missing values."""
        utc = pd.to_datetime(pd.Series(np.asarray(t, float)), unit="s", utc=True)
        local = utc.dt.tz_convert(self.timezone).dt.tz_localize(None)
        days: Ints = (local - pd.Timedelta(hours=DAY_STARTS_H)).to_numpy("datetime64[D]").astype(np.int64)
        return days

    def day_start(self, day: int) -> float:
        """The instant, in epoch seconds, at which a service day (days since 1970-01-01) begins."""
        local = pd.Timestamp(day, unit="D") + pd.Timedelta(hours=DAY_STARTS_H)
        return float(local.tz_localize(self.timezone).timestamp())

    def distance_m(self, start: pd.Series, end: pd.Series) -> Floats:
        """Straight distance between sites in metres (equirectangular, right to a metre within a city); NaN if unknown."""
        nowhere = (np.nan, np.nan)
        a = np.radians(np.array([self.spots.get(s, nowhere) for s in start], float).reshape(-1, 2))
        b = np.radians(np.array([self.spots.get(s, nowhere) for s in end], float).reshape(-1, 2))
        east = (b[:, 0] - a[:, 0]) * np.cos((a[:, 1] + b[:, 1]) / 2)
        metres: Floats = EARTH_M * np.hypot(east, b[:, 1] - a[:, 1])
        return metres


def hour_of(t: Any) -> Ints:
    """Hours since 1970 of instants in epoch seconds."""
    hours: Ints = np.floor(np.asarray(t, float) / 3600).astype(np.int64)
    return hours


def ordered_keys(group: Any, t: Any, *, origin: float) -> Ints:
    """One sortable integer for (group, instant): groups below 9e7, instants to the millisecond within three years."""
    keys: Ints = np.asarray(group, np.int64) * 100_000_000_000 + np.round((np.asarray(t, float) - origin) * 1000).astype(
        np.int64
    )
    return keys
