"""Core layer, what is known of the cameras: when they worked, what their clocks showed, how much they see. Closed, without vehicles."""

from kordon.tables.core import vehicle_class
from kordon.tables.raw import service_day
from kordon.tables.record import BOOLEAN, CLOSED, DATE, DAY_PARTS, DOUBLE, INT, LONG, STRING, TIMESTAMP, Column, Table

core_camera_hour = Table(
    "core_camera_hour",
    tier=CLOSED,
    kept="P3Y",
    grain="camera and hour in which it hung there; dense",
    key=("service_day", "hour_ts", "camera_id"),
    columns=(
        service_day,
        Column("hour_ts", TIMESTAMP, en="Start of the hour, UTC", nl="Begin van het uur, UTC"),
        Column("camera_id", STRING, en="Camera", nl="Camera"),
        Column("source", STRING, en="Supplier of the camera's reads", nl="Leverancier van de lezingen"),
        Column("reads", LONG, en="Reads of the hour, whenever delivered", nl="Lezingen van het uur", unit="1", at_least=0),
        Column("unread", LONG, en="Reads without a plate", nl="Lezingen zonder nummerplaat", unit="1", at_least=0),
        Column(
            "invalid", LONG, en="Reads whose plate no vehicle has", nl="Lezingen met onmogelijke plaat", unit="1", at_least=0
        ),
        Column("is_up", BOOLEAN, en="Worked for some of the hour", nl="Werkte een deel van het uur"),
        Column(
            "down_s",
            INT,
            en="Time in which it was declared down, silent against expectation, or not there",
            nl="Tijd waarin ze als uit gemeld was, stil tegen de verwachting in, of er niet hing",
            unit="s",
            at_least=0,
            at_most=3600,
        ),
        Column(
            "clock_offset_s",
            DOUBLE,
            en="What its clock showed too much, by delivery times; NULL where they do not tell",
            nl="Wat haar klok te veel aangaf, volgens de levertijden; NULL waar die het niet zeggen",
            unit="s",
            may_be_null=True,
        ),
    ),
    warnings=(
        "All cameras of a supplier together may be off by the time that its idle line takes.",
        "A camera without a single read in a day is not known to be down unless it was declared.",
    ),
)

Q_CELL = (
    Column("site_id", STRING, en="Site", nl="Meetpunt"),
    vehicle_class,
    Column(
        "day_part",
        STRING,
        en="Part of the day by local time: night from 22, morning from 6, day from 10, evening from 15, late from 19",
        nl="Dagdeel naar lokale tijd: night vanaf 22, morning vanaf 6, day vanaf 10, evening vanaf 15, late vanaf 19 uur",
        one_of=DAY_PARTS,
    ),
)

Q = (
    Column(
        "q",
        DOUBLE,
        en="Detection probability: the chance that a passing vehicle is read and matched; NULL where nothing tells",
        nl="Detectiekans: kans dat een passerend voertuig gelezen en herkend wordt; NULL waar niets het zegt",
        unit="1",
        may_be_null=True,
        at_least=0,
        at_most=1,
    ),
    Column(
        "q_se",
        DOUBLE,
        en="Standard error of q",
        nl="Standaardfout van q",
        unit="1",
        may_be_null=True,
        at_least=0,
        at_most=1,
    ),
    Column(
        "method",
        STRING,
        en="How q is known: reference counts, a cordon's continuity, bracketing by two sites, the network's mean, earlier days; or why not",
        nl="Hoe q gekend is: tellingen, continuïteit van een kordon, insluiting, gemiddelde van het net, vroegere dagen; of waarom niet",
        one_of=(
            "counts",
            "counts_disagree",
            "continuity",
            "continuity_leaking",
            "bracketing",
            "network",
            "pooled",
            "below_floor",
            "unidentified",
        ),
    ),
)

core_detection = Table(
    "core_detection",
    tier=CLOSED,
    kept="P3Y",
    grain="site, vehicle class and part of the day; dense",
    key=("service_day", "site_id", "vehicle_class", "day_part"),
    columns=(
        service_day,
        *Q_CELL,
        *Q,
        Column("n", LONG, en="Passages seen in the cell", nl="Passages gezien in de cel", unit="1", at_least=0),
    ),
    warnings=(
        "It holds for hours in which the site's cameras were up, and for passages of reads with a vid.",
        "network is the mean of the other sites, not knowledge of this one; continuity_leaking and counts_disagree are in doubt.",
    ),
)

core_detection_day = Table(
    "core_detection_day",
    tier=CLOSED,
    kept="P3Y",
    grain="a kind of what follows what, with places, class, part of the day and sites that were down: what makes q of a day or of many",
    key=("service_day", "kind", "a", "b", "c", "vehicle_class", "part", "part_b", "half", "is_near", "down"),
    columns=(
        service_day,
        Column(
            "kind",
            STRING,
            en="pair: c right after a; triple: b and c right after a; passage: of site c; count: a reference count at site c",
            nl="pair: c meteen na a; triple: b en c meteen na a; passage: op meetpunt c; count: een telling op meetpunt c",
            one_of=("pair", "triple", "passage", "count"),
        ),
        *(
            Column(
                name, STRING, en=f"{en} site, with the direction where the read tells it; empty without", nl=f"{nl} meetpunt"
            )
            for name, en, nl in (("a", "First", "Eerste"), ("b", "Middle", "Middelste"), ("c", "Last", "Laatste"))
        ),
        vehicle_class,
        Column("part", STRING, en="Part of the day, or mixed", nl="Dagdeel, of mixed"),
        Column("part_b", STRING, en="Part of the day of the middle passage", nl="Dagdeel van de middelste passage"),
        Column("half", INT, en="Half of the vehicles, drawn by pseudonym", nl="Helft van de voertuigen", unit="1", at_least=0),
        Column("is_near", BOOLEAN, en="Soon after each other", nl="Kort na elkaar"),
        Column("down", STRING, en="Sites that were down in the meantime", nl="Meetpunten die intussen uitvielen"),
        Column(
            "n",
            LONG,
            en="Vehicles; matched passages of a count",
            nl="Voertuigen; passages bij een telling",
            unit="1",
            at_least=0,
        ),
        Column(
            "counted", LONG, en="What the reference counted", nl="Wat de telling telde", unit="1", may_be_null=True, at_least=0
        ),
    ),
    warnings=("Exact and small: it tells what followed what on a day, and leaves the lake only as q.",),
)

core_pooled_q = Table(
    "core_pooled_q",
    tier=CLOSED,
    kept="P3Y",
    grain="snapshot, site, vehicle class and part of the day; dense; service_day is the last day of its period",
    key=("service_day", "snapshot", "site_id", "vehicle_class", "day_part"),
    columns=(
        service_day,
        Column(
            "snapshot",
            LONG,
            en="Number of the snapshot, from 1",
            nl="Nummer van de momentopname, vanaf 1",
            unit="1",
            at_least=1,
        ),
        Column("first_day", DATE, en="First day of its period", nl="Eerste dag van de periode"),
        Column(
            "days", INT, en="Complete days that it was made of", nl="Volledige dagen waaruit ze bestaat", unit="1", at_least=1
        ),
        *Q_CELL,
        *Q,
        Column("n", LONG, en="Passages seen in the cell", nl="Passages gezien in de cel", unit="1", at_least=0),
    ),
)
