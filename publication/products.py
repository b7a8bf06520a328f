"""The products of the shared tier: one record each. Columns come from the table records; here stands what a release adds."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from kordon.tables import TABLES, Column
from kordon.tables.record import DATE as DAY
from kordon.tables.record import INT, LONG, STRING, TIMESTAMP
from privacy.disclosure import OF_NO_VEHICLE, STATUSES

SHARE = "through_share"
QUANTILES = ("p25_s", "p50_s", "p75_s", "p95_s")


@dataclass(frozen=True)
class Product:
    """One published table.

    Attributes:
        cells: the table of product cells that it is made from.
        keys: columns that name a row; ``date`` is the service day, ``hour`` the local start of the hour.
        measures: columns that are empty unless the row is shown.
        counted: the measure that the others are of, by which shares of what is shown are told.
        corrected: the measure that estimates what really passed, whose 95 % interval ``low`` and ``high`` give; None where the
            product is of those that were seen.
    """

    name: str
    title_en: str
    title_nl: str
    cells: str
    keys: tuple[Column, ...]
    measures: tuple[Column, ...]
    counted: str
    corrected: str | None
    warnings_en: tuple[str, ...]
    warnings_nl: tuple[str, ...]

    @property
    def is_of_vehicles(self) -> bool:
        """Whether its rows count vehicles, and may have to be hidden."""
        return self.name not in OF_NO_VEHICLE

    @property
    def columns(self) -> tuple[Column, ...]:
        return (*self.keys, *self.measures, STATUS)

    @property
    def key_names(self) -> list[str]:
        return [column.name for column in self.keys]

    @property
    def measure_names(self) -> list[str]:
        return [column.name for column in self.measures]


DATE = Column("date", DAY, en="Service day, 04:00 to 04:00 local time", nl="Dienstdag, 04:00 tot 04:00 lokale tijd")
HOUR = Column(
    "hour", TIMESTAMP, en="Start of the hour, local time with offset", nl="Begin van het uur, lokale tijd met UTC-verschil"
)
MONTH = Column("month", STRING, en="Calendar month of service days", nl="Kalendermaand van dienstdagen")
DAY_TYPE = Column(
    "day_type",
    STRING,
    en="Type of the service day, as the city's calendar says",
    nl="Soort dienstdag, volgens de kalender van de stad",
    one_of=("workday", "saturday", "sunday", "holiday", "school_holiday", "event"),
)
HOUR_OF_DAY = Column(
    "hour_of_day", INT, en="Hour of the day, local time", nl="Uur van de dag, lokale tijd", at_least=0, at_most=23
)
STATUS = Column(
    "status",
    STRING,
    en="ok; partial: cameras were down some of the time; suppressed: not shown, any number, 0 included; "
    "missing: cameras were down; structural_zero: cannot occur",
    nl="ok; partial: camera's waren een deel van de tijd uit; suppressed: niet getoond, elk aantal, ook 0; "
    "missing: camera's waren uit; structural_zero: kan niet voorkomen",
    one_of=STATUSES,
)


LOW_NL, HIGH_NL = "Ondergrens van het 95 %-interval: ", "Bovengrens van het 95 %-interval: "


def _column(table: str, name: str) -> Column:
    return next(column for column in TABLES[table].columns if column.name == name)


def _key(table: str, name: str) -> Column:
    return {"service_day": DATE, "hour_ts": HOUR}.get(name) or _column(table, name)


def _interval(corrected: Column) -> tuple[Column, ...]:
    """A corrected figure and the ends of its 95 % interval, in its type and unit."""
    low = replace(corrected, name="low", en=f"Low end of its 95 % interval: {corrected.name}", nl=LOW_NL + corrected.name)
    high = replace(corrected, name="high", en=f"High end of its 95 % interval: {corrected.name}", nl=HIGH_NL + corrected.name)
    return corrected, low, high


def _expanded(counted: Column) -> Column:
    return Column(
        f"{counted.name}_expanded",
        LONG,
        en=f"{counted.en}: estimate of what really passed, read or not; empty where cameras do not tell how much they miss",
        nl=f"{counted.nl}: schatting van wat werkelijk passeerde, gelezen of niet; leeg waar camera's niet zeggen wat ze missen",
        unit="1",
        at_least=0,
    )


def _product(  # one call a product below, by name
    name: str,
    *,
    title_en: str,
    title_nl: str,
    counts: tuple[Column, ...],
    corrected: Column | None = None,
    is_counted_only: bool = False,
    keys: tuple[Column, ...] | None = None,
    warnings_en: tuple[str, ...] = (),
    warnings_nl: tuple[str, ...] = (),
) -> Product:
    cells = f"out_{name}_cell"
    keys = keys or tuple(_key(cells, key) for key in TABLES[cells].key)
    estimate = None if is_counted_only else corrected or _expanded(counts[0])
    measures = (*counts, *(_interval(estimate) if estimate else ()))
    shown = tuple(replace(column, may_be_null=True) for column in measures)
    name_of_estimate = estimate.name if estimate else None
    return Product(name, title_en, title_nl, cells, keys, shown, counts[0].name, name_of_estimate, warnings_en, warnings_nl)


GATE_HOUR = _product(
    "gate_hour",
    title_en="Crossings per gate, direction, hour and vehicle class",
    title_nl="Passages per poort, richting, uur en voertuigklasse",
    counts=(_column("out_gate_hour_cell", "passages"),),
    warnings_en=("A gate of two cordons stands here once for each: do not add cordons up.",),
    warnings_nl=("Een poort van twee kordons staat hier voor elk een keer: tel kordons niet op.",),
)
OD_DAY = _product(
    "od_day",
    title_en="Trips between zones per day and vehicle class",
    title_nl="Ritten tussen zones per dag en voertuigklasse",
    counts=(_column("out_od_day_cell", "trips"),),
    warnings_en=("Zones of the first and last camera that saw the vehicle, not of the true origin and destination.",),
    warnings_nl=("Zones van de eerste en laatste camera die het voertuig zag, niet van de ware herkomst en bestemming.",),
)
GATE_PAIR_DAY = _product(
    "gate_pair_day",
    title_en="Visits to a cordon per gate of entry, gate of exit and day",
    title_nl="Bezoeken aan een kordon per poort van binnenkomst, poort van vertrek en dag",
    counts=(_column("out_gate_pair_day_cell", "visits"),),
    warnings_en=("Only visits that were seen entering and leaving.",),
    warnings_nl=("Enkel bezoeken die gezien zijn bij binnenkomst en vertrek.",),
)
THROUGH_DAY = _product(
    "through_day",
    title_en="Entries of a cordon and how many drive through, per day and vehicle class",
    title_nl="Binnenkomsten in een kordon en hoeveel doorrijden, per dag en voertuigklasse",
    counts=(_column("out_through_day_cell", "entries"), _column("out_through_day_cell", "through")),
    corrected=_column("out_through_day_cell", SHARE),
    warnings_en=(
        "The share is corrected for missed reads, so it is not through / entries; a shorter limit of a stop makes it smaller.",
    ),
    warnings_nl=(
        "Het aandeel is gecorrigeerd voor gemiste lezingen, en is dus niet through / entries; een kortere grens van "
        "een stop maakt het kleiner.",
    ),
)

DWELL_DAY = _product(
    "dwell_day",
    title_en="Visits to a cordon by how long they stayed, per day",
    title_nl="Bezoeken aan een kordon naar verblijfsduur, per dag",
    counts=(_column("out_dwell_day_cell", "visits"),),
    warnings_en=("Only visits that were seen entering and leaving.",),
    warnings_nl=("Enkel bezoeken die gezien zijn bij binnenkomst en vertrek.",),
)
TRAVEL_TIME_HOUR = _product(
    "travel_time_hour",
    title_en="Travel times between consecutive sites by hour, all classes together",
    title_nl="Reistijden tussen opeenvolgende meetpunten per uur, alle klassen samen",
    counts=tuple(_column("out_travel_time_hour_cell", name) for name in ("n", *QUANTILES, "buffer_index")),
    is_counted_only=True,
    warnings_en=("Of drives without a stop, from at least 30 vehicles an hour.",),
    warnings_nl=("Van ritten zonder stop, van minstens 30 voertuigen per uur.",),
)
CAMERA_HEALTH_DAY = _product(
    "camera_health_day",
    title_en="Uptime and incidents of cameras per day",
    title_nl="Werkingstijd en storingen van camera's per dag",
    counts=tuple(_column("out_camera_health_day_cell", name) for name in ("uptime_pct", "incidents")),
    is_counted_only=True,
    warnings_en=("A camera that did not hang there on the day is missing.",),
    warnings_nl=("Een camera die er die dag niet hing is missing.",),
)

OD_MONTH_HOUR = _product(
    "od_month_hour",
    title_en="Trips between zones per type of day and hour of the day, in a month",
    title_nl="Ritten tussen zones per soort dag en uur van de dag, in een maand",
    counts=(_column("out_od_month_hour_cell", "trips"),),
    keys=(
        MONTH,
        DAY_TYPE,
        HOUR_OF_DAY,
        *(_column("out_od_month_hour_cell", f"{end}_zone_id") for end in ("origin", "destination")),
    ),
    warnings_en=(
        "The sum of all days of a type, not their mean. At least as many vehicles as the threshold drove on one single day of it.",
    ),
    warnings_nl=(
        "De som van alle dagen van een soort, niet hun gemiddelde. Minstens zo veel voertuigen als de drempel op één dag.",
    ),
)

PRODUCTS = (GATE_HOUR, OD_DAY, GATE_PAIR_DAY, THROUGH_DAY, DWELL_DAY, TRAVEL_TIME_HOUR, CAMERA_HEALTH_DAY)
"""Of days: a release holds those that the city chooses."""
MONTHLY = (OD_MONTH_HOUR,)
"""Of calendar months: each is a dataset of its own."""


def chosen(names: Collection[str]) -> tuple[Product, ...]:
    """The products of these names that a release of days holds, in their usual order."""
    return tuple(product for product in PRODUCTS if product.name in names)
