"""How long it takes to park and leave: cuts at several margins against true stops, where identities are right.

Run as ``python tests/benchmark/stop_margin.py --lake LAKE --truth TRUTH [--city CITY]`` on a lake computed to ``legs``.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from fidelity import boundaries, product, truth, view
from fidelity.place import Place
from jobs.stops import SLOW_FACTOR, STOP_MARGIN_S
from kordon.city import load
from kordon.lake import Lake
from kordon.spark import session

MARGINS_S = (60, 120, 180, 240, 300, 360, 420)


def legs_with_stops(lake: Lake, frames: product.Frames, known: truth.Truth) -> pd.DataFrame:
    """``gap_s``, ``reference_s``, ``cut_reason`` and the true ``stop_s`` of each leg between passages of one true vehicle."""
    seen = view.of_product(frames, truth=known)
    assert seen is not None and seen.leg is not None
    first = seen.passage.first_read.to_numpy()
    true = np.where(first >= 0, known.read.passage.to_numpy()[first], -1)
    legs = lake.read("core_leg").select("from_passage_id", "to_passage_id", "gap_s", "reference_s", "cut_reason").toPandas()
    legs = legs.merge(seen.leg[["from_passage_id", "to_passage_id", "start", "end"]], on=["from_passage_id", "to_passage_id"])
    a, b = true[legs.start], true[legs.end]
    vehicle, t = known.passage.vehicle.to_numpy(), known.passage.t.to_numpy()
    one = (a >= 0) & (b >= 0) & (vehicle[a] == vehicle[b])
    return legs[one].assign(stop_s=known.longest_stop_s(vehicle=vehicle[a[one]], start=t[a[one]], end=t[b[one]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--city", type=Path, default=Path("cities/vliet"))
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    given = parser.parse_args()
    place, lake = Place.of(load(given.city)), Lake(session(quick=True), str(given.lake))
    frames = product.fetch(lake, progress=print)
    known = truth.Truth.of(truth.load(given.truth), place=place, days=product.days_of(frames))
    legs = legs_with_stops(lake, frames, known)
    stopped = legs.stop_s >= place.min_stop_s
    clear = stopped | (legs.stop_s < boundaries.UNCLEAR_S)
    otherwise = legs.cut_reason.isin(["too_fast", "longest_gap"])
    print(f"{len(legs):,} legs, {stopped.sum():,} with a stop of {place.min_stop_s} s; the margin is {STOP_MARGIN_S} s")
    print("margin s   F1 clear   F1 strict   cuts too many")
    for margin in MARGINS_S:
        limit = np.maximum(SLOW_FACTOR * legs.reference_s, legs.reference_s + place.min_stop_s + margin)
        cut = otherwise | (legs.gap_s > limit)
        f1 = [boundaries.score(stopped[some], cut[some])["f1"] for some in (clear, stopped | True)]
        print(f"{margin:8}   {f1[0]:8.3f}   {f1[1]:9.3f}   {cut.sum() - stopped.sum():13,}")


if __name__ == "__main__":
    main()
