"""Raw layer: accepted lines of the suppliers' files, with plates. Closed and short-lived."""

from kordon.tables.record import (
    BOOLEAN,
    CLOSED,
    DATE,
    DOUBLE,
    INT,
    STRING,
    TIMESTAMP,
    VEHICLE_CLASSES,
    Column,
    Table,
)

service_day = Column(
    "service_day",
    DATE,
    en="Service day, 04:00 to 04:00 local time, of the moment by the camera's clock",
    nl="Dienstdag, 04:00 tot 04:00 lokale tijd, van het moment volgens de klok van de camera",
)
read_id = Column(
    "read_id",
    STRING,
    en="The supplier's id of the read, else the SHA-256 of source, file hash and line",
    nl="Id van de lezing bij de leverancier, anders de SHA-256 van bron, bestandshash en regel",
)
read_columns = (
    Column("source", STRING, en="Supplier of the read", nl="Leverancier van de lezing"),
    Column("camera_id", STRING, en="Camera", nl="Camera"),
    Column("site_id", STRING, en="Site that the camera watches", nl="Meetpunt van de camera"),
    Column("captured_at", TIMESTAMP, en="Moment by the camera's clock, UTC", nl="Moment volgens de cameraklok, UTC"),
    Column(
        "received_at",
        TIMESTAMP,
        en="Moment of reception by the supplier, UTC",
        nl="Moment van ontvangst bij de leverancier, UTC",
        may_be_null=True,
    ),
    Column(
        "vehicle_class",
        STRING,
        en="Vehicle class as the camera saw it",
        nl="Voertuigklasse volgens de camera",
        one_of=VEHICLE_CLASSES,
    ),
    Column(
        "country",
        STRING,
        en="Country of the plate as the supplier gives it, ISO 3166 alpha-2",
        nl="Land van de nummerplaat volgens de leverancier, ISO 3166 alpha-2",
        may_be_null=True,
    ),
    Column(
        "confidence",
        DOUBLE,
        en="Confidence of the plate reading",
        nl="Betrouwbaarheid van de plaatlezing",
        unit="1",
        may_be_null=True,
        at_least=0,
        at_most=1,
    ),
    Column(
        "direction",
        STRING,
        en="Direction across a cordon, where the supplier tells it",
        nl="Richting over een kordon, waar de leverancier die geeft",
        may_be_null=True,
        one_of=("in", "out"),
    ),
    Column("lane", STRING, en="Lane as the supplier names it", nl="Rijstrook volgens leverancier", may_be_null=True),
    Column(
        "speed_kmh",
        DOUBLE,
        en="Speed measured by the camera",
        nl="Snelheid gemeten door de camera",
        unit="km/h",
        may_be_null=True,
        at_least=0,
    ),
    Column(
        "plate_quality",
        STRING,
        en="Whether the plate is usable: generic syntax, invalid syntax, or not read",
        nl="Bruikbaarheid van de plaat: algemene syntaxis, ongeldige syntaxis of niet gelezen",
        one_of=("generic", "invalid", "unread"),
    ),
)

HOLDS_PLATES = "Holds plates. Never leaves the secured zone."

plate_quality = Column(
    "plate_quality",
    STRING,
    en="Whether the plate fits its country's syntax (match), is usable (generic), is invalid or likely misread, or was not read",
    nl="Of de plaat de syntaxis van haar land volgt (match), bruikbaar is (generic), ongeldig of wellicht verkeerd gelezen, of niet",
    one_of=("match", "generic", "invalid", "unread"),
)
repair = Column(
    "repair",
    STRING,
    en="How the plate was mended before it became a pseudonym: not, one character by its country's syntax, or by likelihood",
    nl="Hoe de plaat hersteld werd voor ze een pseudoniem werd: niet, één teken volgens de syntaxis, of volgens waarschijnlijkheid",
    one_of=("none", "syntax", "fuzzy"),
)

raw_read = Table(
    "raw_read",
    tier=CLOSED,
    kept="PT72H",
    grain="one accepted line of a supplier's file",
    key=("service_day", "file", "line"),
    columns=(
        service_day,
        read_id,
        *read_columns,
        Column("plate", STRING, en="Plate, upper case, letters and digits only", nl="Nummerplaat", may_be_null=True),
        Column("file", STRING, en="File below the landing folder", nl="Bestand onder de landingsmap"),
        Column("line", INT, en="Physical line, from 1", nl="Fysieke regel, vanaf 1", unit="1", at_least=1),
        Column("is_duplicate", BOOLEAN, en="A repeat of a read that stands", nl="Herhaling van een geldige lezing"),
    ),
    warnings=(HOLDS_PLATES,),
)

raw_repaired = Table(
    "raw_repaired",
    tier=CLOSED,
    kept="PT72H",
    grain="one accepted read, once, with its plate as repair leaves it",
    key=("service_day", "source", "read_id"),
    columns=(
        service_day,
        Column("source", STRING, en="Supplier of the read", nl="Leverancier van de lezing"),
        read_id,
        Column(
            "plate",
            STRING,
            en="Plate, mended where that is safe",
            nl="Nummerplaat, hersteld waar dat veilig is",
            may_be_null=True,
        ),
        Column(
            "country",
            STRING,
            en="Country of the plate, settled over the service day, ISO 3166 alpha-2",
            nl="Land van de nummerplaat, bepaald over de dienstdag, ISO 3166 alpha-2",
            may_be_null=True,
        ),
        plate_quality,
        repair,
    ),
    warnings=(HOLDS_PLATES,),
)
