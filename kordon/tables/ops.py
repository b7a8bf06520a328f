"""Operation: what was loaded, refused, reconciled, judged, and which days are whole."""

from kordon.tables.raw import service_day
from kordon.tables.record import (
    CLOSED,
    DATE,
    DOUBLE,
    INT,
    LONG,
    STRING,
    TIMESTAMP,
    VERSIONS,
    Column,
    Table,
)

KEPT = "P3Y"

source = Column("source", STRING, en="Supplier", nl="Leverancier")
file = Column("file", STRING, en="File below the landing folder", nl="Bestand onder de landingsmap")
run_id = Column("run_id", STRING, en="Run that wrote the row", nl="Uitvoering die de rij schreef")


def _lines(name: str, en: str, nl: str) -> Column:
    return Column(name, LONG, en=en, nl=nl, unit="1", at_least=0)


ops_load = Table(
    "ops_load",
    tier=CLOSED,
    kept=KEPT,
    grain="one delivered file",
    key=("source", "file"),
    partitioned_by=("source",),
    columns=(
        source,
        file,
        Column("sha256", STRING, en="SHA-256 of the file", nl="SHA-256 van het bestand"),
        Column("bytes", LONG, en="Size", nl="Grootte", unit="byte", at_least=0),
        _lines("lines", "Physical lines: the sum of the five counts that follow", "Fysieke regels: som van de vijf volgende"),
        _lines("header_lines", "Header lines", "Kopregels"),
        _lines("blank_lines", "Blank lines", "Lege regels"),
        _lines("accepted", "Lines accepted, once", "Aanvaarde regels, één keer"),
        _lines("duplicate", "Lines that repeat a read that stands", "Regels die een geldige lezing herhalen"),
        _lines("quarantined", "Lines refused", "Geweigerde regels"),
        Column(
            "status",
            STRING,
            en="ok; truncated: lines before the break are kept; unreadable: nothing could be used",
            nl="ok; truncated: regels voor de breuk zijn behouden; unreadable: niets bruikbaar",
            one_of=("ok", "truncated", "unreadable"),
        ),
        Column("error_code", STRING, en="Why the file is not ok", nl="Waarom het bestand niet ok is", may_be_null=True),
        Column("first_captured_at", TIMESTAMP, en="First read, UTC", nl="Eerste lezing, UTC", may_be_null=True),
        Column("last_captured_at", TIMESTAMP, en="Last read, UTC", nl="Laatste lezing, UTC", may_be_null=True),
        run_id,
        Column("loaded_at", TIMESTAMP, en="Moment of loading, UTC", nl="Moment van laden, UTC"),
    ),
)

ops_quarantine = Table(
    "ops_quarantine",
    tier=CLOSED,
    kept=KEPT,
    grain="one refused line; never a value",
    key=("source", "file", "line"),
    partitioned_by=("source",),
    columns=(
        source,
        file,
        Column("line", INT, en="Physical line, from 1, the header counts", nl="Fysieke regel, vanaf 1", unit="1", at_least=1),
        Column("error_code", STRING, en="Why the line was refused", nl="Waarom de regel geweigerd is"),
        run_id,
    ),
)

ops_reconciliation = Table(
    "ops_reconciliation",
    tier=CLOSED,
    kept=KEPT,
    grain="rows of a step by what became of them",
    key=("service_day", "step", "reason"),
    columns=(
        service_day,
        run_id,
        Column("step", STRING, en="Step of the pipeline", nl="Stap van de keten"),
        Column(
            "reason",
            STRING,
            en="in, out, or why a row went; in = out + the reasons",
            nl="in, out, of waarom een rij wegviel; in = out + de redenen",
        ),
        Column("rows", LONG, en="Rows", nl="Rijen", unit="1", at_least=0),
    ),
    warnings=("Units: ingest lines; pseudonymise and passages reads; legs and trips passages; visits gate events.",),
)

ops_quality = Table(
    "ops_quality",
    tier=CLOSED,
    kept=KEPT,
    grain="one fact about a table on a day",
    key=("service_day", "table", "check", "entity", "run_id"),
    columns=(
        service_day,
        Column("table", STRING, en="Table", nl="Tabel"),
        Column("check", STRING, en="Kind of rule", nl="Soort regel"),
        Column("entity", STRING, en="Column, key or step that the rule is about", nl="Kolom, sleutel of stap"),
        Column("value", DOUBLE, en="Number found", nl="Gevonden getal", may_be_null=True),
        Column("expected", STRING, en="What the rule expects", nl="Wat de regel verwacht"),
        Column(
            "severity",
            STRING,
            en="ok; warning; blocking: the step was not committed; overridden: blocked, and let through by name",
            nl="ok; warning; blocking: de stap is niet vastgelegd; overridden: doorgelaten op naam",
            one_of=("ok", "warning", "blocking", "overridden"),
        ),
        Column("step", STRING, en="Step that was judged", nl="Beoordeelde stap"),
        run_id,
        Column("override_by", STRING, en="Who let the rule through", nl="Wie de regel doorliet", may_be_null=True),
        Column("override_reason", STRING, en="Why it was let through", nl="Waarom de regel doorgelaten is", may_be_null=True),
    ),
)

ops_step = Table(
    "ops_step",
    tier=CLOSED,
    kept=KEPT,
    grain="one step of a run over consecutive days; its rows are in ops_reconciliation",
    key=("service_day", "step", "run_id"),
    columns=(
        service_day,
        Column("last_day", DATE, en="Last of the days", nl="Laatste van de dagen"),
        Column("step", STRING, en="Step of the pipeline", nl="Stap van de keten"),
        Column("started_at", TIMESTAMP, en="Start, UTC", nl="Begin, UTC"),
        Column("seconds", DOUBLE, en="Time that it took", nl="Duur", unit="s", at_least=0),
        Column(
            "java_peak_mb",
            INT,
            en="Most memory that the driver's Java had had by its end",
            nl="Meeste geheugen dat Java van de driver tot dan had",
            unit="MB",
            may_be_null=True,
            at_least=0,
        ),
        run_id,
    ),
    warnings=(
        "service_day is the first of the days. The step quality, whose commit is a day's last, does not tell of itself.",
    ),
)

ops_day = Table(
    "ops_day",
    tier=CLOSED,
    kept=KEPT,
    grain="one service day: written last, it makes the day whole",
    key=("service_day",),
    columns=(
        service_day,
        Column(
            "state",
            STRING,
            en="open: files may still come; complete; stale: its input changed; closed: its raw reads or key are gone",
            nl="open: er kunnen nog bestanden komen; complete; stale: invoer gewijzigd; closed: ruwe lezingen of sleutel weg",
            one_of=("open", "complete", "stale", "closed"),
        ),
        run_id,
        Column("config_hash", STRING, en="SHA-256 of the city folder", nl="SHA-256 van de stadsmap"),
        Column("code_version", STRING, en="Version of Kordon", nl="Versie van Kordon"),
        Column("table_versions", VERSIONS, en="Delta version of each table", nl="Delta-versie van elke tabel"),
        Column(
            "snapshots",
            VERSIONS,
            en="Number of each snapshot that the day looked back on; 0 when there was none; a rerun takes the same",
            nl="Nummer van elke momentopname waarop de dag steunt; 0 zonder; een herberekening neemt dezelfde",
            may_be_null=True,
        ),
    ),
)
