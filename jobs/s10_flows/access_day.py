"""Car-free zones: entries within and outside the time windows of their class, and the share that keeps to them."""

from collections.abc import Iterator, Sequence

import numpy as np

from jobs.counting import low_n_of
from jobs.entries import CLASS, OUTSIDE, CordonDay, cordon_days_with_entries
from jobs.s10_flows.mix_day import rounded
from kordon.run import Run
from models.expansion import UNKNOWN, Whole

READS = ("core_visit", "core_open_visit", "flow_site_hour", "core_detection")
WRITES = ("flow_access_day",)


def access_day(days: Sequence[CordonDay]) -> Iterator[tuple[object, ...]]:
    """Rows of ``flow_access_day``: a row for each class that was seen to enter a cordon with windows."""
    for day in days:
        told = day.parts[day.parts.is_allowed.notna()]
        seen_by = zip(day.vehicles.what, day.vehicles.vehicle_class, day.vehicles.n.tolist(), strict=True)
        vehicles = {(what, vehicle_class): n for what, vehicle_class, n in seen_by if what in (CLASS, OUTSIDE)}
        for vehicle_class, parts in told.groupby("vehicle_class", sort=True):
            allowed, every = parts.is_allowed.to_numpy(bool), Whole.of(parts)
            seen, outside = (vehicles.get((what, vehicle_class), 0) for what in (CLASS, OUTSIDE))
            whole, within, without = (
                rounded(every.share_of(cell, is_sorted=True)) if day.is_expandable else UNKNOWN
                for cell in (np.ones_like(allowed), allowed, ~allowed)
            )
            yield (
                *(day.service_day, day.cordon_id, vehicle_class),
                *(int(parts.n.sum()), int(parts.n.to_numpy()[~allowed].sum()), seen, outside),
                *(whole.expanded, whole.se, without.expanded, without.se, within.share, within.low, within.high),
                *(whole.capped, low_n_of(day.status, seen)),
            )


def main(run: Run) -> None:
    if run.city.access or run.lake.version("flow_access_day") is not None:
        run.write("flow_access_day", run.lake.rows("flow_access_day", access_day(cordon_days_with_entries(run))))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
