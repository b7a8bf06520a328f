"""The tables of the open tier: one record each. Columns come from the table records; here stands what noise adds."""

from kordon.tables import TABLES, Column
from kordon.tables.cells import class_or_all
from kordon.tables.record import DOUBLE, LONG, STRING
from privacy.open_tier.datasets import Dataset
from publication.products import DATE, DAY_TYPE, HOUR, HOUR_OF_DAY, MONTH, Product

TITLES = {
    "od_district_day": ("Trips between districts per day", "Ritten tussen districten per dag"),
    "od_day": ("Trips between zones per day", "Ritten tussen zones per dag"),
    "od_month_all": ("Trips between zones per month", "Ritten tussen zones per maand"),
    "od_month": ("Trips between zones per month and vehicle class", "Ritten tussen zones per maand en voertuigklasse"),
    "cordon_day": ("Crossings per cordon and day", "Passages per kordon en dag"),
    "gate_day": ("Crossings per gate and day", "Passages per poort en dag"),
    "gate_hour": ("Crossings per gate and hour", "Passages per poort en uur"),
    "gate_month": ("Crossings per gate, month and vehicle class", "Passages per poort, maand en voertuigklasse"),
    "gate_month_hour": (
        "Crossings per gate, hour of the day and vehicle class, in a month",
        "Passages per poort, uur van de dag en voertuigklasse, in een maand",
    ),
    "od_month_type": ("Trips between zones per type of day, in a month", "Ritten tussen zones per soort dag, in een maand"),
    "od_month_hour": (
        "Trips between zones per type of day and hour of the day, in a month",
        "Ritten tussen zones per soort dag en uur van de dag, in een maand",
    ),
    "cordon_month": ("Visits per cordon and month", "Bezoeken per kordon en maand"),
    "gate_pair_month": (
        "Visits per gate of entry, gate of exit and month",
        "Bezoeken per poort van binnenkomst, poort van vertrek en maand",
    ),
    "dwell_month": ("Visits by how long they stayed, per month", "Bezoeken naar verblijfsduur, per maand"),
}
_OWN = {
    "date": DATE,
    "hour": HOUR,
    "month": MONTH,
    "day_type": DAY_TYPE,
    "hour_of_day": HOUR_OF_DAY,
    "origin_district_id": Column("origin_district_id", STRING, en="District where first seen", nl="District waar eerst gezien"),
    "destination_district_id": Column(
        "destination_district_id", STRING, en="District where last seen", nl="District waar laatst gezien"
    ),
}
_MEASURES = {"trips": ("Trips", "Ritten"), "passages": ("Crossings", "Passages"), "visits": ("Visits", "Bezoeken")}
_NOISE_EN = ", with noise; of each vehicle and day only so many count"
_NOISE_NL = ", met ruis; per voertuig en dag tellen er maar zo veel mee"


def tables_of(dataset: Dataset) -> tuple[Product, ...]:
    """The tables that a release of a dataset may have, coarse to fine."""
    return tuple(_table(dataset, level.table, level.keys) for level in dataset.levels)


def _table(dataset: Dataset, name: str, keys: tuple[str, ...]) -> Product:
    cells = f"out_{dataset.cells}_cell"
    title_en, title_nl = TITLES[name]
    what_en, what_nl = _MEASURES[dataset.measure]
    measure = Column(
        dataset.measure, LONG, en=what_en + _NOISE_EN, nl=what_nl + _NOISE_NL, unit="1", may_be_null=True, at_least=0
    )
    margin = Column(
        "margin95",
        DOUBLE,
        en="The exact count (of what counts) lies within this of the figure in 95 of 100 rows; it comes from the noise alone",
        nl="Het juiste aantal (van wat meetelt) ligt in 95 van 100 rijen hoogstens zo ver van het cijfer; het komt van de ruis alleen",
        unit="1",
        may_be_null=True,
        at_least=0,
    )
    unbiased = Column(
        f"{dataset.measure}_unbiased",
        DOUBLE,
        en="The same before it was made a whole number that is not negative: add these up",
        nl="Hetzelfde voor het een geheel getal werd dat niet negatief is: tel deze op",
        unit="1",
        may_be_null=True,
    )
    return Product(
        name,
        title_en,
        title_nl,
        cells,
        tuple(_key(cells, key) for key in keys),
        (measure, margin, unbiased),
        dataset.measure,
        None,
        (),
        (),
    )


def _key(cells: str, name: str) -> Column:
    if name == "vehicle_class":
        return class_or_all
    return _OWN.get(name) or next(column for column in TABLES[cells].columns if column.name == name)
