"""The products of the shared tier: one record each. Columns come from the table records; here stands what a release adds."""

from dataclasses import dataclass, replace

from kordon.tables import TABLES, Column
from kordon.tables.record import DATE as DAY
from kordon.tables.record import STRING, TIMESTAMP
from privacy.disclosure import STATUSES

SHARE = "through_share"


@dataclass(frozen=True)
class Product:
    """One published table.

    Attributes:
        cells: the table of product cells that it is made from.
        keys: columns that name a row; ``date`` is the service day, ``hour`` the local start of the hour.
        measures: columns that are empty unless the row is shown.
        counted: the measure that the others are of, by which shares of what is shown are told.
    """

    name: str
    title_en: str
    title_nl: str
    cells: str
    keys: tuple[Column, ...]
    measures: tuple[Column, ...]
    counted: str
    warnings_en: tuple[str, ...]
    warnings_nl: tuple[str, ...]

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
STATUS = Column(
    "status",
    STRING,
    en="ok; partial: cameras were down some of the time; suppressed: not shown, any number, 0 included; "
    "missing: cameras were down; structural_zero: cannot occur",
    nl="ok; partial: camera's waren een deel van de tijd uit; suppressed: niet getoond, elk aantal, ook 0; "
    "missing: camera's waren uit; structural_zero: kan niet voorkomen",
    one_of=STATUSES,
)


def _column(table: str, name: str) -> Column:
    return next(column for column in TABLES[table].columns if column.name == name)


def _key(table: str, name: str) -> Column:
    return {"service_day": DATE, "hour_ts": HOUR}.get(name) or _column(table, name)


def _product(  # one call a product below, by name
    name: str,
    *,
    title_en: str,
    title_nl: str,
    measures: tuple[Column, ...],
    warnings_en: tuple[str, ...] = (),
    warnings_nl: tuple[str, ...] = (),
) -> Product:
    cells = f"out_{name}_cell"
    keys = tuple(_key(cells, key) for key in TABLES[cells].key)
    shown = tuple(replace(column, may_be_null=True) for column in measures)
    return Product(name, title_en, title_nl, cells, keys, shown, measures[0].name, warnings_en, warnings_nl)


GATE_HOUR = _product(
    "gate_hour",
    title_en="Crossings per gate, direction, hour and vehicle class",
    title_nl="Passages per poort, richting, uur en voertuigklasse",
    measures=(_column("out_gate_hour_cell", "passages"),),
    warnings_en=("A gate of two cordons stands here once for each: do not add cordons up.",),
    warnings_nl=("Een poort van twee kordons staat hier voor elk een keer: tel kordons niet op.",),
)
OD_DAY = _product(
    "od_day",
    title_en="Trips between zones per day and vehicle class",
    title_nl="Ritten tussen zones per dag en voertuigklasse",
    measures=(_column("out_od_day_cell", "trips"),),
    warnings_en=("Zones of the first and last camera that saw the vehicle, not of the true origin and destination.",),
    warnings_nl=("Zones van de eerste en laatste camera die het voertuig zag, niet van de ware herkomst en bestemming.",),
)
GATE_PAIR_DAY = _product(
    "gate_pair_day",
    title_en="Visits to a cordon per gate of entry, gate of exit and day",
    title_nl="Bezoeken aan een kordon per poort van binnenkomst, poort van vertrek en dag",
    measures=(_column("out_gate_pair_day_cell", "visits"),),
    warnings_en=("Only visits that were seen entering and leaving.",),
    warnings_nl=("Enkel bezoeken die gezien zijn bij binnenkomst en vertrek.",),
)
THROUGH_DAY = _product(
    "through_day",
    title_en="Entries of a cordon and how many drive through, per day and vehicle class",
    title_nl="Binnenkomsten in een kordon en hoeveel doorrijden, per dag en voertuigklasse",
    measures=(
        _column("out_through_day_cell", "entries"),
        _column("out_through_day_cell", "through"),
        _column("flow_through_day", SHARE),
    ),
    warnings_en=("The share is too low by the exits that no camera read: it is not corrected for missed reads.",),
    warnings_nl=("Het aandeel is te laag door gemiste vertrekken: het is niet gecorrigeerd voor gemiste lezingen.",),
)

PRODUCTS = (GATE_HOUR, OD_DAY, GATE_PAIR_DAY, THROUGH_DAY)
