"""All documents of a city: built from ``city.toml``, the table records and measured figures, and nothing else.

They hold no moment of building: the same input gives the same bytes, so that ``kordon governance check --out`` can tell whether
what an officer has in hand is what the system does today.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kordon
from privacy.governance import figures, odrl, render, zones
from privacy.governance.activities import ACTIVITIES
from privacy.governance.coverage import Gap
from privacy.governance.inventory import KINDS
from privacy.governance.policy import hash_of, policy_of
from privacy.governance.register import (
    DRIVERS,
    EXACT,
    MEASURES,
    ORGANISATIONAL,
    TECHNICAL,
    access_csv,
    columns_csv,
    data_of,
    register,
    register_csv,
    retention_csv,
)
from privacy.governance.risks import RISKS
from privacy.governance.zones import Text

if TYPE_CHECKING:
    from kordon.city import City

PAGES = {
    "register": Text("Register of processing activities", "Register van de verwerkingsactiviteiten"),
    "dpia": Text("Impact assessment (draft)", "Gegevensbeschermingseffectbeoordeling (ontwerp)"),
    "access": Text("Access and retention", "Toegang en bewaring"),
    "breach": Text("Breach procedure", "Procedure bij een inbreuk"),
    "tender": Text("Tender clauses for suppliers", "Bestekbepalingen voor leveranciers"),
    "transparency": Text("Cameras and your privacy", "Camera's en uw privacy"),
}
SOURCES = {
    "own_mobility_camera": Text("the city's own mobility cameras", "eigen mobiliteitscamera's van de stad"),
    "low_emission_zone": Text("the cameras of the low-emission zone", "de camera's van de lage-emissiezone"),
    "parking": Text("the cameras of car parks", "de camera's van parkings"),
}
PERIODS_EACH = {
    "service_day": Text("day", "dag"),
    "week": Text("week", "week"),
    "month": Text("month", "maand"),
    "survey": Text("survey", "onderzoeksperiode"),
}
PERIODS_PLAIN = {
    "service_day": Text(
        "one day, from 4 in the morning to 4 the next morning", "één dag, van 4 uur 's morgens tot 4 uur de volgende morgen"
    ),
    "week": Text("one week", "één week"),
    "month": Text("one month", "één maand"),
    "survey": Text("the days of one survey", "één onderzoeksperiode"),
}


def build(city: "City", measured: Mapping[str, figures.Measured]) -> dict[str, str]:
    """The text of every document, by its path below the folder of documents."""
    found = {
        "register.jsonld": _json(register(city)),
        "register.csv": register_csv(city),
        "register.nl.csv": register_csv(city, "nl"),
        "columns.csv": columns_csv(),
        "access.csv": access_csv(),
        "retention.csv": retention_csv(city),
    }
    found |= {f"policies/{zone}.jsonld": _json(odrl.policy(city, zone)) for zone in odrl.POLICIES}
    for language in render.LANGUAGES:
        values = _values(city, measured, language)
        for name, title in PAGES.items():
            text = render.markdown(_template(name, language), title=title.of(language), **values)
            heading = f"{title.of(language)} · {city.name}"
            found[f"{name}.{language}.md"] = text
            found[f"{name}.{language}.html"] = render.html(
                text, language=language, title=heading, others=_links(name, language)
            )
        index = render.markdown("index.md.j2", files=sorted(found), pages=PAGES, **values)
        name = f"index.{language}.html"
        found[name] = render.html(index, language=language, title=f"Kordon · {city.name}", others=_links("index", language))
    return found


def write(texts: Mapping[str, str], out: Path) -> None:
    """Write documents below a folder; files that are not documents stay."""
    for name, text in texts.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def outdated(texts: Mapping[str, str], out: Path) -> list[Gap]:
    """Documents in a folder that are missing or are not what would be built now."""

    def differs(name: str) -> str | None:
        path = out / name
        if not path.is_file():
            return "is missing"
        return (
            None if path.read_bytes() == texts[name].encode() else "is not what city.toml, the tables and the figures say now"
        )

    cure = "build the documents again: `kordon governance build`"
    return [Gap(str(out / name), said, cure) for name in texts if (said := differs(name))]


def _json(node: object) -> str:
    return json.dumps(node, ensure_ascii=False, indent=2) + "\n"


def _template(name: str, language: str) -> str:
    both = render.TEMPLATES / f"{name}.md.j2"
    return both.name if both.exists() else f"{name}.{language}.md.j2"


def _links(name: str, language: str) -> list[tuple[str, str]]:
    other, label = ("nl", "Nederlands") if language == "en" else ("en", "English")
    links = [(f"{name}.{other}.html", label)]
    return (
        links
        if name == "index"
        else [(f"index.{language}.html", Text("All documents", "Alle documenten").of(language)), *links]
    )


def _values(city: "City", measured: Mapping[str, figures.Measured], language: str) -> dict[str, Any]:
    """What templates may use: plain values in one language."""
    governance = city.governance

    def say(en: str, nl: str) -> str:
        return nl if language == "nl" else en

    rows = [_zone_row(city, zone, language) for zone in zones.ZONES]
    names = {**{k.id: k.name for k in KINDS}, "counts": EXACT}
    measures = {**TECHNICAL, **ORGANISATIONAL}
    return {
        "language": language,
        "say": say,
        "city": city.name,
        "country": city.country,
        "code_version": kordon.__version__,
        "policy_hash": hash_of(policy_of(city)),
        **{key: governance.said(key, language) for key in ("controller", "dpo", "legal_basis", "purposes", "recipients")},
        "contact": governance.contact,
        "dpia_reference": governance.dpia_reference,
        "source": SOURCES[governance.source_type].of(language),
        "source_type": governance.source_type,
        "cameras": len(city.cameras),
        "sites": len(city.sites),
        "suppliers": len(city.sources),
        "licence": city.licence,
        "keys": city.keys,
        "key_period": zones.PERIODS[city.keys.period].of(language),
        "key_period_each": PERIODS_EACH[city.keys.period].of(language),
        "key_period_plain": PERIODS_PLAIN[city.keys.period].of(language),
        "sdc": city.sdc,
        "preset": city.dp.preset,
        "epsilon": figures.EPSILONS[city.dp.preset],
        "retention": city.retention,
        "zones": rows,
        "limits": {row["id"]: row["limit"] for row in rows},
        "roles": [
            {
                "name": role.name.of(language),
                "rights": [
                    ", ".join(zones.RIGHT_NAMES[right].of(language) for right in zones.rights(role.id, zone.id))
                    for zone in zones.ZONES
                ],
            }
            for role in zones.ROLES
        ],
        "data_subjects": DRIVERS.of(language),
        "activities": [
            {
                "id": activity.id,
                "name": activity.name.of(language),
                "what": activity.what.of(language),
                "data": [names[name].of(language) for name in data_of(activity)],
                "zones": [row for row in rows if row["id"] in activity.zones],
                "measures": [measures[name][1].of(language) for name in MEASURES[activity.id]],
                "work": list(activity.work),
            }
            for activity in ACTIVITIES
        ],
        "risks": [
            {
                "name": risk.name.of(language),
                "measure": risk.measure.of(language),
                "evidence": [_figure_row(city, figures.BY_ID[name], measured, language) for name in risk.figures],
            }
            for risk in RISKS
        ],
        "figures": [_figure_row(city, wanted, measured, language) for wanted in figures.WANTED],
        "measured": len(measured),
    }


def _zone_row(city: "City", zone: zones.Zone, language: str) -> dict[str, Any]:
    return {
        "id": zone.id,
        "name": zone.name.of(language),
        "content": zone.content.of(language),
        "folder": zone.folder.of(language),
        "icr": zone.icr,
        "access": zone.access,
        "limit": zones.limit(zone.rule, city).of(language),
        "is_personal": zone.is_personal,
    }


def _figure_row(
    city: "City", wanted: figures.Wanted, measured: Mapping[str, figures.Measured], language: str
) -> dict[str, Any]:
    found, aim = measured.get(wanted.id), figures.goal(wanted, city)
    row = {
        "id": wanted.id,
        "attack": wanted.attack or "",
        "name": wanted.name.of(language),
        "goal": "" if aim is None else f"{_SIGNS[wanted.sign or '=']}{_with_unit(aim, wanted.unit, language)}",
        "value": Text("not measured", "niet gemeten").of(language),
        "on": "",
        "by": "",
        "control": "",
        "verdict": "",
        "is_measured": found is not None,
        "is_missed": False,
    }
    if found is None:
        return row
    verdict = figures.meets(wanted, found, city)
    said = {
        True: Text("meets the goal", "haalt het doel"),
        False: Text("MISSES THE GOAL", "HAALT HET DOEL NIET"),
        None: Text("reported", "gerapporteerd"),
    }[verdict]
    return {
        **row,
        "value": _with_unit(found.value, wanted.unit, language),
        "on": str(found.on),
        "by": found.by,
        "control": found.control,
        "verdict": said.of(language),
        "is_missed": verdict is False,
    }


_SIGNS = {"=": "", "<=": "≤ ", ">=": "≥ "}


def _with_unit(value: float, unit: str, language: str) -> str:
    return f"{render.number(value, language)}{' ' if unit else ''}{unit}"
