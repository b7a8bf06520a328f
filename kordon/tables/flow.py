"""Flow layer: exact aggregates. Closed: counts of one vehicle stand here."""

from kordon.tables.core import cordon_id
from kordon.tables.raw import service_day
from kordon.tables.record import CLOSED, DOUBLE, INT, LONG, STRING, TIMESTAMP, VEHICLE_CLASSES, Column, Table

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


def _count(name: str, en: str, nl: str, *, may_be_null: bool = False) -> Column:
    return Column(name, LONG, en=en, nl=nl, unit="1", at_least=0, may_be_null=may_be_null)


def _seconds(name: str, en: str, nl: str) -> Column:
    return Column(name, DOUBLE, en=en, nl=nl, unit="s", at_least=0)


def maybe(column: Column) -> Column:
    """The same column where a cell may have no value."""
    return Column(**{**vars(column), "may_be_null": True})


passages = _count("passages", "Passages", "Passages")
trips = _count("trips", "Trips", "Ritten")
visits = _count("visits", "Visits", "Bezoeken")
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

flow_site_hour = Table(
    "flow_site_hour",
    tier=CLOSED,
    kept=KEPT,
    grain="site, hour and vehicle class; dense",
    key=("service_day", "hour_ts", "site_id", "vehicle_class"),
    columns=(
        service_day,
        hour_ts,
        site_id,
        vehicle_class,
        _count("passages", "Passages, unreadable ones included", "Passages, ook onleesbare", may_be_null=True),
        _count("unread", "Passages whose plate could not be read", "Passages met onleesbare plaat", may_be_null=True),
        maybe(vehicles),
        status,
    ),
)

flow_gate_hour = Table(
    "flow_gate_hour",
    tier=CLOSED,
    kept=KEPT,
    grain="gate, direction, hour and vehicle class; dense",
    key=("service_day", "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class"),
    columns=(
        service_day,
        hour_ts,
        cordon_id,
        gate_id,
        direction,
        vehicle_class,
        maybe(passages),
        maybe(vehicles),
        status,
    ),
    warnings=("Crossings that no camera read are not counted.",),
)

flow_od_hour = Table(
    "flow_od_hour",
    tier=CLOSED,
    kept=KEPT,
    grain="first and last site, hour of the first passage and vehicle class",
    key=("service_day", "hour_ts", "origin_site_id", "destination_site_id", "vehicle_class"),
    columns=(
        service_day,
        hour_ts,
        Column("origin_site_id", STRING, en="Site where first seen", nl="Meetpunt waar eerst gezien"),
        Column("destination_site_id", STRING, en="Site where last seen", nl="Meetpunt waar laatst gezien"),
        vehicle_class,
        trips,
        vehicles,
        trips_expanded,
        trips_se,
        status,
    ),
    warnings=(
        "A trip of one passage has the same origin and destination.",
        "A cell may have no trips seen and some expanded: their first or last passage was not read.",
        "Hours and classes share part of their error: a sum has a larger one than the root of the summed squares.",
    ),
)

flow_zone_od_day = Table(
    "flow_zone_od_day",
    tier=CLOSED,
    kept=KEPT,
    grain="zone of the first and of the last site, and vehicle class",
    key=("service_day", "origin_zone_id", "destination_zone_id", "vehicle_class"),
    columns=(
        service_day,
        Column("origin_zone_id", STRING, en="Zone where first seen", nl="Zone waar eerst gezien"),
        Column("destination_zone_id", STRING, en="Zone where last seen", nl="Zone waar laatst gezien"),
        vehicle_class,
        trips,
        vehicles,
        trips_expanded,
        trips_se,
        status,
    ),
    warnings=("Zones of the first and last camera, not of the true origin and destination.",),
)

entry_gate_id = Column("entry_gate_id", STRING, en="Gate of entry", nl="Poort van binnenkomst")
exit_gate_id = Column("exit_gate_id", STRING, en="Gate of exit", nl="Poort van vertrek")

flow_gate_pair_hour = Table(
    "flow_gate_pair_hour",
    tier=CLOSED,
    kept=KEPT,
    grain="entry gate, exit gate, class of the stay, hour of the entry and vehicle class",
    key=("service_day", "hour_ts", "cordon_id", "entry_gate_id", "exit_gate_id", "visit_class", "vehicle_class"),
    columns=(
        service_day,
        hour_ts,
        cordon_id,
        entry_gate_id,
        exit_gate_id,
        visit_class,
        vehicle_class,
        visits,
        vehicles,
        status,
    ),
    warnings=("Only visits with both ends seen.", "The hour of an entry may lie before the service day of the visit."),
)

flow_through_day = Table(
    "flow_through_day",
    tier=CLOSED,
    kept=KEPT,
    grain="cordon and vehicle class, and all classes together",
    key=("service_day", "cordon_id", "vehicle_class"),
    columns=(
        service_day,
        cordon_id,
        class_or_all,
        _count("entries", "Visits with an entry", "Bezoeken met een binnenkomst"),
        _count("through", "Of these, driving through; u-turns are not through", "Daarvan doorgaand; keerders niet"),
        vehicles,
        Column(
            "through_share",
            DOUBLE,
            en="through / entries",
            nl="through / entries",
            unit="1",
            may_be_null=True,
            at_least=0,
            at_most=1,
        ),
        Column(
            "through_share_short",
            DOUBLE,
            en="The share with a limit that is 120 s shorter",
            nl="Het aandeel met een grens die 120 s korter is",
            unit="1",
            may_be_null=True,
            at_least=0,
            at_most=1,
        ),
        Column(
            "through_share_long",
            DOUBLE,
            en="The share with a limit that is 120 s longer",
            nl="Het aandeel met een grens die 120 s langer is",
            unit="1",
            may_be_null=True,
            at_least=0,
            at_most=1,
        ),
    ),
    warnings=("Too low by the share of exits that no camera read: not corrected for missed reads.",),
)

dwell_bin_s = Column(
    "dwell_bin_s", INT, en="Lower bound of the dwell time bin", nl="Ondergrens van de verblijfsduurklasse", unit="s", at_least=0
)

flow_dwell_day = Table(
    "flow_dwell_day",
    tier=CLOSED,
    kept=KEPT,
    grain="cordon, dwell time bin and vehicle class",
    key=("service_day", "cordon_id", "vehicle_class", "dwell_bin_s"),
    columns=(service_day, cordon_id, vehicle_class, dwell_bin_s, visits, vehicles, status),
)

flow_dwell_summary_day = Table(
    "flow_dwell_summary_day",
    tier=CLOSED,
    kept=KEPT,
    grain="cordon and vehicle class, and all classes together",
    key=("service_day", "cordon_id", "vehicle_class"),
    columns=(
        service_day,
        cordon_id,
        class_or_all,
        visits,
        vehicles,
        _seconds("mean_s", "Mean dwell time", "Gemiddelde verblijfsduur"),
        _seconds("p25_s", "25th percentile of the dwell time", "25e percentiel van de verblijfsduur"),
        _seconds("p50_s", "Median dwell time", "Mediane verblijfsduur"),
        _seconds("p75_s", "75th percentile of the dwell time", "75e percentiel van de verblijfsduur"),
        _seconds("p90_s", "90th percentile of the dwell time", "90e percentiel van de verblijfsduur"),
    ),
    warnings=("The distribution has two humps, through traffic and stays: look at flow_dwell_day too.",),
)

flow_travel_time_hour = Table(
    "flow_travel_time_hour",
    tier=CLOSED,
    kept=KEPT,
    grain="pair of consecutive sites, hour of the departure and vehicle class, and all classes together",
    key=("service_day", "hour_ts", "from_site_id", "to_site_id", "vehicle_class"),
    columns=(
        service_day,
        hour_ts,
        Column("from_site_id", STRING, en="Site at the start", nl="Meetpunt aan het begin"),
        Column("to_site_id", STRING, en="Site at the end", nl="Meetpunt aan het einde"),
        class_or_all,
        _count("n", "Legs that are not cut", "Ritdelen die niet afgesneden zijn"),
        vehicles,
        _seconds("mean_s", "Mean travel time", "Gemiddelde reistijd"),
        _seconds("p10_s", "10th percentile of the travel time", "10e percentiel van de reistijd"),
        _seconds("p25_s", "25th percentile of the travel time", "25e percentiel van de reistijd"),
        _seconds("p50_s", "Median travel time", "Mediane reistijd"),
        _seconds("p75_s", "75th percentile of the travel time", "75e percentiel van de reistijd"),
        _seconds("p90_s", "90th percentile of the travel time", "90e percentiel van de reistijd"),
        _seconds("p95_s", "95th percentile of the travel time", "95e percentiel van de reistijd"),
        Column(
            "buffer_index",
            DOUBLE,
            en="(p95 - mean) / mean: the extra time to be on time 19 times in 20",
            nl="(p95 - gemiddelde) / gemiddelde: extra tijd om 19 keer op 20 op tijd te zijn",
            unit="1",
            may_be_null=True,
        ),
        status,
    ),
    warnings=("A 95th percentile of fewer than 60 legs is one vehicle's day.",),
)

flow_country_day = Table(
    "flow_country_day",
    tier=CLOSED,
    kept=KEPT,
    grain="gate, direction and country of the plate",
    key=("service_day", "cordon_id", "gate_id", "direction", "country"),
    columns=(
        service_day,
        cordon_id,
        gate_id,
        direction,
        Column("country", STRING, en="Country of the plate, ISO 3166 alpha-2, or unknown", nl="Land van de plaat, of unknown"),
        passages,
        vehicles,
    ),
)
