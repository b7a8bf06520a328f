"""Usage policies of the zones that hold or publish data, as ODRL 2.2 JSON-LD."""

from typing import TYPE_CHECKING, Any

from privacy.governance import zones

if TYPE_CHECKING:
    from kordon.city import City

Node = dict[str, Any]

CONTEXT = {
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "dct": "http://purl.org/dc/terms/",
    "kordon": "urn:kordon:terms:",
}
LICENCES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
}
REIDENTIFY = {
    "@id": "kordon:reidentify",
    "@type": "odrl:Action",
    "odrl:includedIn": {"@id": "odrl:use"},
    "dct:description": [
        {"@value": "Find out, or try to, which vehicle or person stands behind a figure or a pseudonym", "@language": "en"},
        {
            "@value": "Achterhalen, of proberen, welk voertuig of welke persoon achter een cijfer of pseudoniem zit",
            "@language": "nl",
        },
    ],
}
ACTIONS = {
    zones.READ: "odrl:read",
    zones.WRITE: "odrl:modify",
    zones.DESTROY: "odrl:delete",
    zones.APPROVE: "odrl:grantUse",
}
POLICIES = (
    zones.LANDING,
    zones.RAW,
    zones.KEYS,
    zones.VEHICLES,
    zones.COUNTS,
    zones.OPS,
    zones.STAGING,
    zones.SHARED,
    zones.OPEN,
)


def policy(city: "City", zone_id: str) -> Node:
    """The policy of a zone.

    Closed zones grant roles what the access matrix says, for the city's purposes, and forbid passing on and re-identification. The
    shared zone is an offer to recipients. The open zone says what the licence says and forbids nothing: CC0 and CC BY allow no
    further restriction, so the protection of open data must be in the figures.
    """
    here = f"{city.publication.base_url.rstrip('/')}/governance"
    target, assigner = {"@id": f"{here}#zone-{zone_id}"}, {"@id": f"{here}#controller"}
    common: Node = {
        "@context": CONTEXT,
        "@id": f"{here}/policies/{zone_id}",
        "dct:title": [{"@value": z, "@language": language} for language, z in _titles(zone_id)],
        "odrl:profile": {"@id": "urn:kordon:terms:profile"},
    }
    if zone_id == zones.OPEN:
        return {**common, "@type": "odrl:Set", "dct:license": {"@id": LICENCES[city.licence]}, **_licence(city, target)}
    purpose = {
        "odrl:leftOperand": {"@id": "odrl:purpose"},
        "odrl:operator": {"@id": "odrl:isAnyOf"},
        "odrl:rightOperand": [{"@id": f"{here}#purpose-{n}"} for n, _ in enumerate(city.governance.purposes, start=1)],
    }

    def rule(action: str, **more: Any) -> Node:
        return {"odrl:target": target, "odrl:assigner": assigner, "odrl:action": {"@id": action}, **more}

    forbidden = [{**rule("kordon:reidentify"), "odrl:action": REIDENTIFY}, rule("odrl:distribute")]
    if zone_id == zones.SHARED:
        recipients = [{"@id": f"{here}#recipient-{n}"} for n, _ in enumerate(city.governance.recipients, start=1)]
        who = {
            "odrl:leftOperand": {"@id": "odrl:recipient"},
            "odrl:operator": {"@id": "odrl:isAnyOf"},
            "odrl:rightOperand": recipients,
        }
        permitted = [
            rule("odrl:use", **{"odrl:constraint": [purpose, who], "odrl:duty": [{"odrl:action": {"@id": "odrl:attribute"}}]})
        ]
        return {
            **common,
            "@type": "odrl:Offer",
            "odrl:assigner": assigner,
            "odrl:permission": permitted,
            "odrl:prohibition": forbidden,
        }
    permitted = [
        rule(ACTIONS[right], **{"odrl:assignee": {"@id": f"{here}#role-{role.id}"}, "odrl:constraint": [purpose]})
        for role in zones.ROLES
        for right in zones.rights(role.id, zone_id)
    ]
    return {**common, "@type": "odrl:Set", "odrl:permission": permitted, "odrl:prohibition": forbidden}


def _licence(city: "City", target: Node) -> Node:
    duty = {"odrl:duty": [{"odrl:action": {"@id": "odrl:attribute"}}]} if city.licence == "CC-BY-4.0" else {}
    actions = ("odrl:use", "odrl:reproduce", "odrl:derive", "odrl:distribute")
    return {"odrl:permission": [{"odrl:target": target, "odrl:action": {"@id": action}, **duty} for action in actions]}


def _titles(zone_id: str) -> list[tuple[str, str]]:
    name = zones.zone(zone_id).name
    return [("en", f"Use of the zone {name.en}"), ("nl", f"Gebruik van de zone {name.nl}")]
