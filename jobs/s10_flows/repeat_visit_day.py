"""How often vehicles come back to a cordon within the service day."""

from collections.abc import Iterator, Sequence

import numpy as np

from jobs.counting import low_n_of
from jobs.entries import OFTEN, CordonDay, cordon_days_with_entries
from jobs.expansion import DIGITS
from kordon.run import Run
from models.expansion import Whole
from models.repeats import unfolded

READS = ("core_visit", "core_open_visit", "flow_site_hour", "core_detection")
WRITES = ("flow_repeat_visit_day",)

MOST = 5
"""Entries that are told apart; more are counted as so many."""


def repeat_visit_day(days: Sequence[CordonDay]) -> Iterator[tuple[object, ...]]:
    """Rows of ``flow_repeat_visit_day``: 1 to :data:`MOST` entries of each class that was seen, 0 vehicles included.

    q is that of the class's entries together: as many were there as sum of n / q.
    """
    for day in days:
        often = day.vehicles[day.vehicles.what == OFTEN]
        for vehicle_class, rows in often.groupby("vehicle_class", sort=True):
            times = rows.times.astype(int).to_numpy()
            seen = np.bincount(times, weights=rows.n.to_numpy(float), minlength=MOST + 1)[1:].astype(float)
            q, q_se = Whole.of(day.parts[day.parts.vehicle_class == vehicle_class]).usual_q()
            found = unfolded(seen, q=q, q_se=q_se, most=MOST) if day.is_expandable else None
            for k in range(MOST):
                vehicles = int(seen[k] if k < MOST - 1 else seen[k:].sum())
                figures = (None, None) if found is None else (float(found.vehicles[k]), float(found.se[k]))
                yield (
                    *(day.service_day, day.cordon_id, vehicle_class, k + 1, vehicles),
                    *(None if value is None else round(value, DIGITS) for value in figures),
                    low_n_of(day.status, vehicles),
                )


def main(run: Run) -> None:
    run.write("flow_repeat_visit_day", run.lake.rows("flow_repeat_visit_day", repeat_visit_day(cordon_days_with_entries(run))))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
