"""Where data stands, who may do what there, and how long it stays.

A zone is what an operator can give rights on: a folder or a bucket. Classes are those of the Flemish information classification
(1 public to 5); access rights are those of the EU authority table that DCAT-AP uses.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kordon.city import City


@dataclass(frozen=True)
class Text:
    """A sentence in both languages of the documents."""

    en: str
    nl: str

    def of(self, language: str) -> str:
        return self.nl if language == "nl" else self.en


@dataclass(frozen=True)
class Zone:
    """A place for data. ``folder`` says where it is, ``rule`` which time limit holds: see :func:`limit`."""

    id: str
    name: Text
    content: Text
    folder: Text
    icr: int
    access: str
    rule: str
    is_personal: bool


@dataclass(frozen=True)
class Role:
    """Somebody with rights. A service account acts for nobody in person."""

    id: str
    name: Text
    is_person: bool = True


LANDING, RAW, KEYS, VEHICLES, COUNTS = "landing", "raw", "keys", "closed-vehicles", "closed-counts"
OPS, STAGING, SHARED, OPEN = "ops", "staging", "shared", "open"

ZONES = (
    Zone(
        LANDING,
        Text("Landing", "Aanlevering"),
        Text("Suppliers' files as delivered, with plates", "Bestanden van leveranciers zoals geleverd, met nummerplaten"),
        Text("the landing folder", "de aanlevermap"),
        4,
        "NON_PUBLIC",
        "raw",
        True,
    ),
    Zone(
        RAW,
        Text("Raw reads", "Ruwe lezingen"),
        Text("Accepted reads with plate, camera and time", "Aanvaarde lezingen met nummerplaat, camera en tijdstip"),
        Text("tables raw_ of the lake", "tabellen raw_ van het lake"),
        4,
        "NON_PUBLIC",
        "raw",
        True,
    ),
    Zone(
        KEYS,
        Text("Keys", "Sleutels"),
        Text("Secret keys of the pseudonyms", "Geheime sleutels van de pseudoniemen"),
        Text("the keystore", "de sleutelbewaarplaats"),
        4,
        "NON_PUBLIC",
        "keys",
        True,
    ),
    Zone(
        VEHICLES,
        Text("Closed: vehicles", "Gesloten: voertuigen"),
        Text(
            "Pseudonymised reads, passages, legs, trips and visits, a vehicle at a time",
            "Gepseudonimiseerde lezingen, passages, ritdelen, ritten en bezoeken, voertuig per voertuig",
        ),
        Text("tables core_ with a vid", "tabellen core_ met een vid"),
        4,
        "NON_PUBLIC",
        "core",
        True,
    ),
    Zone(
        COUNTS,
        Text("Closed: exact counts", "Gesloten: exacte aantallen"),
        Text(
            "Exact flows, counts of one vehicle included, and statistics without a vehicle",
            "Exacte stromen, ook aantallen van één voertuig, en statistieken zonder voertuig",
        ),
        Text("tables flow_ and out_, and core_ without a vid", "tabellen flow_ en out_, en core_ zonder vid"),
        3,
        "NON_PUBLIC",
        "flow",
        True,
    ),
    Zone(
        OPS,
        Text("Operation", "Werking"),
        Text(
            "What was loaded, refused, reconciled and judged; the audit log; the budget ledger",
            "Wat geladen, geweigerd, sluitend gemaakt en beoordeeld is; het auditlogboek; het grootboek van het privacybudget",
        ),
        Text("tables ops_, logs and the state folder", "tabellen ops_, logboeken en de statusmap"),
        3,
        "NON_PUBLIC",
        "flow",
        False,
    ),
    Zone(
        STAGING,
        Text("Staging", "Klaarzetten"),
        Text(
            "Releases that nobody has approved yet, and exact counts behind those that somebody has, to compare the next version with",
            "Uitgaven die nog niemand heeft goedgekeurd, en exacte aantallen achter goedgekeurde, om de volgende versie mee te vergelijken",
        ),
        Text("the folder staging of the lake", "de map staging van het lake"),
        3,
        "NON_PUBLIC",
        "decision",
        False,
    ),
    Zone(
        SHARED,
        Text("Shared", "Gedeeld"),
        Text(
            "Releases with a threshold and suppression, by agreement",
            "Uitgaven met een drempel en onderdrukking, volgens afspraak",
        ),
        Text("shared releases", "gedeelde uitgaven"),
        2,
        "RESTRICTED",
        "agreement",
        False,
    ),
    Zone(
        OPEN,
        Text("Open", "Open"),
        Text("Releases with noise (differential privacy)", "Uitgaven met ruis (differentiële privacy)"),
        Text("open releases", "open uitgaven"),
        1,
        "PUBLIC",
        "permanent",
        False,
    ),
)

ROLES = (
    Role("supplier", Text("Camera supplier", "Cameraleverancier")),
    Role("pipeline", Text("Pipeline (service account)", "Verwerkingsketen (dienstaccount)"), is_person=False),
    Role("engineer", Text("Data engineer", "Data-engineer")),
    Role("custodian", Text("Key custodian", "Sleutelbeheerder")),
    Role("analyst", Text("Mobility analyst", "Mobiliteitsanalist")),
    Role("officer", Text("Data protection officer", "Functionaris voor gegevensbescherming")),
    Role("recipient", Text("Recipient by agreement", "Ontvanger met overeenkomst")),
    Role("public", Text("Everybody", "Iedereen")),
)

READ, WRITE, DESTROY, APPROVE = "read", "write", "destroy", "approve"

RIGHTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("supplier", LANDING): (WRITE,),
    ("pipeline", LANDING): (READ, DESTROY),
    ("pipeline", RAW): (READ, WRITE, DESTROY),
    ("pipeline", KEYS): (READ, WRITE, DESTROY),
    ("pipeline", VEHICLES): (READ, WRITE, DESTROY),
    ("pipeline", COUNTS): (READ, WRITE, DESTROY),
    ("pipeline", OPS): (READ, WRITE, DESTROY),
    ("pipeline", STAGING): (READ, WRITE, DESTROY),
    ("pipeline", SHARED): (READ, WRITE, DESTROY),
    ("pipeline", OPEN): (READ, WRITE, DESTROY),
    ("engineer", LANDING): (READ,),
    ("engineer", RAW): (READ,),
    ("engineer", VEHICLES): (READ,),
    ("engineer", COUNTS): (READ,),
    ("engineer", OPS): (READ, WRITE),
    ("engineer", SHARED): (READ,),
    ("engineer", OPEN): (READ,),
    ("custodian", KEYS): (READ, WRITE, DESTROY),
    ("custodian", OPS): (READ,),
    ("custodian", OPEN): (READ,),
    ("analyst", VEHICLES): (READ,),
    ("analyst", COUNTS): (READ,),
    ("analyst", OPS): (READ,),
    ("analyst", SHARED): (READ,),
    ("analyst", OPEN): (READ,),
    ("officer", OPS): (READ,),
    ("officer", STAGING): (READ, APPROVE),
    ("officer", SHARED): (READ, DESTROY),
    ("officer", OPEN): (READ, DESTROY),
    ("recipient", SHARED): (READ,),
    ("recipient", OPEN): (READ,),
    ("public", OPEN): (READ,),
}
"""What a role may do in a zone; what is not here is denied."""

RIGHT_NAMES = {
    READ: Text("read", "lezen"),
    WRITE: Text("write", "schrijven"),
    DESTROY: Text("destroy", "vernietigen"),
    APPROVE: Text("approve", "goedkeuren"),
}


def zone(zone_id: str) -> Zone:
    """A zone by its id."""
    return next(zone for zone in ZONES if zone.id == zone_id)


def rights(role: str, zone_id: str) -> tuple[str, ...]:
    """What a role may do in a zone."""
    return RIGHTS.get((role, zone_id), ())


PERIODS = {
    "service_day": Text("service day", "dienstdag"),
    "week": Text("week", "week"),
    "month": Text("month", "maand"),
    "survey": Text("survey", "onderzoeksperiode"),
}


def limit(rule: str, city: "City") -> Text:
    """How long data of a zone is kept, from ``[retention]`` and ``[keys]``."""
    kept, keys = city.retention, city.keys
    days, years = kept.core_days, kept.flow_years
    period = PERIODS[keys.period]
    days_en, days_nl = ("day", "dag") if days == 1 else ("days", "dagen")
    return {
        "raw": Text(f"{kept.raw_hours} hours after loading", f"{kept.raw_hours} uur na het laden"),
        "keys": Text(
            f"one {period.en}, then destroyed {keys.grace_hours} hours after its end",
            f"één {period.nl}, en vernietigd {keys.grace_hours} uur na afloop daarvan",
        ),
        "core": Text(f"{days} {days_en} after the key period", f"{days} {days_nl} na de sleutelperiode"),
        "flow": Text(f"{years} {'year' if years == 1 else 'years'}", f"{years} jaar"),
        "decision": Text(
            f"until it is published or refused; exact counts {years} {'year' if years == 1 else 'years'}",
            f"tot de uitgave gepubliceerd of geweigerd is; exacte aantallen {years} jaar",
        ),
        "agreement": Text("as the agreement says", "zoals de overeenkomst bepaalt"),
        "permanent": Text("permanently", "blijvend"),
    }[rule]


def duration(rule: str, city: "City") -> str | None:
    """The same as an ISO 8601 duration, or None where an event or an agreement ends it."""
    kept = city.retention
    return {
        "raw": f"PT{kept.raw_hours}H",
        "keys": f"PT{city.keys.grace_hours}H",
        "core": f"P{kept.core_days}D",
        "flow": f"P{kept.flow_years}Y",
    }.get(rule)
