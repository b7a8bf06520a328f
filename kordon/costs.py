"""What the newest run of each day cost by step, and when the last file of each day had been loaded."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from kordon.lake import Lake
from kordon.status import DAY_STARTS, end_of

if TYPE_CHECKING:
    from kordon.city import City


class Step(NamedTuple):
    """A row of ``ops_step``: one step of a run over consecutive days."""

    first_day: date
    last_day: date
    step: str
    run_id: str
    seconds: float
    java_peak_mb: int | None


class Loaded(NamedTuple):
    """A delivered file: the instants of its last read and of its loading."""

    source: str
    last: datetime
    at: datetime


@dataclass(frozen=True)
class Cost:
    """What consecutive days cost together that the same runs computed last; ``steps`` in the order of the chain."""

    first_day: date
    last_day: date
    steps: tuple[Step, ...]

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)

    @property
    def java_peak_mb(self) -> int | None:
        return max((step.java_peak_mb for step in self.steps if step.java_peak_mb is not None), default=None)


@dataclass(frozen=True)
class Delivery:
    """The files of a supplier whose last read is of a service day.

    Attributes:
        loaded_h: hours from the end of the day until the last of them was loaded; a file lay waiting until a run came, and one that was
            loaded again counts as it was the last time.
        promise_h: hours after the hour of a read within which the supplier promised it; None without a promise.
    """

    service_day: date
    source: str
    files: int
    loaded_h: float
    promise_h: float | None


@dataclass(frozen=True)
class Costs:
    """What days cost, and when their files were loaded."""

    costs: list[Cost]
    deliveries: list[Delivery]

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        costs = [{**asdict(one), "steps": [step._asdict() for step in one.steps]} for one in self.costs]
        return {"costs": costs, "deliveries": [asdict(one) for one in self.deliveries]}


def found(lake: Lake, *, city: "City | None", wanted: Sequence[date] | None = None) -> Costs:
    """What a lake says of some days, or of all.

    Args:
        city: whose clock and promises files are compared with; without it nothing is said of them.
    """
    from kordon.chain import steps as chain

    costs = by_days(steps(lake, wanted), order=[step.name for step in chain()], wanted=wanted)
    return Costs(costs, deliveries(loaded(lake), city=city, wanted=wanted) if city else [])


def by_days(rows: Iterable[Step], *, order: Sequence[str], wanted: Iterable[date] | None = None) -> list[Cost]:
    """The newest run of each step of each day; days that the same runs computed are one.

    Args:
        order: the steps of the chain.
        wanted: days to answer for; without them all.
    """
    # A run's id begins with its start, so that the largest is the newest.
    newest: dict[date, dict[str, Step]] = {}
    for row in sorted(rows, key=lambda row: row.run_id):
        for n in range((row.last_day - row.first_day).days + 1):
            newest.setdefault(row.first_day + timedelta(days=n), {})[row.step] = row
    chosen = set(newest) if wanted is None else set(wanted) & set(newest)
    found: list[Cost] = []
    for day in sorted(chosen):
        steps = tuple(sorted(newest[day].values(), key=lambda row: order.index(row.step) if row.step in order else len(order)))
        before = found[-1] if found else None
        if before and before.steps == steps and before.last_day + timedelta(days=1) == day:
            found[-1] = Cost(before.first_day, day, steps)
        else:
            found.append(Cost(day, day, steps))
    return found


def steps(lake: Lake, wanted: Sequence[date] | None = None) -> list[Step]:
    """What ``ops_step`` says of runs that computed one of some days, or of all."""
    rows = lake.read("ops_step")
    if wanted:
        rows = rows.filter(rows.service_day <= max(wanted)).filter(rows.last_day >= min(wanted))
    names = ("service_day", "last_day", "step", "run_id", "seconds", "java_peak_mb")
    return [Step(*row) for row in rows.select(*names).collect()]


def loaded(lake: Lake) -> list[Loaded]:
    """The files of which ``ops_load`` knows a read."""
    rows = lake.read("ops_load").filter("last_captured_at IS NOT NULL")
    seconds = [rows[name].cast("double") for name in ("last_captured_at", "loaded_at")]
    return [
        Loaded(source, *(datetime.fromtimestamp(instant, UTC) for instant in instants))
        for source, *instants in rows.select("source", *seconds).collect()
    ]


def deliveries(files: Iterable[Loaded], *, city: "City", wanted: Iterable[date] | None = None) -> list[Delivery]:
    """When the files of each supplier and day had been loaded."""
    promised = {source.source: source.promise_h for source in city.sources}
    of_day: dict[tuple[date, str], list[datetime]] = {}
    for file in files:
        of_day.setdefault((_day_of(file.last, city), file.source), []).append(file.at)
    chosen = None if wanted is None else set(wanted)
    return [
        Delivery(day, source, len(found), (max(found) - end_of(day, city)) / timedelta(hours=1), promised.get(source))
        for (day, source), found in sorted(of_day.items())
        if chosen is None or day in chosen
    ]


def _day_of(instant: datetime, city: "City") -> date:
    """The service day of an instant, by the clock of the city."""
    return (instant.astimezone(city.zone_info) - timedelta(hours=DAY_STARTS.hour)).date()
