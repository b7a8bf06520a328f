"""What adds up in a release: every sum that a reader of the documentation can know, over all products together.

Units that do not add up are left out on purpose: vehicles (one vehicle counts in many cells, and their number is not
published), corrected figures and shares (estimates of their own, not sums), trips and crossings (a trip crosses several gates or
none; only that it was seen at its ends ties it to them), visits by gate pair and by class (no product has both).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

ALL = "all"
EVERYTHING_ELSE = "every class"
"""Filter value: all vehicle classes but the row that stands for all of them."""


@dataclass(frozen=True)
class Term:
    """Some cells of a product, in groups.

    Attributes:
        view: a product, or one of the views that :func:`views` adds.
        measure: the count.
        by: the columns whose values name a group; terms of a relation name their groups alike, in order.
        only: values that columns must have.
    """

    view: str
    measure: str
    by: tuple[str, ...]
    only: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Sum:
    """The cells of ``parts`` add up to those of ``whole``, group by group.

    Attributes:
        and_part: more cells that belong to the parts.
        rest: a count that nobody publishes belongs to the parts too, so that they are at most the whole.
        empty_is_zero: a whole without any part is 0 for everybody, as the cell set shows that there is none.
        is_exact: it follows from the definitions. One that is not may fail at the edge of an hour or when a read is missed; it is
            used until published values contradict it.
    """

    name: str
    parts: Term
    whole: Term
    and_part: Term | None = None
    rest: bool = False
    empty_is_zero: bool = False
    is_exact: bool = True


def _through(measure: str, *only: tuple[str, str], by: tuple[str, ...] = ("date", "cordon_id")) -> Term:
    return Term("through_day", measure, by, only)


_OF_ALL, _OF_CLASSES = ("vehicle_class", ALL), ("vehicle_class", EVERYTHING_ELSE)
_CORDON_CLASS = ("date", "cordon_id", "vehicle_class")
_CORDON, _MONTH_CORDON = ("date", "cordon_id"), ("month", "cordon_id")

RELATIONS = (
    Sum(
        "through and other entries",
        parts=_through("through", by=_CORDON_CLASS),
        and_part=_through("other", by=_CORDON_CLASS),
        whole=_through("entries", by=_CORDON_CLASS),
    ),
    Sum("entries of the classes", parts=_through("entries", _OF_CLASSES), whole=_through("entries", _OF_ALL)),
    Sum("through of the classes", parts=_through("through", _OF_CLASSES), whole=_through("through", _OF_ALL)),
    Sum(
        "crossings inwards are entries",
        parts=Term("gate_hour", "passages", _CORDON_CLASS, (("direction", "in"),)),
        whole=_through("entries", _OF_CLASSES, by=_CORDON_CLASS),
    ),
    Sum(
        "pairs driving through",
        parts=Term("gate_pair_day", "visits", _CORDON, (("kind", "through"),)),
        whole=_through("through", _OF_ALL),
        empty_is_zero=True,
    ),
    # Who stays and is not seen leaving has no pair.
    Sum(
        "pairs staying",
        parts=Term("gate_pair_day", "visits", _CORDON, (("kind", "stay"),)),
        whole=_through("other", _OF_ALL),
        rest=True,
    ),
    Sum(
        "pairs of a gate of entry",
        parts=Term("gate_pair_day", "visits", ("date", "cordon_id", "entry_gate_id")),
        whole=Term("gate_hour", "passages", ("date", "cordon_id", "gate_id"), (("direction", "in"),)),
        rest=True,
    ),
    Sum(
        "pairs of a gate of exit",
        parts=Term("gate_pair_day", "visits", ("date", "cordon_id", "exit_gate_id")),
        whole=Term("gate_hour", "passages", ("date", "cordon_id", "gate_id"), (("direction", "out"),)),
        rest=True,
    ),
    Sum(
        "visits by dwell time",
        parts=Term("dwell_day", "visits", _CORDON),
        whole=Term("gate_pair_day", "visits", _CORDON),
    ),
    # What follows from the pairs of gates holds also where these are not published.
    Sum(
        "visits by dwell time are entries",
        parts=Term("dwell_day", "visits", _CORDON),
        whole=_through("entries", _OF_ALL),
        rest=True,
    ),
    Sum(
        "visits by dwell time are crossings inwards",
        parts=Term("dwell_day", "visits", _CORDON),
        whole=Term("gate_hour", "passages", _CORDON, (("direction", "in"),)),
        rest=True,
    ),
    Sum(
        "months of dwell times",
        parts=Term("dwell_day", "visits", ("month", "cordon_id", "dwell_bin_s")),
        whole=Term("dwell_month", "visits", ("month", "cordon_id", "dwell_bin_s")),
    ),
    Sum(
        "months of pairs",
        parts=Term("gate_pair_day", "visits", ("month", "cordon_id", "entry_gate_id", "exit_gate_id", "kind")),
        whole=Term("gate_pair_month", "visits", ("month", "cordon_id", "entry_gate_id", "exit_gate_id", "kind")),
    ),
    Sum(
        "visits of a month by dwell time",
        parts=Term("dwell_month", "visits", _MONTH_CORDON),
        whole=Term("gate_pair_month", "visits", _MONTH_CORDON),
    ),
    Sum(
        "hours of a month's trips",
        parts=Term("od_month_hour", "trips", ("month", "origin_zone_id", "destination_zone_id")),
        whole=Term("od_day", "trips", ("month", "origin_zone_id", "destination_zone_id")),
    ),
    Sum(
        "hours of a month's trips, by type of day",
        parts=Term("od_month_hour", "trips", ("month", "day_type", "origin_zone_id", "destination_zone_id")),
        whole=Term("od_day", "trips", ("month_of_type", "day_type", "origin_zone_id", "destination_zone_id")),
        is_exact=False,
    ),
    # A trip that starts in a zone of which every site is a gate was seen at one of those gates; its class may differ there.
    Sum(
        "trips from a watched zone",
        parts=Term("od_day", "trips", ("date", "origin_zone_id", "vehicle_class")),
        whole=Term("zone_crossings", "passages", ("date", "zone_id", "vehicle_class")),
        rest=True,
        is_exact=False,
    ),
    Sum(
        "trips to a watched zone",
        parts=Term("od_day", "trips", ("date", "destination_zone_id", "vehicle_class")),
        whole=Term("zone_crossings", "passages", ("date", "zone_id", "vehicle_class")),
        rest=True,
        is_exact=False,
    ),
    # Who uses two gates of the inner cordon that the outer one has too did so at both; the outer one saw others as well.
    Sum(
        "pairs at gates of two cordons",
        parts=Term("inner_pairs", "visits", ("date", "pair")),
        whole=Term("outer_pairs", "visits", ("date", "pair")),
        rest=True,
        is_exact=False,
    ),
    Sum(
        "crossings at a site",
        parts=Term("site_gates", "passages", ("date", "hour", "site_id", "vehicle_class")),
        whole=Term("site_hour", "passages", ("date", "hour", "site_id", "vehicle_class")),
        rest=True,
        is_exact=False,
    ),
    # A drive on from a site was a passage there, in the hour of its departure but for those that straddle it.
    Sum(
        "drives on from a site",
        parts=Term("travel_time_hour", "n", ("date", "hour", "from_site_id")),
        whole=Term("site_hour", "passages", ("date", "hour", "site_id")),
        rest=True,
        is_exact=False,
    ),
)


def streams(layers: Mapping[str, list[dict[str, object]]]) -> dict[tuple[str, str, str], frozenset[str]]:
    """Per (cordon, gate, direction) the site-and-way streams that cross there, as far as the reference layers tell.

    A site that a gate has for one direction only gives it all its passages, those of the other way too.
    """
    facing = {str(site["site_id"]): site.get("direction") for site in layers.get("sites", [])}
    found = {}
    for gate in layers.get("gates", []):
        sites = [str(site) for site in _listed(gate["site_ids"])]
        of_way = {
            str(way): [str(site) for site in _listed(gate[f"sites_{way}"])]
            if f"sites_{way}" in gate
            else [site for site in sites if facing.get(site) in (way, None, "")]
            for way in _listed(gate["directions"])
        }
        for way, here in of_way.items():
            both = {site for site in here if all(site in others for others in of_way.values()) and len(of_way) > 1}
            places = {f"{site}/{each}" for site in here for each in ((way,) if site in both else ("in", "out"))}
            found[str(gate["cordon_id"]), str(gate["gate_id"]), way] = frozenset(places)
    return found


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def views(
    tables: Mapping[str, pd.DataFrame], layers: Mapping[str, list[dict[str, object]]], *, day_types: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """The products, and the same cells seen as the relations need them.

    Args:
        tables: per product its rows, with the number of each count's variable in the column of the count, and in ``shown`` the
            value of its first count, or none.
        day_types: of the days of which the releases tell the type; of others the weekday does.
    """
    found = {name: _with_calendar(table, day_types) for name, table in tables.items()}
    if "od_month_hour" in found and "od_day" in found:
        found["od_day"] = _whole_months(found["od_day"], day_types)
        if not set(found["od_month_hour"]["day_type"]) <= {"workday", "saturday", "sunday", *day_types.values()}:
            found["od_day"] = found["od_day"].drop(columns="day_type")
    places = streams(layers)
    if "gate_hour" in found and places:
        gates = found["gate_hour"].drop_duplicates("passages")
        crossed = [
            places.get(key, frozenset()) for key in zip(gates["cordon_id"], gates["gate_id"], gates["direction"], strict=True)
        ]
        found["zone_crossings"] = _by_zone(gates, crossed, layers)
        sites = [{name.partition("/")[0] for name in names} for names in crossed]
        lone = [min(names) if len(names) == 1 else "" for names in sites]
        found["site_gates"] = gates.assign(site_id=lone)[[bool(site) for site in lone]]
    if "gate_pair_day" in found and places:
        found["inner_pairs"], found["outer_pairs"] = _shared_pairs(found["gate_pair_day"], places)
    return found


def _with_calendar(table: pd.DataFrame, day_types: Mapping[str, str]) -> pd.DataFrame:
    if "date" not in table:
        return table
    return table.assign(month=table["date"].str[:7], day_type=_types(table["date"], day_types))


def _types(days: pd.Series, day_types: Mapping[str, str]) -> pd.Series:
    weekday = pd.to_datetime(days).dt.dayofweek.map({5: "saturday", 6: "sunday"}).fillna("workday")
    return days.map(dict(day_types)).fillna(weekday)


def _whole_months(table: pd.DataFrame, day_types: Mapping[str, str]) -> pd.DataFrame:
    """Only of a month, or of a type of its days, of which every day is there does the sum hold."""
    have = set(table["date"])
    months = sorted(set(table["month"]))
    days = pd.Series(
        [str(day.date()) for month in months for day in pd.date_range(f"{month}-01", periods=31) if str(day)[:7] == month]
    )
    every = pd.DataFrame({"month": days.str[:7], "day_type": _types(days, day_types), "is_there": days.isin(have)})
    whole = every.groupby("month")["is_there"].all()
    of_type = every.groupby(["month", "day_type"])["is_there"].all()
    is_whole = table["month"].map(whole)
    type_is_whole = pd.Series(list(zip(table["month"], table["day_type"], strict=True)), index=table.index).map(of_type)
    unfinished = "unfinished " + table["date"]
    return table.assign(
        month=table["month"].where(is_whole.astype(bool), unfinished),
        month_of_type=table["month"].where(type_is_whole.astype(bool), unfinished),
    )


def _by_zone(gates: pd.DataFrame, crossed: list[frozenset[str]], layers: Mapping[str, list[dict[str, object]]]) -> pd.DataFrame:
    """Crossings at the gates of each zone of which every site is a gate, both ways."""
    zone_of = {f"{site['site_id']}/{way}": str(site["zone_id"]) for site in layers.get("sites", []) for way in ("in", "out")}
    watched = frozenset().union(*crossed) if crossed else frozenset()
    here: dict[str, set[str]] = {}
    for stream, zone in zone_of.items():
        here.setdefault(zone, set()).add(stream)
    full = {zone for zone, names in here.items() if names <= watched}
    zones = [sorted({zone_of[name] for name in names if name in zone_of} & full) for names in crossed]
    return gates.assign(zone_id=pd.Series(zones, index=gates.index, dtype=object)).explode("zone_id").dropna(subset=["zone_id"])


def _shared_pairs(
    pairs: pd.DataFrame, places: Mapping[tuple[str, str, str], frozenset[str]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The pairs of gates that two cordons have in common; the inner cordon is the one that shows fewer visits between them."""
    ends = [
        (places.get((cordon, entry, "in"), frozenset()), places.get((cordon, leave, "out"), frozenset()))
        for cordon, entry, leave in zip(pairs["cordon_id"], pairs["entry_gate_id"], pairs["exit_gate_id"], strict=True)
    ]
    named = pairs.assign(pair=["|".join(sorted(entry)) + " > " + "|".join(sorted(leave)) for entry, leave in ends])
    named = named[[bool(entry and leave) for entry, leave in ends]]
    size = named.groupby(["pair", "cordon_id"])["shown"].sum().reset_index().sort_values(["pair", "shown", "cordon_id"])
    cordons = size.groupby("pair")["cordon_id"].agg(tuple)
    shared = named[named["pair"].isin(cordons.index[cordons.str.len() == 2])]
    inner = shared["pair"].map(cordons).str[0] == shared["cordon_id"]
    return shared[inner], shared[~inner]
