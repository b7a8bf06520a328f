"""The judge: scores a lake's tables against any truth folder. It shares no code and no constant with what it judges."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fidelity.report import Report
    from kordon.city import City
    from kordon.lake import Lake


def validate(*, truth: Path, lake: "Lake", city: "City", progress: Callable[[str], None] | None = None) -> "Report":
    """Score the service days that a lake and a truth folder share.

    Args:
        truth: a folder as CONTRACT section 6 has it.
        lake: tables as CONTRACT section 4 has them; those that are not there are absent from the report.
        progress: takes lines about what is being done.

    Raises:
        InputError: the truth is unusable, or is of other days, another city or another run than the lake.
    """
    from datetime import UTC, datetime

    from fidelity import product
    from fidelity import truth as truths
    from fidelity.judge import judge
    from fidelity.place import Place
    from fidelity.report import Report, as_date
    from kordon.errors import InputError

    say = progress or (lambda line: None)
    place = Place.of(city)
    say(f"reading {truth}")
    written = truths.load(truth)
    say(f"reading {lake.uri}")
    frames = product.fetch(lake, progress=say)
    if all(frame is None for frame in frames.values()):
        raise InputError(f"{lake.uri} holds none of the tables that can be judged: `kordon run` fills a lake.")
    days = product.days_of(frames)
    known = truths.Truth.of(written, place=place, days=days or None)
    if days and not len(known.passage):
        first, last = as_date(min(days)), as_date(max(days))
        raise InputError(f"{truth} has no passage on the service days of the lake, {first} to {last}: is it of other days?")
    core = frames["core_read"]
    if core is not None and not core.read_id.isin(known.read.read_id).any():
        raise InputError(f"No read_id of {truth} is in core_read of {lake.uri}: is it of another run of the cameras?")
    say(f"judging {len(known.passage):,} true passages and {len(known.read):,} reads")
    made = judge(frames, truth=known, place=place, progress=say)
    return Report(
        city=city.name,
        timezone=city.timezone,
        min_stop_s=place.min_stop_s,
        days=[as_date(day) for day in known.days],
        truth=str(truth),
        lake=lake.uri,
        made_at=datetime.now(UTC).replace(microsecond=0),
        passages=len(known.passage),
        reads=len(known.read),
        vehicles=int(known.passage.vehicle.nunique()),
        judgement=made,
    )


__all__ = ["validate"]
