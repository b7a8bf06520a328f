"""Flow layer: exact aggregates. Closed: counts of one vehicle stand here. What only analysts read is in ``analysis``."""

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


def count(name: str, en: str, nl: str, *, may_be_null: bool = False) -> Column:
    return Column(name, LONG, en=en, nl=nl, unit="1", at_least=0, may_be_null=may_be_null)


def _seconds(name: str, en: str, nl: str) -> Column:
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
        count("passages", "Passages, unreadable ones included", "Passages, ook onleesbare", may_be_null=True),
        count("unread", "Passages whose plate could not be read", "Passages met onleesbare plaat", may_be_null=True),
        maybe(vehicles),
        passages_expanded,
        passages_se,
        capped,
        Column(
            "up_share",
            DOUBLE,
            en="Share of the hour that the site's cameras were up",
            nl="Deel van het uur dat de camera's van het meetpunt aan waren",
            unit="1",
            at_least=0,
            at_most=1,
        ),
        status,
    ),
    warnings=("Expanded from the passages with a plate, by the chance to be matched: do not divide passages by it again.",),
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
        passages_expanded,
        passages_se,
        capped,
        status,
    ),
    warnings=(
        "Crossings that no camera read are not in passages; passages_expanded estimates them.",
        "Errors of hours do not add up in squares: those of q and of the model are the same for all hours of a gate.",
    ),
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
        visits_expanded,
        visits_se,
        capped,
        status,
    ),
    warnings=(
        "visits are only those with both ends seen.",
        "The hour of an entry may lie before the service day of the visit.",
    ),
)

through_figures = (
    estimate("entries_expanded", "Estimate of all entries, exit seen or not", "Schatting van alle binnenkomsten"),
    estimate("entries_se", "Standard error of entries_expanded", "Standaardfout van entries_expanded"),
    estimate("through_expanded", "Estimate of all that drove through", "Schatting van alle doorgaande"),
    estimate("through_se", "Standard error of through_expanded", "Standaardfout van through_expanded"),
    share("through_share", "through_expanded / entries_expanded", "through_expanded / entries_expanded"),
    share("through_share_low", "Lower bound of its 95 % interval", "Ondergrens van het 95 %-interval"),
    share("through_share_high", "Upper bound of its 95 % interval", "Bovengrens van het 95 %-interval"),
    share(
        "through_share_short", "The share with a limit that is 120 s shorter", "Het aandeel met een grens die 120 s korter is"
    ),
    share("through_share_long", "The share with a limit that is 120 s longer", "Het aandeel met een grens die 120 s langer is"),
    capped,
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
        count("entries", "Visits with an entry", "Bezoeken met een binnenkomst"),
        count("through", "Of these, driving through; u-turns are not through", "Daarvan doorgaand; keerders niet"),
        vehicles,
        *through_figures,
        status,
    ),
    warnings=(
        "The share is that of the expanded figures; where these are empty there is none, and through / entries is too low.",
        "A stop that is shorter than the limit of driving through cannot be told from it.",
    ),
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
    columns=(
        service_day,
        cordon_id,
        vehicle_class,
        dwell_bin_s,
        visits,
        vehicles,
        visits_expanded,
        visits_se,
        capped,
        status,
    ),
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

travel_times = (
    _seconds("mean_s", "Mean travel time", "Gemiddelde reistijd"),
    maybe(_seconds("p10_s", "10th percentile of the travel time", "10e percentiel van de reistijd")),
    _seconds("p25_s", "25th percentile of the travel time", "25e percentiel van de reistijd"),
    _seconds("p50_s", "Median travel time", "Mediane reistijd"),
    _seconds("p75_s", "75th percentile of the travel time", "75e percentiel van de reistijd"),
    maybe(_seconds("p90_s", "90th percentile of the travel time", "90e percentiel van de reistijd")),
    maybe(_seconds("p95_s", "95th percentile of the travel time", "95e percentiel van de reistijd")),
    maybe(
        _seconds("free_flow_s", "15th percentile of the day's off-peak legs", "15e percentiel van de ritdelen buiten de spits")
    ),
    estimate("tti", "Travel time index: mean / free flow", "Reistijdindex: gemiddelde / vrije reistijd"),
    estimate("pti", "Planning time index: p95 / free flow", "Planningstijdindex: p95 / vrije reistijd"),
    Column(
        "buffer_index",
        DOUBLE,
        en="(p95 - mean) / mean: the extra time to be on time 19 times in 20",
        nl="(p95 - gemiddelde) / gemiddelde: extra tijd om 19 keer op 20 op tijd te zijn",
        unit="1",
        may_be_null=True,
    ),
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
        count("n", "Legs that are not cut", "Ritdelen die niet afgesneden zijn"),
        vehicles,
        *travel_times,
        status,
    ),
    warnings=("A 95th percentile of fewer than 60 legs is one vehicle's day.",),
)

flow_stock_15min = Table(
    "flow_stock_15min",
    tier=CLOSED,
    kept=KEPT,
    grain="cordon and quarter of an hour; dense",
    key=("service_day", "slot_ts", "cordon_id"),
    columns=(
        service_day,
        Column("slot_ts", TIMESTAMP, en="Start of the quarter of an hour, UTC", nl="Begin van het kwartier, UTC"),
        cordon_id,
        estimate(
            "vehicles_inside",
            "Estimate of the vehicles inside at slot_ts, parked ones included",
            "Schatting van de voertuigen binnen op slot_ts, ook geparkeerde",
        ),
        estimate("opening_stock", "The same at the start of the service day", "Hetzelfde bij het begin van de dienstdag"),
        Column(
            "residual",
            DOUBLE,
            en="(in - out) / their mean over the day, expanded, before they are balanced",
            nl="(in - uit) / hun gemiddelde over de dag, opgehoogd, voor ze in evenwicht gebracht zijn",
            unit="1",
            may_be_null=True,
        ),
        Column(
            "reason",
            STRING,
            en="residual: in and out differ by more than 5 %; no figure: camera_down, unidentified (q not known), leaks (more than 15 %)",
            nl="residual: in en uit verschillen meer dan 5 %; geen cijfer: camera_down, unidentified (q onbekend), leaks (meer dan 15 %)",
            may_be_null=True,
            one_of=("residual", "camera_down", "unidentified", "leaks"),
        ),
    ),
    warnings=("With day keys a vehicle that does not move all day is not inside.",),
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
