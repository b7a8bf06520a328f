"""Which camera has which passage in view."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.place import Place
from simulation.settings import Settings

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """True passages of one service day, shapes (p,): ``vehicle``, ``site``, ``t`` (epoch s), ``speed_kmh``, ``lane``
    (0, 1), ``camera`` (whose lane it is, -1 where no camera hangs at that time) and ``other`` (the site's second
    camera, or -1)."""

    vehicle: Ints
    site: Ints
    t: Floats
    speed_kmh: Floats
    lane: Ints
    camera: Ints
    other: Ints


def look(
    *,
    place: Place,
    settings: Settings,
    vehicle: Ints,
    truck: NDArray[np.bool_],
    site: Ints,
    t: Floats,
    speed_kmh: Floats,
    rng: np.random.Generator,
) -> Seen:
    """Decide in whose lane each passage is. Shapes (p,), ``t`` in epoch seconds."""
    lane = ((rng.random(len(t)) < settings["read"]["lane_two"]) & ~truck).astype(np.int64)
    hung = cameras_of_sites(place=place)
    start, end = place.validity()
    options = hung[site]
    valid = (options >= 0) & (t[:, None] >= start[options]) & (t[:, None] < end[options])
    count = valid.sum(1)
    order = np.argsort(~valid, axis=1, kind="stable")
    sorted_options = np.take_along_axis(options, order, axis=1)
    which = np.where(count > 0, lane % np.maximum(count, 1), 0)
    rows = np.arange(len(t))
    camera = np.where(count > 0, sorted_options[rows, which], -1)
    second = np.where(count > 1, sorted_options[rows, (which + 1) % np.maximum(count, 1)], -1)
    return Seen(vehicle, site, t, speed_kmh, lane, camera, second)


def cameras_of_sites(*, place: Place) -> Ints:
    """Cameras that ever hung at each site, shape (sites, most), -1 after the last."""
    by_site: dict[str, list[int]] = {}
    for camera, site in enumerate(place.cameras.site_id):
        by_site.setdefault(site, []).append(camera)
    out = np.full((len(place.sites), max(map(len, by_site.values()))), -1)
    for number, site in enumerate(place.sites.site_id):
        out[number, : len(by_site.get(site, []))] = by_site.get(site, [])
    return out


def site_across(*, place: Place) -> Ints:
    """The site of the opposite direction of the same road, -1 where there is none, shape (sites,)."""
    ways = {(e.from_node, e.to_node): e.site_id for e in place.edges.itertuples() if e.site_id}
    number = {site: i for i, site in enumerate(place.sites.site_id)}
    out = np.full(len(place.sites), -1)
    for edge in place.edges.itertuples():
        if edge.site_id and (edge.to_node, edge.from_node) in ways:
            out[number[str(edge.site_id)]] = number[str(ways[(edge.to_node, edge.from_node)])]
    return out
