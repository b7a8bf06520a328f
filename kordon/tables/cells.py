"""Columns that tables of counts share: what a cell is of, what was counted in it, what is estimated from that."""

from kordon.tables.record import DOUBLE, LONG, STRING, TIMESTAMP, VEHICLE_CLASSES, Column

KEPT = "P3Y"

STATUSES = ("ok", "low_n", "partial", "missing", "structural_zero")

hour_ts = Column("hour_ts", TIMESTAMP, en="Start of the hour, UTC", nl="Begin van het uur, UTC")
site_id = Column("site_id", STRING, en="Site", nl="Meetpunt")
gate_id = Column("gate_id", STRING, en="Gate of the cordon", nl="Poort van het kordon")
direction = Column("direction", STRING, en="Inwards or outwards", nl="Naar binnen of naar buiten", one_of=("in", "out"))
vehicle_class = Column("vehicle_class", STRING, en="Vehicle class", nl="Voertuigklasse", one_of=VEHICLE_CLASSES)
class_or_all = Column(
    "vehicle_class",
    STRING,
    en="Vehicle class, or all",
    nl="Voertuigklasse, of all voor alle samen",
    one_of=(*VEHICLE_CLASSES, "all"),
)
visit_class = Column(
    "visit_class",
    STRING,
    en="Class of the stay",
    nl="Klasse van het verblijf",
    one_of=("uturn", "through", "short_visit", "visit", "long", "overnight"),
)
vehicles = Column(
    "vehicles", LONG, en="Distinct vehicles seen in the cell", nl="Verschillende voertuigen in de cel", unit="1", at_least=0
)
status = Column(
    "status",
    STRING,
    en="ok; low_n: few, values kept; partial: cameras down some of the time; missing: down, no value",
    nl="ok; low_n: weinig, waarden behouden; partial: camera's deels uit; missing: uit, geen waarde",
    one_of=STATUSES,
)


def count(name: str, en: str, nl: str, *, may_be_null: bool = False) -> Column:
    return Column(name, LONG, en=en, nl=nl, unit="1", at_least=0, may_be_null=may_be_null)


def seconds(name: str, en: str, nl: str) -> Column:
    return Column(name, DOUBLE, en=en, nl=nl, unit="s", at_least=0)


def maybe(column: Column) -> Column:
    """The same column where a cell may have no value."""
    return Column(**{**vars(column), "may_be_null": True})


def estimate(name: str, en: str, nl: str, *, unit: str = "1") -> Column:
    return Column(name, DOUBLE, en=en, nl=nl, unit=unit, may_be_null=True, at_least=0)


def share(name: str, en: str, nl: str) -> Column:
    return Column(name, DOUBLE, en=en, nl=nl, unit="1", may_be_null=True, at_least=0, at_most=1)


capped = count(
    "capped",
    "Of the matched ones, those that stand for more than five and count as five",
    "Van de gematchte, die welke voor meer dan vijf staan en als vijf tellen",
    may_be_null=True,
)
passages_expanded = estimate(
    "passages_expanded",
    "Estimate of what really passed; empty where detection is not known or cameras were down",
    "Schatting van wat echt passeerde; leeg waar de detectie onbekend is of camera's uit waren",
)
passages_se = estimate("passages_se", "Standard error of passages_expanded", "Standaardfout van passages_expanded")
visits_expanded = estimate(
    "visits_expanded",
    "Estimate of all visits, read at both ends or not",
    "Schatting van alle bezoeken, aan beide kanten gelezen of niet",
)
visits_se = estimate("visits_se", "Standard error of visits_expanded", "Standaardfout van visits_expanded")
passages = count("passages", "Passages", "Passages")
trips = count("trips", "Trips", "Ritten")
visits = count("visits", "Visits", "Bezoeken")
trips_expanded = Column(
    "trips_expanded",
    DOUBLE,
    en="Estimate of the trips that truly began and ended here, read or not; NULL where detection is not known",
    nl="Schatting van de ritten die hier echt begonnen en eindigden, gelezen of niet; NULL waar de detectie onbekend is",
    unit="1",
    may_be_null=True,
    at_least=0,
)
trips_se = Column(
    "trips_se",
    DOUBLE,
    en="Standard error of trips_expanded",
    nl="Standaardfout van trips_expanded",
    unit="1",
    may_be_null=True,
    at_least=0,
)
