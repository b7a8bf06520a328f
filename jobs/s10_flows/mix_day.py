"""Who enters a cordon: entries by vehicle class and country of the plate, and their share of all."""

from collections.abc import Iterator, Sequence

from jobs.counting import low_n_of
from jobs.entries import MIX, CordonDay, cordon_days_with_entries
from jobs.expansion import DIGITS
from kordon.run import Run
from models.expansion import UNKNOWN, Figures, Whole

READS = ("core_visit", "core_open_visit", "flow_site_hour", "core_detection")
WRITES = ("flow_mix_day",)

CELL = ["vehicle_class", "country"]


def mix_day(days: Sequence[CordonDay]) -> Iterator[tuple[object, ...]]:
    """Rows of ``flow_mix_day``: a row for each class and country that was seen."""
    for day in days:
        of_mix = day.vehicles[day.vehicles.what == MIX]
        vehicles = dict(zip(zip(*(of_mix[name] for name in CELL), strict=True), of_mix.n.tolist(), strict=True))
        whole = Whole.of(day.parts)
        for cell, parts in day.parts.groupby(CELL, sort=True):
            of_cell = day.parts.index.isin(parts.index)
            found = whole.share_of(of_cell) if day.is_expandable else UNKNOWN
            seen = vehicles[cell]
            yield (day.service_day, day.cordon_id, *cell, int(parts.n.sum()), seen, *rounded(found), low_n_of(day.status, seen))


def rounded(found: Figures) -> Figures:
    """Figures as tables hold them: a rerun gives the same digits."""
    expanded, se, share, low, high = (None if value is None else round(value, DIGITS + 2) for value in found[:5])
    return Figures(expanded, se, share, low, high, found.capped)


def main(run: Run) -> None:
    run.write("flow_mix_day", run.lake.rows("flow_mix_day", mix_day(cordon_days_with_entries(run))))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
