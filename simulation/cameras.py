"""The cameras' state: how well each sees in each hour, whether it is up, what its clock shows, when its line is
down."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.place import Place
from simulation.settings import Settings

REALTIME, HOURLY, NIGHTLY = 0, 1, 2
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fleet:
    """What stays the same about the cameras, shapes (cameras,): ``level`` logit of reading a car, ``misread`` chance,
    ``offset_s`` and ``drift_s`` (a day) of the clock, ``delivery`` mode, ``is_late`` what it delivers comes 20 h later."""

    level: Floats
    misread: Floats
    offset_s: Floats
    drift_s: Floats
    delivery: NDArray[np.int8]
    is_late: NDArray[np.bool_]


@dataclass(frozen=True)
class CameraDay:
    """The cameras on one service day. Times are epoch seconds; NaN where nothing happens.

    ``start_s``, ``end_s`` bound the day; ``level`` (cameras, hours) is the logit of reading a car; ``down`` (cameras,
    n, 2) and ``line_down`` (cameras, 2) are intervals; ``offset_s`` (cameras,) holds at the day's start and grows by
    ``drift_s`` a day; ``step_at``, ``step_s`` (cameras,) add a jump until the day's end.
    """

    start_s: float
    end_s: float
    level: Floats
    down: Floats
    line_down: Floats
    offset_s: Floats
    drift_s: Floats
    step_at: Floats
    step_s: Floats

    def level_at(self, *, camera: NDArray[np.int64], t: Floats) -> Floats:
        """Logit of reading a car, at (camera, instant) pairs."""
        hour = np.clip(((t - self.start_s) / 3600.0).astype(np.int64), 0, self.level.shape[1] - 1)
        return self.level[camera, hour]

    def is_up(self, *, camera: NDArray[np.int64], t: Floats) -> NDArray[np.bool_]:
        """Whether the camera works, at (camera, instant) pairs."""
        up = np.ones(len(t), bool)
        for k in range(self.down.shape[1]):
            up &= ~((t >= self.down[camera, k, 0]) & (t < self.down[camera, k, 1]))
        return up

    def clock_offset_s(self, *, camera: NDArray[np.int64], t: Floats) -> Floats:
        """Camera's clock minus true time, at (camera, instant) pairs."""
        drifted = self.offset_s[camera] + self.drift_s[camera] * (t - self.start_s) / 86400.0
        return drifted + np.where(t >= self.step_at[camera], self.step_s[camera], 0.0)


def draw_fleet(*, place: Place, settings: Settings, rng: np.random.Generator, late_rng: np.random.Generator) -> Fleet:
    """What each camera is like for all days. ``late_rng`` picks those that deliver late, in a stream of its own, so that
    the share of them changes nothing else."""
    n, read, clock = len(place.cameras), settings["read"], settings["clock"]
    level = _logit(read["mean"]) + rng.normal(0, read["camera_sigma"], n)
    wrong = rng.random(n) < clock["wrong_share"]
    mode = rng.random(n)
    delivery = settings["delivery"]
    # the nearest number of cameras, not a chance for each: of 35 cameras a twentieth may not be none
    late = late_rng.permutation(n) < round(delivery["late_20h_share"] * n)
    return Fleet(
        level=level,
        misread=np.minimum(settings["plate"]["misread"] * rng.lognormal(0, settings["plate"]["misread_sigma"], n), 1.0),
        offset_s=rng.normal(0, 1, n) * np.where(wrong, clock["wrong_sigma_s"], clock["offset_sigma_s"]),
        drift_s=rng.normal(0, clock["drift_sigma_s"], n),
        delivery=np.where(
            mode < delivery["hourly_share"], HOURLY, np.where(mode > 1 - delivery["nightly_share"], NIGHTLY, REALTIME)
        ).astype(np.int8),
        is_late=late,
    )


def camera_day(*, place: Place, settings: Settings, fleet: Fleet, day: dt.date, rng: np.random.Generator) -> CameraDay:
    """What happens to the cameras on a service day: weather, dirt, outages, clock steps, lines that fail."""
    start, end = place.start_s(day), place.start_s(day + dt.timedelta(days=1))
    n, read, hours = len(place.cameras), settings["read"], (end - start) // 3600
    local = (place.day_start.hour + np.arange(hours)) % 24
    spells = rng.random(hours + 2) < read["rain_share"] / 3
    rain = spells[2:] | spells[1:-1] | spells[:-2]
    night = (local >= 22) | (local < 6)
    age = (day.toordinal() + 5 * np.arange(n)) % 28
    level = (
        fleet.level[:, None]
        + (rain * read["rain_shift"] + night * read["night_shift"])[None, :]
        + (age * read["dirt_a_day"])[:, None]
        + rng.normal(0, read["hour_sigma"], (n, hours))
    )
    declared = _declared(place=place) if settings["outage"]["declared"] else np.full((n, 1, 2), np.nan)
    broken = _intervals(
        start=start, end=end, n=n, share=settings["outage"]["share"], hours=settings["outage"]["hours"], rng=rng
    )
    options = settings["delivery"]
    line_down = _intervals(
        start=start, end=end, n=n, share=options["line_down_share"], hours=options["line_down_hours"], rng=rng
    )
    clock = settings["clock"]
    steps = rng.random(n) < clock["step_share"]
    size = np.exp(rng.uniform(np.log(clock["step_s"][0]), np.log(clock["step_s"][1]), n)) * rng.choice([-1, 1], n)
    step_at = np.where(steps, start + rng.uniform(0, end - start, n), np.inf)
    # a clock is set right once a week, not all on the same day
    since_set = (day.toordinal() + np.arange(n)) % 7
    return CameraDay(
        start_s=float(start),
        end_s=float(end),
        level=level,
        down=np.concatenate([broken[:, None, :], declared], axis=1),
        line_down=line_down,
        offset_s=fleet.offset_s + fleet.drift_s * since_set,
        drift_s=fleet.drift_s,
        step_at=step_at,
        step_s=np.where(steps, size, 0.0),
    )


def _logit(share: float) -> float:
    bounded = min(max(share, 1e-9), 1 - 1e-9)
    return float(np.log(bounded / (1 - bounded)))


def _intervals(*, start: float, end: float, n: int, share: float, hours: list[float], rng: np.random.Generator) -> Floats:
    happens = rng.random(n) < share
    begin = start + rng.uniform(0, end - start, n)
    finish = np.minimum(begin + rng.uniform(hours[0], hours[1], n) * 3600.0, end)
    return np.where(happens[:, None], np.stack([begin, finish], 1), np.nan)


def _declared(*, place: Place) -> Floats:
    number = {c: i for i, c in enumerate(place.cameras.camera_id)}
    by_camera: dict[int, list[list[float]]] = {}
    for row in place.outages.to_dict("records"):
        by_camera.setdefault(number[row["camera_id"]], []).append([place.local_s(row["from"]), place.local_s(row["to"])])
    most = max((len(v) for v in by_camera.values()), default=1)
    out = np.full((len(place.cameras), most, 2), np.nan)
    for camera, intervals in by_camera.items():
        out[camera, : len(intervals)] = intervals
    return out
