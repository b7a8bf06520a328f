"""The processing activities of article 30, and the work that each covers: steps of the chain, commands, DAGs.

What is not named here is not covered, and ``kordon governance check`` says so: new work on personal data is a decision, not a
side effect of a commit.
"""

from dataclasses import dataclass

from privacy.governance.zones import COUNTS, KEYS, LANDING, OPEN, OPS, RAW, SHARED, STAGING, VEHICLES, Text


@dataclass(frozen=True)
class Activity:
    """One line of the register.

    Attributes:
        zones: where it reads or writes.
        processing: terms of the Data Privacy Vocabulary for what is done.
        work: what carries it out: ``step ingest``, ``command run``, ``dag daily``.
    """

    id: str
    name: Text
    what: Text
    zones: tuple[str, ...]
    processing: tuple[str, ...]
    work: tuple[str, ...]


ACTIVITIES = (
    Activity(
        "reads",
        Text("Taking in and pseudonymising reads", "Lezingen innemen en pseudonimiseren"),
        Text(
            "Suppliers' files are checked, plates are repaired where that is safe and replaced by a pseudonym under a key of one "
            "period. Refused lines are counted, their values are not kept.",
            "Bestanden van leveranciers worden nagekeken, nummerplaten worden hersteld waar dat veilig kan en vervangen door een "
            "pseudoniem onder een sleutel van één periode. Geweigerde regels worden geteld; hun waarden worden niet bewaard.",
        ),
        (LANDING, RAW, KEYS, VEHICLES, OPS),
        ("Collect", "Pseudonymise", "Store", "Erase"),
        ("step ingest", "step repair", "step pseudonymise", "command run", "command check-city", "dag daily", "dag late"),
    ),
    Activity(
        "movements",
        Text("Rebuilding movements", "Verplaatsingen reconstrueren"),
        Text(
            "Pseudonymised reads become passages, legs, trips and visits of a vehicle within one key period. Nothing follows a "
            "vehicle beyond it.",
            "Gepseudonimiseerde lezingen worden passages, ritdelen, ritten en bezoeken van een voertuig binnen één "
            "sleutelperiode. Niets volgt een voertuig daarbuiten.",
        ),
        (VEHICLES, OPS),
        ("Derive", "Store", "Erase"),
        ("step clocks", "step passages", "step legs", "step trips", "step visits"),
    ),
    Activity(
        "statistics",
        Text("Counting flows", "Stromen tellen"),
        Text(
            "Movements become exact counts by place, hour and vehicle class, with their quality. These stay closed.",
            "Verplaatsingen worden exacte aantallen per plaats, uur en voertuigklasse, met hun kwaliteit. Die blijven gesloten.",
        ),
        (VEHICLES, COUNTS, OPS),
        ("Aggregate", "Store", "Erase"),
        (
            "step detection",
            "step flows",
            "step quality",
            "command calibrate",
            "dag calibrate",
            "command validate",
            "command status",
            "command tables",
            "command demo",
        ),
    ),
    Activity(
        "publication",
        Text("Releasing statistics", "Statistieken uitgeven"),
        Text(
            "Releases are built from exact counts, protected, attacked by tests, approved by name and published. A shared release "
            "hides small counts; an open one adds noise. One that should not be out is withdrawn, by name.",
            "Uitgaven worden gemaakt uit exacte aantallen, beschermd, door tests aangevallen, op naam goedgekeurd en gepubliceerd. "
            "Een gedeelde uitgave verbergt kleine aantallen; een open uitgave voegt ruis toe. "
            "Wat niet buiten hoort te zijn wordt op naam ingetrokken.",
        ),
        (COUNTS, OPS, STAGING, SHARED, OPEN),
        ("Aggregate", "MakeAvailable", "Erase"),
        ("command release", "command evidence", "command approve", "command withdraw", "command audit", "dag release"),
    ),
    Activity(
        "protection",
        Text("Deleting, keys and requests of people", "Wissen, sleutels en verzoeken van personen"),
        Text(
            "Data past its time is deleted, keys are destroyed, requests of people are answered, and who did what is logged.",
            "Gegevens waarvan de bewaartermijn voorbij is worden gewist, sleutels worden vernietigd, verzoeken van personen worden "
            "beantwoord, en wie wat deed wordt gelogd.",
        ),
        (LANDING, RAW, KEYS, VEHICLES, COUNTS, OPS, STAGING),
        ("Erase", "Consult"),
        (
            "command retention",
            "dag retention",
            "command keys",
            "command rights",
            "command audit-log",
            "command governance",
            "command doctor",
            "command store",
        ),
    ),
)

NO_PERSONAL_DATA = ("command simulate", "dag folders")
"""Work that touches no personal data: the simulator invents its own, and folders.py says which city folders cannot be scheduled."""


def covering(work: str) -> Activity | None:
    """The activity that covers a piece of work, or None."""
    return next((activity for activity in ACTIVITIES if work in activity.work), None)
