"""The road network: who can drive where, by which alternative routes."""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.place import Place
from simulation.settings import Settings

FREE, PEAK = 0, 1


@dataclass(frozen=True)
class Network:
    """Edges and precomputed routes.

    ``length_m``, ``speed_kmh``, ``site`` (number or -1), ``site_at`` (fraction of the edge) and ``road_class`` have
    shape (edges,). ``paths`` (routes, longest) lists the edges of a route, -1 after its end; ``route`` (2 states,
    nodes, nodes, alternatives) is a row of it, -1 where no demand asks; ``route_s`` has the same shape, in seconds.
    """

    length_m: NDArray[np.float64]
    speed_kmh: NDArray[np.float64]
    site: NDArray[np.int64]
    site_at: NDArray[np.float64]
    road_class: NDArray[np.str_]
    paths: NDArray[np.int16]
    route: NDArray[np.int32]
    route_s: NDArray[np.float64]


def build_network(*, place: Place, settings: Settings, rng: np.random.Generator) -> Network:
    """Find up to three routes for each pair of demand nodes and each traffic state.

    The first is the fastest; the second the fastest when link times are perceived with an error and the first is
    unattractive; the third avoids cameras.
    """
    options = settings["network"]
    nodes = {n: i for i, n in enumerate(place.nodes.node_id)}
    tail = np.array([nodes[n] for n in place.edges.from_node])
    head = np.array([nodes[n] for n in place.edges.to_node])
    length = place.edges.length_m.to_numpy().astype(np.float64)
    speed = place.edges.speed_kmh.to_numpy().astype(np.float64)
    classes = place.edges.road_class.to_numpy().astype(str)
    site = place.site_of_edge()
    site_at = np.array([float(a) if a else 0.5 for a in place.edges.site_at])
    weights = place.nodes[["living", "working", "shopping", "gateway"]].astype(float).to_numpy()
    demand = np.flatnonzero(weights.sum(1) > 0)
    leaving: list[list[tuple[int, int]]] = [[] for _ in nodes]
    for edge, (a, b) in enumerate(zip(tail, head, strict=True)):
        leaving[a].append((edge, int(b)))

    alternatives = int(options["alternatives"])
    route = np.full((2, len(nodes), len(nodes), alternatives), -1, np.int32)
    route_s = np.full(route.shape, np.inf)
    paths: list[list[int]] = []
    known: dict[tuple[int, ...], int] = {}
    depth = np.array([settings["traffic"]["depth"][c] for c in classes])
    for state in (FREE, PEAK):
        true_s = length / (speed / 3.6) / (1.0 if state == FREE else 1 - 0.8 * depth)
        perceived = [
            true_s,
            true_s * rng.lognormal(0, options["detour_sigma"], len(true_s)),
            true_s * np.where(site >= 0, options["avoid_factor"], 1.0) * rng.lognormal(0, 0.05, len(true_s)),
        ]
        for alternative in range(alternatives):
            base = perceived[alternative % 3]
            for a in demand:
                tree = _tree(start=int(a), cost=base, leaving=leaving)
                for b in demand:
                    if a == b:
                        continue
                    path = _path(tree=tree, start=int(a), end=int(b), tail=tail)
                    if alternative == 1 and path == paths[route[state, a, b, 0]]:
                        again = base.copy()
                        again[path] *= 1.5
                        path = _path(tree=_tree(start=int(a), cost=again, leaving=leaving), start=int(a), end=int(b), tail=tail)
                    number = known.setdefault(tuple(path), len(paths))
                    if number == len(paths):
                        paths.append(path)
                    route[state, a, b, alternative] = number
                    route_s[state, a, b, alternative] = true_s[path].sum()
    longest = max(len(p) for p in paths)
    padded = np.full((len(paths), longest), -1, np.int16)
    for i, path in enumerate(paths):
        padded[i, : len(path)] = path
    return Network(length, speed, site, site_at, classes, padded, route, route_s)


def _tree(*, start: int, cost: NDArray[np.float64], leaving: list[list[tuple[int, int]]]) -> list[int]:
    best = [np.inf] * len(leaving)
    last = [-1] * len(leaving)
    best[start] = 0.0
    queue = [(0.0, start)]
    while queue:
        so_far, node = heapq.heappop(queue)
        if so_far > best[node]:
            continue
        for edge, other in leaving[node]:
            total = so_far + float(cost[edge])
            if total < best[other]:
                best[other], last[other] = total, edge
                heapq.heappush(queue, (total, other))
    return last


def _path(*, tree: list[int], start: int, end: int, tail: NDArray[np.int64]) -> list[int]:
    path: list[int] = []
    while end != start:
        edge = tree[end]
        path.append(edge)
        end = int(tail[edge])
    return path[::-1]
