"""The register of processing activities (article 30 GDPR), as linked data and as tables.

Linked data follow the Data Privacy Vocabulary 2.1 of the W3C community group, which names techniques but has no parameters: those
stand under ``urn:kordon:terms:``. The context is written out, so that the file reads without network.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kordon.tables import TABLES
from privacy.governance import zones
from privacy.governance.activities import ACTIVITIES, Activity
from privacy.governance.inventory import KINDS, kind, zone_of
from privacy.governance.policy import hash_of, policy_of
from privacy.governance.zones import Text

if TYPE_CHECKING:
    from kordon.city import City

Node = dict[str, Any]

CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "time": "http://www.w3.org/2006/time#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "kordon": "urn:kordon:terms:",
}

TECHNICAL = {
    "pseudonyms": ("DeterministicPseudonymisation", Text("HMAC-SHA-256 pseudonyms", "Pseudoniemen met HMAC-SHA-256")),
    "keys": ("CryptographicKeyManagement", Text("Independent keys, destroyed on time", "Losse sleutels, tijdig vernietigd")),
    "access": ("AccessControlMethod", Text("Rights by role and zone", "Rechten per rol en zone")),
    "threshold": ("TechnicalMeasure", Text("Threshold and suppression", "Drempel en onderdrukking")),
    "noise": ("DifferentialPrivacy", Text("Noise in open releases", "Ruis in open uitgaven")),
}
ORGANISATIONAL = {
    "erasure": ("DataErasurePolicy", Text("Time limits that the system applies", "Bewaartermijnen die het systeem toepast")),
    "approval": ("AuthorisationProcedure", Text("Approval of releases by name", "Goedkeuring van uitgaven op naam")),
    "requests": ("DataSubjectRightsManagement", Text("Answering people's requests", "Verzoeken van personen beantwoorden")),
    "notice": ("PrivacyNotice", Text("Transparency page", "Transparantiepagina")),
}
MEASURES: dict[str, tuple[str, ...]] = {
    "reads": ("pseudonyms", "keys", "access", "erasure", "notice"),
    "movements": ("pseudonyms", "access", "erasure"),
    "statistics": ("access", "erasure"),
    "publication": ("threshold", "noise", "approval", "notice"),
    "protection": ("keys", "access", "erasure", "requests"),
}
CSV_HEAD = (
    "activity",
    "name",
    "description",
    "controller",
    "contact",
    "dpo",
    "purposes",
    "legal_basis",
    "data_subjects",
    "personal_data",
    "recipients",
    "transfers",
    "retention",
    "measures",
    "dpia",
    "work",
)
EXACT = Text("exact counts, which may be of one vehicle", "exacte aantallen, die van één voertuig kunnen zijn")
DRIVERS = Text(
    "Drivers and keepers of vehicles that pass a camera", "Bestuurders en houders van voertuigen die een camera passeren"
)


def legal_basis_iri(text: str) -> str | None:
    """The DPV term of the point of article 6(1) GDPR that a text names, or None: ``GDPR 6(1)(e)``, ``artikel 6, lid 1, e)``."""
    found = re.search(
        r"\b6\W{0,3}(?:(?:lid|par|§)\W*)?1\W{0,3}(?:(?:punt|point|letter|onder)\W*)?([a-f])\b", text, re.IGNORECASE
    )
    return f"eu-gdpr:A6-1-{found.group(1).lower()}" if found else None


def register(city: "City") -> Node:
    """The register as JSON-LD."""
    here = f"{city.publication.base_url.rstrip('/')}/governance"

    def ref(name: str) -> Node:
        return {"@id": f"{here}#{name}"}

    def refs(names: Iterable[str]) -> list[Node]:
        return [ref(name) for name in names]

    governance = city.governance
    purposes = [f"purpose-{number}" for number, _ in enumerate(governance.purposes, start=1)]
    recipients = [f"recipient-{number}" for number, _ in enumerate(governance.recipients, start=1)]
    graph: list[Node] = [
        {
            **ref("register"),
            "@type": ["dpv:DataProcessingRecord"],
            "dct:title": _titles(Text(f"Register of {city.name}", f"Register van {city.name}")),
            "dpv:hasDataController": ref("controller"),
            "dpv:hasPersonalDataProcess": refs(activity.id for activity in ACTIVITIES),
            "kordon:policyHash": hash_of(policy_of(city)),
        },
        {
            **ref("controller"),
            "@type": ["dpv:DataController"],
            "dct:title": _said(city, "controller"),
            "dpv:hasContact": governance.contact,
            "dpv:hasDataProtectionOfficer": ref("dpo"),
        },
        {**ref("dpo"), "@type": ["dpv:DataProtectionOfficer"], "dct:title": _said(city, "dpo")},
        {**ref("drivers"), "@type": ["dpv:DataSubject"], "dct:title": _titles(DRIVERS)},
        {
            **ref("cameras"),
            "@type": ["dpv:DataSource"],
            "dct:title": governance.source_type,
            "kordon:cameras": len(city.cameras),
        },
        {
            **ref("legal-basis"),
            "@type": ["dpv:LegalBasis"],
            "dct:title": _said(city, "legal_basis"),
            **({"dct:type": {"@id": iri}} if (iri := legal_basis_iri(governance.legal_basis)) else {}),
        },
        {**ref("dpia"), "@type": ["dpv:DPIA"], "dct:identifier": governance.dpia_reference},
    ]
    graph += [
        {**ref(name), "@type": ["dpv:Purpose"], "dct:title": _nth(city, "purposes", n)} for n, name in enumerate(purposes)
    ]
    graph += [
        {**ref(name), "@type": ["dpv:Recipient"], "dct:title": _nth(city, "recipients", n)} for n, name in enumerate(recipients)
    ]
    graph += [{**ref(f"data-{k.id}"), "@type": ["dpv:PersonalData", f"dpv:{k.dpv}"], **_data(k.id, k.name)} for k in KINDS]
    graph.append({**ref("data-counts"), "@type": ["dpv:PersonalData", "dpv:DerivedPersonalData"], "dct:title": _titles(EXACT)})
    graph += [_storage(city, zone, ref(f"storage-{zone.id}")) for zone in zones.ZONES]
    for above, measures in (("Technical", TECHNICAL), ("Organisational", ORGANISATIONAL)):
        for name, (term, title) in measures.items():
            types = list(dict.fromkeys([f"dpv:{above}Measure", f"dpv:{term}"]))
            graph.append({**ref(f"measure-{name}"), "@type": types, "dct:title": _titles(title), **_parameters(city, name)})
    for activity in ACTIVITIES:
        measures_here = MEASURES[activity.id]
        graph.append(
            {
                **ref(activity.id),
                "@type": ["dpv:PersonalDataProcess"],
                "dct:title": _titles(activity.name),
                "dct:description": _titles(activity.what),
                "dpv:hasDataController": ref("controller"),
                "dpv:hasPurpose": refs(purposes),
                "dpv:hasLegalBasis": ref("legal-basis"),
                "dpv:hasDataSubject": ref("drivers"),
                "dpv:hasDataSource": ref("cameras"),
                "dpv:hasProcessing": [{"@id": f"dpv:{term}"} for term in activity.processing],
                "dpv:hasPersonalData": refs(f"data-{name}" for name in data_of(activity)),
                "dpv:hasRecipient": refs(recipients) if activity.id == "publication" else [],
                "dpv:hasStorageCondition": refs(f"storage-{zone}" for zone in activity.zones),
                "dpv:hasTechnicalMeasure": refs(f"measure-{name}" for name in measures_here if name in TECHNICAL),
                "dpv:hasOrganisationalMeasure": refs(f"measure-{name}" for name in measures_here if name in ORGANISATIONAL),
                "dpv:hasAssessment": ref("dpia"),
                "kordon:work": list(activity.work),
            }
        )
    return {"@context": CONTEXT, "@graph": graph}


def data_of(activity: Activity) -> list[str]:
    """The kinds of personal data in the zones of an activity: ids of kinds, and ``counts``."""
    columns = {c.name for t in TABLES.values() if zone_of(t) in activity.zones and _has_vehicles(zone_of(t)) for c in t.columns}
    found = [k.id for k in KINDS if k.columns & columns]
    return [*found, "counts"] if zones.COUNTS in activity.zones else found


def _has_vehicles(zone: str | None) -> bool:
    return zone in (zones.RAW, zones.VEHICLES)


def _titles(text: Text) -> list[Node]:
    return [{"@value": text.en, "@language": "en"}, {"@value": text.nl, "@language": "nl"}]


def _said(city: "City", name: str) -> list[Any]:
    """A text of the city as it stands, whose language nobody states, and its Dutch where there is one."""
    said, dutch = getattr(city.governance, name), getattr(city.governance.nl, name)
    return [said, {"@value": dutch, "@language": "nl"}] if dutch else [said]


def _nth(city: "City", name: str, n: int) -> list[Any]:
    said, dutch = getattr(city.governance, name)[n], getattr(city.governance.nl, name)
    return [said, {"@value": dutch[n], "@language": "nl"}] if dutch else [said]


def _data(kind_id: str, name: Text) -> Node:
    columns = [
        f"{table.name}.{column.name}"
        for table in TABLES.values()
        for column in table.columns
        if _has_vehicles(zone_of(table)) and (found := kind(column.name)) and found.id == kind_id
    ]
    return {"dct:title": _titles(name), "kordon:column": columns}


def _storage(city: "City", zone: zones.Zone, ref: Node) -> Node:
    iso = zones.duration(zone.rule, city)
    typed = "dpv:StorageCondition" if iso is None else "dpv:StorageDuration"
    said = {"time:hasXSDDuration": {"@value": iso, "@type": "xsd:duration"}} if iso else {}
    return {**ref, "@type": [typed], "dct:title": _titles(zones.limit(zone.rule, city)), "kordon:zone": zone.id, **said}


def _parameters(city: "City", measure: str) -> Node:
    parameters: dict[str, Node] = {
        "keys": {"kordon:keyPeriod": city.keys.period, "kordon:graceHours": city.keys.grace_hours},
        "threshold": {"kordon:fewestVehicles": city.sdc.k},
        "noise": {"kordon:budget": city.dp.preset, "kordon:unit": "vehicle-day"},
    }
    return parameters.get(measure, {})


def as_csv(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV with a header, lines ended by a newline alone."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


def register_csv(city: "City", language: str = "en") -> str:
    """The register as a table: one activity a row, the fields of article 30(1) in its order."""
    head = CSV_HEAD
    said = city.governance.said
    names = {**{k.id: k.name for k in KINDS}, "counts": EXACT}
    measures = {**TECHNICAL, **ORGANISATIONAL}
    none = Text("none outside the European Economic Area", "geen buiten de Europese Economische Ruimte")
    rows = [
        [
            activity.id,
            activity.name.of(language),
            activity.what.of(language),
            said("controller", language),
            city.governance.contact,
            said("dpo", language),
            "; ".join(said("purposes", language)),
            said("legal_basis", language),
            DRIVERS.of(language),
            "; ".join(names[name].of(language) for name in data_of(activity)),
            "; ".join(said("recipients", language)) if activity.id == "publication" else "",
            none.of(language),
            "; ".join(
                f"{zones.zone(zone).name.of(language)}: {zones.limit(zones.zone(zone).rule, city).of(language)}"
                for zone in activity.zones
            ),
            "; ".join(measures[name][1].of(language) for name in MEASURES[activity.id]),
            city.governance.dpia_reference,
            "; ".join(activity.work),
        ]
        for activity in ACTIVITIES
    ]
    return as_csv(head, rows)


def columns_csv() -> str:
    """Every column of the tables that hold vehicles, and what it tells about a person."""
    rows = [
        [table.name, column.name, zone_of(table), found.id if (found := kind(column.name)) else "", column.en, column.nl]
        for table in TABLES.values()
        if _has_vehicles(zone_of(table))
        for column in table.columns
    ]
    return as_csv(["table", "column", "zone", "kind", "en", "nl"], rows)


def access_csv() -> str:
    """Rights by role and zone; an empty cell is denied."""
    head = ["role", *(zone.id for zone in zones.ZONES)]
    return as_csv(head, [[role.id, *(" ".join(zones.rights(role.id, z.id)) for z in zones.ZONES)] for role in zones.ROLES])


def retention_csv(city: "City") -> str:
    """The time limit of every zone and table, as ``[retention]`` sets it."""
    rows: list[list[object]] = [
        [zone.id, "", zones.duration(zone.rule, city) or "", *_limits(city, zone)] for zone in zones.ZONES
    ]
    for table in TABLES.values():
        zone = zones.zone(zone_of(table) or zones.OPS)
        rows.append([zone.id, table.name, zones.duration(zone.rule, city) or "", *_limits(city, zone)])
    return as_csv(["zone", "table", "duration", "en", "nl"], rows)


def _limits(city: "City", zone: zones.Zone) -> list[str]:
    text = zones.limit(zone.rule, city)
    return [text.en, text.nl]
