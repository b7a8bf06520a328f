"""Measured figures of a deployment, with their dates: what the impact assessment may claim, and nothing else.

A suite of attacks writes them with :func:`record`; the file is JSON, ``{"figures": {id: {value, on, by, control}}}``. A figure that
is not in it was not measured, and the documents say so.
"""

import json
import math
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kordon.errors import ConfigError
from privacy.governance.zones import Text

if TYPE_CHECKING:
    from kordon.city import City

SDC_K = "sdc.k"
EPSILON = "epsilon"
EPSILONS = {"strict": 1.00, "standard": 2.35}
"""Of a vehicle-day at delta 1e-7, from rho 0.02 and 0.1; the conversion of zero-concentrated differential privacy."""


@dataclass(frozen=True)
class Wanted:
    """A figure that the impact assessment names.

    Attributes:
        attack: its number in the suite of attacks.
        sign: how the value must stand to the goal, ``=``, ``<=`` or ``>=``; None when it is reported and not judged.
        goal: a number, or the setting that holds it.
    """

    id: str
    attack: int
    name: Text
    unit: str = ""
    sign: str | None = None
    goal: float | str | None = None


@dataclass(frozen=True)
class Measured:
    """A figure that was measured: ``on`` a day, ``by`` a test or program; ``control`` is what its positive control found."""

    value: float
    on: date
    by: str
    control: str = ""


def _zero(id: str, attack: int, en: str, nl: str) -> Wanted:
    return Wanted(id, attack, Text(en, nl), sign="=", goal=0)


WANTED = (
    _zero(
        "hmac_mismatches",
        1,
        "Pseudonyms that differ from RFC 4231 or from another implementation",
        "Pseudoniemen die afwijken van RFC 4231 of van een andere implementatie",
    ),
    _zero(
        "key_leaks",
        2,
        "Places where a key was found: plan, event log, debug log, files, process list, environment",
        "Plaatsen waar een sleutel gevonden werd: plan, gebeurtenissenlog, debuglog, bestanden, proceslijst, omgeving",
    ),
    _zero(
        "plate_residue",
        3,
        "Files outside landing and raw reads that hold a planted plate after a whole run",
        "Bestanden buiten aanlevering en ruwe lezingen met een geplante nummerplaat na een volledige uitvoering",
    ),
    _zero(
        "plate_residue_after_kill",
        4,
        "The same after a run was killed half way and cleaned up",
        "Hetzelfde nadat een uitvoering halverwege werd afgebroken en opgeruimd",
    ),
    _zero(
        "enumeration_recovered",
        5,
        "Plates recovered from pseudonyms by trying every Belgian plate with known keys",
        "Nummerplaten teruggevonden uit pseudoniemen door elke Belgische plaat met bekende sleutels te proberen",
    ),
    _zero(
        "shared_pseudonyms",
        6,
        "Pseudonyms that occur in two periods, cities or purposes",
        "Pseudoniemen die in twee perioden, steden of doelen voorkomen",
    ),
    Wanted(
        "relinked",
        7,
        Text(
            "Commuters recognised from one key period to the next by their habits (closed data)",
            "Pendelaars die van de ene sleutelperiode op de andere herkend worden aan hun gewoonten (gesloten gegevens)",
        ),
        "%",
    ),
    *(
        Wanted(
            f"unicity_{n}",
            7,
            Text(
                f"Vehicles of a day that {n} known {'point' if n == 1 else 'points'} single out (closed data)",
                f"Voertuigen van een dag die door {n} {'gekend punt' if n == 1 else 'gekende punten'} te onderscheiden zijn "
                "(gesloten gegevens)",
            ),
            "%",
        )
        for n in (1, 2, 3, 4)
    ),
    _zero(
        "vehicle_rows_published",
        8,
        "Rows about one vehicle, or pseudonyms, in a release",
        "Rijen over één voertuig, of pseudoniemen, in een uitgave",
    ),
    Wanted(
        "membership_epsilon",
        11,
        Text(
            "What an attacker who knows all others learns of one vehicle-day (lower bound of epsilon, open tier)",
            "Wat een aanvaller die alle anderen kent leert over één voertuigdag (ondergrens van epsilon, open laag)",
        ),
        sign="<=",
        goal=EPSILON,
    ),
    _zero(
        "hidden_counts_found",
        12,
        "Hidden counts of a shared release that subtraction, algebra or programming finds",
        "Verborgen aantallen van een gedeelde uitgave die door aftrekken, algebra of programmering gevonden worden",
    ),
    Wanted(
        "hidden_count_width",
        12,
        Text(
            "Narrowest range to which a hidden count can be narrowed",
            "Smalste bereik waartoe een verborgen aantal te beperken is",
        ),
        sign=">=",
        goal=SDC_K,
    ),
    _zero(
        "version_differences_found",
        13,
        "Single vehicles that two versions of a release show by their difference",
        "Afzonderlijke voertuigen die twee versies van een uitgave door hun verschil tonen",
    ),
    _zero(
        "budget_overspent",
        14,
        "Releases beyond the privacy budget after retries, clears and backfills",
        "Uitgaven boven het privacybudget na herhalingen, wissen en inhalen",
    ),
    Wanted(
        "margin_coverage",
        15,
        Text("Published margins that hold the truth (simulation)", "Gepubliceerde marges die de waarheid bevatten (simulatie)"),
        "%",
        ">=",
        95,
    ),
    _zero(
        "overdue_objects",
        16,
        "Files, old versions and log entries older than their retention",
        "Bestanden, oude versies en logregels ouder dan hun bewaartermijn",
    ),
    _zero(
        "destroyed_key_bytes",
        16,
        "Bytes of a destroyed key left in the keystore or its history",
        "Bytes van een vernietigde sleutel die overblijven in de sleutelbewaarplaats of haar geschiedenis",
    ),
    _zero(
        "known_points_isolated",
        17,
        "Camera-hours of an open release that single out fewer than k vehicles without noise",
        "Camera-uren van een open uitgave die zonder ruis minder dan k voertuigen onderscheiden",
    ),
    Wanted(
        "hmac_cost",
        0,
        Text(
            "Cost of pseudonymising, times that of reading and normalising",
            "Kost van pseudonimiseren, in veelvouden van lezen en normaliseren",
        ),
        "x",
        "<=",
        2.2,
    ),
)
BY_ID = {wanted.id: wanted for wanted in WANTED}


def goal(wanted: Wanted, city: "City") -> float | None:
    """The number that a figure is held against, or None when it is only reported."""
    if wanted.goal == SDC_K:
        return city.sdc.k
    if wanted.goal == EPSILON:
        return EPSILONS[city.dp.preset]
    return None if wanted.goal is None else float(wanted.goal)


def meets(wanted: Wanted, measured: Measured, city: "City") -> bool | None:
    """Whether a figure meets its goal; None when it is only reported."""
    aim = goal(wanted, city)
    if aim is None:
        return None
    return {"=": measured.value == aim, "<=": measured.value <= aim, ">=": measured.value >= aim}[wanted.sign or "="]


def read(file: Path) -> dict[str, Measured]:
    """The figures of a file, by id.

    Raises:
        ConfigError: it is not such a file, or a figure is not known, is no number, or has no day or source.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))["figures"]
        items = [(str(name), dict(entry)) for name, entry in content.items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(f"{file} holds no measured figures: give the file that the attack suite wrote.") from None
    return {name: _measured(file, name, entry) for name, entry in items}


def _measured(file: Path, name: str, entry: dict[str, object]) -> Measured:
    if name not in BY_ID:
        raise ConfigError(f"{file}: the impact assessment names no figure {name!r}: it names {', '.join(BY_ID)}.")
    value, by = entry.get("value"), str(entry.get("by") or "").strip()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{file}: {name} has no number as value: measure it again.")
    try:
        on = date.fromisoformat(str(entry.get("on")))
    except ValueError:
        raise ConfigError(f"{file}: {name} does not say on which day it was measured: measure it again.") from None
    if not by:
        raise ConfigError(f"{file}: {name} does not say what measured it: measure it again.")
    return Measured(float(value), on, by, str(entry.get("control") or ""))


def record(file: Path, name: str, value: float, *, on: date, by: str, control: str = "") -> None:
    """Write a measured figure, beside those that the file holds already; the newest of a name stands.

    Raises:
        ConfigError: the figure would not be read again, see :func:`read`.
    """
    figures = read(file) if file.exists() else {}
    figures[name] = _measured(file, name, {"value": value, "on": str(on), "by": by, "control": control})
    content = {
        key: {"value": found.value, "on": str(found.on), "by": found.by, "control": found.control}
        for key, found in sorted(figures.items())
    }
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(json.dumps({"figures": content}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    draft.replace(file)
