"""The error statement of a release: what its figures rest on, and what they do not cover (methods section 5, S15)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from privacy.day_relations import ALL

if TYPE_CHECKING:
    from kordon.city import City

HOUR_S = 3600


@dataclass(frozen=True)
class Point:
    """One thing to know about the errors of a release, in English and Dutch."""

    about: str
    about_nl: str
    en: str
    nl: str


def statement(*, detection: pd.DataFrame, cameras: pd.DataFrame, through: pd.DataFrame, city: "City") -> list[Point]:
    """What is known of the errors of some days.

    Args:
        detection: rows of ``core_detection``.
        cameras: ``hours`` and ``down_s``, summed over the camera-hours of the days; one row.
        through: rows of ``flow_through_day``.
    """
    methods = city.methods
    return [
        _sampling(),
        _detection(detection, sites=len(city.sites)),
        _threshold(through),
        _down(cameras),
        Point(
            "What a stop is",
            "Wat een stop is",
            f"A trip ends where a vehicle stops for {methods.min_stop_s / 60:.0f} minutes or longer; shorter stops are part of it. "
            "Who enters and leaves an area on one trip, by two gates, drives through. "
            "Trips run from the first to the last camera that saw the vehicle, not from door to door.",
            f"Een rit eindigt waar een voertuig {methods.min_stop_s / 60:.0f} minuten of langer stilstaat; kortere stops horen erbij. "
            "Wie een gebied op één rit in- en uitrijdt, langs twee poorten, rijdt door. "
            "Ritten lopen van de eerste tot de laatste camera die het voertuig zag, niet van deur tot deur.",
        ),
        Point(
            "What is not covered",
            "Wat er niet in zit",
            "Roads without a camera, vehicles without a plate, mistaken vehicle classes, and misses that come together beyond what "
            "the model error allows for.",
            "Wegen zonder camera, voertuigen zonder plaat, verkeerde voertuigklassen, en gemiste lezingen die meer samenvallen dan "
            "de modelfout toelaat.",
        ),
    ]


def _sampling() -> Point:
    return Point(
        "Ranges",
        "Bereiken",
        "Each range holds the chance of being read, the uncertainty of the detection probability, and a model error. It is about "
        "these days, not about other days.",
        "Elk bereik omvat het toeval van lezen, de onzekerheid van de detectiekans, en een modelfout. Het gaat over deze dagen, "
        "niet over andere.",
    )


def _detection(detection: pd.DataFrame, *, sites: int) -> Point:
    known = detection[detection["q"].notna()] if len(detection) else detection
    found = known["site_id"].nunique() if len(known) else 0
    if not found:
        return Point(
            "What cameras miss",
            "Wat camera's missen",
            "These cameras do not tell how much they miss: nothing is corrected, and no range is given.",
            "Deze camera's zeggen niet hoeveel ze missen: niets is gecorrigeerd, en er is geen bereik.",
        )
    per_site = known.groupby("site_id")["q"].mean()
    low, middle, high = per_site.min(), per_site.median(), per_site.max()
    rest = f" At {sites - found} sites it could not be told, and nothing of theirs is corrected." if found < sites else ""
    rest_nl = f" Op {sites - found} plaatsen was ze niet te bepalen, en daar is niets gecorrigeerd." if found < sites else ""
    return Point(
        "What cameras miss",
        "Wat camera's missen",
        f"The chance that a passing vehicle is read and matched is {middle:.0%} at the middle site, {low:.0%} to {high:.0%} over "
        f"{found} of {sites} sites.{rest}",
        f"De kans dat een voertuig gelezen en herkend wordt is {middle:.0%} op de middelste plaats, {low:.0%} tot {high:.0%} over "
        f"{found} van {sites} plaatsen.{rest_nl}",
    )


def _threshold(through: pd.DataFrame) -> Point:
    everyone = through[(through["vehicle_class"] == ALL) & through["through_share"].notna()]
    moved = (
        pd.concat([(everyone[f"through_share_{end}"] - everyone["through_share"]).abs() for end in ("short", "long")]).max()
        if len(everyone)
        else None
    )
    by = "an unknown number of" if moved is None or pd.isna(moved) else f"at most {100 * moved:.0f}"
    by_nl = "een onbekend aantal" if moved is None or pd.isna(moved) else f"hoogstens {100 * moved:.0f}"
    return Point(
        "Where driving through ends",
        "Waar doorrijden ophoudt",
        f"A limit of a stop that is two minutes shorter or longer moves the through share by {by} points.",
        f"Een grens van een stop die twee minuten korter of langer is verschuift het aandeel doorgaand verkeer met {by_nl} punten.",
    )


def _down(cameras: pd.DataFrame) -> Point:
    hours = float(cameras["hours"].sum())
    share = float(cameras["down_s"].sum()) / (hours * HOUR_S) if hours else 0.0
    return Point(
        "Cameras that were down",
        "Camera's die uit waren",
        f"Cameras were down for {share:.1%} of the time. Those hours have the status partial or missing, never 0.",
        f"Camera's waren {share:.1%} van de tijd uit. Die uren hebben de status partial of missing, nooit 0.",
    )
