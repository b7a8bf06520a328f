"""The city folder as the simulation needs it: sites, cameras, gates, days, outages and the road network."""

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kordon.errors import ConfigError

CLASSES = ("car", "van", "truck", "bus", "motorcycle", "other", "unknown")


@dataclass(frozen=True)
class Place:
    """A city folder in memory; tables keep the column names of the files.

    ``sites``, ``cameras``, ``gates``, ``nodes`` and ``edges`` have a plain index 0..n-1, which the simulation uses as
    their number. ``profiles`` holds each ``sources/<source>.toml``; ``day_types`` maps dates to kinds of day.
    """

    city: str
    zone: ZoneInfo
    day_start: dt.time
    sites: pd.DataFrame
    cameras: pd.DataFrame
    gates: pd.DataFrame
    nodes: pd.DataFrame
    edges: pd.DataFrame
    outages: pd.DataFrame
    day_types: dict[dt.date, str]
    profiles: dict[str, dict[str, Any]]

    def start_s(self, day: dt.date) -> int:
        """The instant at which a service day starts, epoch seconds."""
        return int(dt.datetime.combine(day, self.day_start, self.zone).timestamp())

    def local_s(self, text: str) -> float:
        """A local date, or date and time (or one with an offset), as epoch seconds."""
        when = dt.datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=self.zone)).timestamp()

    def day_type(self, day: dt.date) -> str:
        """The calendar's kind of day; without a calendar, the weekday's."""
        weekday = {5: "saturday", 6: "sunday"}.get(day.weekday(), "workday")
        return self.day_types.get(day, weekday)

    def site_of_edge(self) -> NDArray[np.int64]:
        """Site number of each edge, -1 where no camera looks, shape (edges,)."""
        number = {site: i for i, site in enumerate(self.sites.site_id)}
        return np.array([number.get(s, -1) for s in self.edges.site_id], np.int64)

    def validity(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Each camera's first and last (exclusive) epoch second, shapes (cameras,)."""
        start = np.array([self.local_s(t) if t else -np.inf for t in self.cameras.valid_from])
        end = np.array([self.local_s(t) if t else np.inf for t in self.cameras.valid_to])
        return start, end


def read_place(city: Path) -> Place:
    """Read a city folder that has a road network.

    Raises:
        ConfigError: a file is missing, or a name in one file does not exist in another.
    """
    try:
        about = tomllib.loads((city / "city.toml").read_text(encoding="utf-8"))["city"]
        profiles = {p.stem: tomllib.loads(p.read_text(encoding="utf-8")) for p in sorted((city / "sources").glob("*.toml"))}
    except FileNotFoundError as error:
        raise ConfigError(f"{error.filename}: missing; --city must point at a city folder") from error
    calendar = _table(city / "calendar.csv", needed=False)
    place = Place(
        city=about["id"],
        zone=ZoneInfo(about["timezone"]),
        day_start=dt.time.fromisoformat(about.get("service_day_start", "04:00")),
        sites=_table(city / "sites.csv"),
        cameras=_table(city / "cameras.csv"),
        gates=_table(city / "gates.csv"),
        nodes=_table(city / "network_nodes.csv"),
        edges=_table(city / "network_edges.csv"),
        outages=_table(city / "outages.csv", needed=False),
        day_types={dt.date.fromisoformat(d): t for d, t in zip(calendar.date, calendar.day_type, strict=True)}
        if len(calendar)
        else {},
        profiles=profiles,
    )
    _check(place=place, city=city)
    return place


def _table(path: Path, *, needed: bool = True) -> pd.DataFrame:
    if not path.is_file():
        if needed:
            raise ConfigError(f"{path}: missing; the simulation needs it")
        return pd.DataFrame()
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _check(*, place: Place, city: Path) -> None:
    known = set(place.sites.site_id)
    for name, column in (("cameras", place.cameras.site_id), ("gates", place.gates.site_id)):
        for line, site in enumerate(column, start=2):
            if site not in known:
                raise ConfigError(f"{city / name}.csv line {line}: site {site} is not in sites.csv; add it there")
    for line, source in enumerate(place.cameras.source, start=2):
        if source not in place.profiles:
            raise ConfigError(f"{city / 'cameras.csv'} line {line}: no sources/{source}.toml; add the profile")
    inside = {n: set(i.split()) for n, i in zip(place.nodes.node_id, place.nodes.inside, strict=True)}
    ways = {(str(g.cordon_id), str(g.site_id)): str(g.direction) for g in place.gates.itertuples()}
    cordons = sorted({cordon for cordon, _ in ways})
    file = city / "network_edges.csv"
    roads = place.edges[["edge_id", "from_node", "to_node", "site_id"]].to_numpy(str).tolist()
    for line, (road, tail, head, site) in enumerate(roads, start=2):
        if tail not in inside or head not in inside:
            raise ConfigError(f"{file} line {line}: {road} has a node that is not in network_nodes.csv; add it there")
        for cordon in cordons:
            a, b = cordon in inside[tail], cordon in inside[head]
            wanted = None if a == b else ("in" if b else "out")
            declared = ways.get((cordon, str(site)))
            if declared != wanted:
                raise ConfigError(
                    f"{file} line {line}: {road} goes {wanted or 'not'} through cordon {cordon}, but gates.csv says "
                    f"{declared or 'nothing'} for its site; each crossing road needs a gate there, and no other does"
                )
