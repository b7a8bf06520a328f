"""Core layer: pseudonymised reads and what is rebuilt from them, a vehicle at a time. Closed."""

from kordon.tables.raw import plate_quality, read_columns, read_id, repair, service_day
from kordon.tables.record import (
    BINARY,
    BOOLEAN,
    CLOSED,
    INT,
    LONG,
    STRING,
    STRINGS,
    TIMESTAMP,
    VEHICLE_CLASSES,
    Column,
    Table,
)

KEPT = "P7D after the key period"

vid = Column(
    "vid",
    BINARY,
    en="Vehicle id: a pseudonym that is valid for one key period",
    nl="Voertuig-id: een pseudoniem dat één sleutelperiode geldt",
)
vehicle_class = Column(
    "vehicle_class",
    STRING,
    en="Vehicle class, the most frequent one of the reads",
    nl="Voertuigklasse, de meest voorkomende van de lezingen",
    one_of=VEHICLE_CLASSES,
)
cordon_id = Column("cordon_id", STRING, en="Cordon", nl="Kordon")
country = Column("country", STRING, en="Country of the plate", nl="Land van de nummerplaat", may_be_null=True)


def _maybe(column: Column) -> Column:
    return Column(**{**vars(column), "may_be_null": True})


core_read = Table(
    "core_read",
    tier=CLOSED,
    kept=KEPT,
    grain="one accepted read, once",
    key=("service_day", "read_id"),
    columns=(
        service_day,
        read_id,
        *(column for column in read_columns if column.name != "plate_quality"),
        plate_quality,
        repair,
        Column("read_ts", TIMESTAMP, en="Moment of the read, UTC", nl="Moment van de lezing, UTC"),
        _maybe(vid),
        Column("key_id", STRING, en="Id of the key behind vid, no secret", nl="Id van de sleutel achter vid, geen geheim"),
    ),
    warnings=("A misread plate that the syntax of its country does not mend is a vehicle of its own.",),
)

core_passage = Table(
    "core_passage",
    tier=CLOSED,
    kept=KEPT,
    grain="one vehicle passing one site once: reads merged",
    key=("service_day", "vid", "passage_id"),
    columns=(
        service_day,
        Column("passage_id", LONG, en="Passage id, a hash of its first read", nl="Passage-id, hash van eerste lezing"),
        vid,
        Column("site_id", STRING, en="Site", nl="Meetpunt"),
        Column("first_ts", TIMESTAMP, en="First read of the passage, UTC", nl="Eerste lezing van de passage, UTC"),
        Column("last_ts", TIMESTAMP, en="Last read of the passage, UTC", nl="Laatste lezing van de passage, UTC"),
        Column("reads", INT, en="Reads merged", nl="Samengevoegde lezingen", unit="1", at_least=1),
        vehicle_class,
        country,
        Column(
            "direction",
            STRING,
            en="Direction across a cordon, where the supplier tells it",
            nl="Richting over een kordon, waar de leverancier die geeft",
            may_be_null=True,
            one_of=("in", "out"),
        ),
        Column("first_read_id", STRING, en="read_id of the first read", nl="read_id van de eerste lezing"),
    ),
    warnings=("A queue longer than longest_passage_s shows as two passages.",),
)

core_leg = Table(
    "core_leg",
    tier=CLOSED,
    kept=KEPT,
    grain="two consecutive passages of a vehicle in a service day, cut or not",
    key=("service_day", "vid", "to_passage_id"),
    columns=(
        service_day,
        vid,
        Column("from_passage_id", LONG, en="Passage at the start", nl="Passage aan het begin"),
        Column("to_passage_id", LONG, en="Passage at the end", nl="Passage aan het einde"),
        Column("from_site_id", STRING, en="Site at the start", nl="Meetpunt aan het begin"),
        Column("to_site_id", STRING, en="Site at the end", nl="Meetpunt aan het einde"),
        vehicle_class,
        Column("depart_ts", TIMESTAMP, en="Last read at the start, UTC", nl="Laatste lezing aan het begin, UTC"),
        Column("arrive_ts", TIMESTAMP, en="First read at the end, UTC", nl="Eerste lezing aan het einde, UTC"),
        Column("gap_s", INT, en="From departure to arrival", nl="Van vertrek tot aankomst", unit="s", at_least=0),
        Column(
            "reference_s",
            INT,
            en="Expected driving time of the site pair in the time slot, capped by distance",
            nl="Verwachte rijtijd van het paar meetpunten in het tijdvak, begrensd door de afstand",
            unit="s",
            at_least=0,
        ),
        Column(
            "reference_level",
            STRING,
            en="What the reference rests on: legs of the quarter, of the hour, of the day, or the distance alone",
            nl="Waarop de referentie steunt: ritdelen van het kwartier, het uur, de dag, of enkel de afstand",
            one_of=("quarter", "hour", "day", "distance"),
        ),
        Column("is_cut", BOOLEAN, en="A trip ends before this leg", nl="Een rit eindigt voor dit ritdeel"),
        Column(
            "cut_reason",
            STRING,
            en="Why the trip ends: a stop, a gap beyond the longest, or faster than a vehicle can drive",
            nl="Waarom de rit eindigt: een stop, een te lang gat, of sneller dan een voertuig kan rijden",
            may_be_null=True,
            one_of=("stop", "longest_gap", "too_fast"),
        ),
    ),
    warnings=("A stop shorter than min_stop_s is not seen and stays in the driving time.",),
)

core_trip = Table(
    "core_trip",
    tier=CLOSED,
    kept=KEPT,
    grain="a chain of legs without a stop, from first seen to last seen",
    key=("service_day", "vid", "trip_id"),
    columns=(
        service_day,
        Column(
            "trip_id", LONG, en="Trip id: the passage_id of its first passage", nl="Rit-id: passage_id van de eerste passage"
        ),
        vid,
        vehicle_class,
        Column("first_site_id", STRING, en="Site where first seen", nl="Meetpunt waar eerst gezien"),
        Column("last_site_id", STRING, en="Site where last seen", nl="Meetpunt waar laatst gezien"),
        Column("start_ts", TIMESTAMP, en="First read, UTC", nl="Eerste lezing, UTC"),
        Column("end_ts", TIMESTAMP, en="Last read, UTC", nl="Laatste lezing, UTC"),
        Column("duration_s", INT, en="From first to last read", nl="Van eerste tot laatste lezing", unit="s", at_least=0),
        Column("passages", INT, en="Passages in the trip", nl="Passages in de rit", unit="1", at_least=1),
        Column("site_ids", STRINGS, en="Sites of its passages in time order", nl="Meetpunten van de passages in tijdsvolgorde"),
        Column(
            "flags",
            STRINGS,
            en="single_passage; day_start or day_end: so near 04:00 that the trip may have been cut there; clone_suspect: a plate "
            "that is likely on two vehicles, not counted in OD",
            nl="single_passage; day_start of day_end: zo dicht bij 04:00 dat de rit daar afgesneden kan zijn; clone_suspect: een "
            "kenteken dat wellicht op twee voertuigen zit, niet geteld in HB",
        ),
    ),
    warnings=("First and last seen are not the true origin and destination.",),
)

core_visit = Table(
    "core_visit",
    tier=CLOSED,
    kept=KEPT,
    grain="one stay inside a cordon, on the service day of its last event",
    key=("service_day", "vid", "visit_id", "cordon_id"),
    columns=(
        service_day,
        Column("visit_id", LONG, en="Visit id: the hash of its first event", nl="Bezoek-id: hash van de eerste gebeurtenis"),
        vid,
        cordon_id,
        vehicle_class,
        country,
        Column("entry_gate_id", STRING, en="Gate of entry", nl="Poort van binnenkomst", may_be_null=True),
        Column("entry_site_id", STRING, en="Site of the entry", nl="Meetpunt van de binnenkomst", may_be_null=True),
        Column("entry_ts", TIMESTAMP, en="Entry, UTC", nl="Binnenkomst, UTC", may_be_null=True),
        Column("exit_gate_id", STRING, en="Gate of exit", nl="Poort van vertrek", may_be_null=True),
        Column("exit_site_id", STRING, en="Site of the exit", nl="Meetpunt van het vertrek", may_be_null=True),
        Column("exit_ts", TIMESTAMP, en="Exit, UTC", nl="Vertrek, UTC", may_be_null=True),
        Column(
            "dwell_s",
            INT,
            en="From entry to exit",
            nl="Van binnenkomst tot vertrek",
            unit="s",
            may_be_null=True,
            at_least=0,
        ),
        Column(
            "visit_class",
            STRING,
            en="Class of the stay by gates and duration",
            nl="Klasse van het verblijf naar poorten en duur",
            one_of=("uturn", "through", "short_visit", "visit", "long", "overnight", "no_entry", "no_exit"),
        ),
        Column(
            "one_trip_if_longer_s",
            INT,
            en="Least by which the limit of a stop must be longer for entry and exit to be of one trip: -120, 0, 120, or NULL",
            nl="Hoeveel de grens van een stop minstens langer moet zijn opdat binnen- en buitenrijden één rit is: -120, 0, 120 of NULL",
            unit="s",
            may_be_null=True,
        ),
    ),
    warnings=(
        "An entry without exit may be a visitor who stays, or an exit that no camera read.",
        "With day keys an open visit ends at 04:00 as no_exit.",
    ),
)

core_open_visit = Table(
    "core_open_visit",
    tier=CLOSED,
    kept=KEPT,
    grain="one vehicle that is inside a cordon at the end of the service day",
    key=("service_day", "vid", "cordon_id"),
    columns=(
        service_day,
        vid,
        cordon_id,
        vehicle_class,
        country,
        Column("entry_passage_id", LONG, en="Passage of the entry", nl="Passage van de binnenkomst"),
        Column("entry_site_id", STRING, en="Site of the entry", nl="Meetpunt van de binnenkomst"),
        Column("entry_gate_id", STRING, en="Gate of entry", nl="Poort van binnenkomst"),
        Column("entry_ts", TIMESTAMP, en="Entry, UTC", nl="Binnenkomst, UTC"),
    ),
)
