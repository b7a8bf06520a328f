"""The register and the policies are linked data that parse, hold what article 30 asks, and use terms that exist."""

import json
from dataclasses import replace
from pathlib import Path

import pyshacl
import pytest
import rdflib

from kordon.city import load
from privacy.governance import odrl
from privacy.governance.register import legal_basis_iri, register

ROOT = Path(__file__).resolve().parents[2]
TERMS = Path(__file__).with_name("governance_terms")
CITIES = ("vliet", "ravelmonde")


def graph(node):
    return rdflib.Graph().parse(data=json.dumps(node), format="json-ld")


def conforms(node):
    shapes = rdflib.Graph().parse(TERMS / "shapes.ttl")
    return pyshacl.validate(graph(node), shacl_graph=shapes)[0]


def known_terms():
    known, namespace = set(), ""
    for line in (TERMS / "terms.txt").read_text().splitlines():
        if line.startswith("http"):
            namespace = line
        elif not line.startswith("#"):
            known |= {namespace + name for name in line.split()}
    return known


def unknown_terms(node):
    ours = ("https://w3id.org/", "http://www.w3.org/ns/odrl/")
    used = {str(part) for triple in graph(node) for part in triple if isinstance(part, rdflib.URIRef)}
    return {iri for iri in used if iri.startswith(ours)} - known_terms()


def everything(name):
    city = load(ROOT / "cities" / name)
    return [register(city), *(odrl.policy(city, zone) for zone in odrl.POLICIES)]


@pytest.mark.parametrize("name", CITIES)
def test_register_and_policies_parse_validate_and_use_known_terms(name):
    for node in everything(name):
        assert len(graph(node)) > 10
        assert conforms(node)
        assert unknown_terms(node) == set()


def test_the_register_says_who_why_what_and_how_long():
    city = load(ROOT / "cities" / "vliet")
    rows = graph(register(city)).query(
        """PREFIX dpv: <https://w3id.org/dpv#> PREFIX dct: <http://purl.org/dc/terms/> PREFIX time: <http://www.w3.org/2006/time#>
        SELECT DISTINCT ?basis ?zone ?duration WHERE {
          ?process a dpv:PersonalDataProcess ; dpv:hasLegalBasis/dct:type ?basis ; dpv:hasStorageCondition ?storage .
          ?storage <urn:kordon:terms:zone> ?zone ; time:hasXSDDuration ?duration . }"""
    )
    # Text of a typed literal: rdflib turns 72 hours into three days.
    durations = {str(row.zone): row.duration.toPython() for row in rows}
    assert {str(row.basis) for row in rows} == {"https://w3id.org/dpv/legal/eu/gdpr#A6-1-e"}
    assert set(durations) == {"landing", "raw", "keys", "closed-vehicles", "closed-counts", "ops"}
    assert durations["raw"].total_seconds() == 72 * 3600
    assert durations["closed-vehicles"].days == 7


@pytest.mark.parametrize("missing", ["dpv:hasLegalBasis", "dpv:hasPurpose", "dpv:hasStorageCondition", "dpv:hasAssessment"])
def test_control_a_register_without_one_of_its_fields_does_not_validate(missing):
    node = register(load(ROOT / "cities" / "vliet"))
    for part in node["@graph"]:
        part.pop(missing, None)
    assert not conforms(node)


def test_control_a_rule_without_target_and_a_word_that_is_no_term_are_found():
    policy = odrl.policy(load(ROOT / "cities" / "vliet"), "shared")
    assert policy["@type"] == "odrl:Offer"
    del policy["odrl:permission"][0]["odrl:target"]
    assert not conforms(policy)
    policy["odrl:permission"][0]["odrl:action"] = {"@id": "odrl:levitate"}
    assert unknown_terms(policy) == {"http://www.w3.org/ns/odrl/2/levitate"}


def test_closed_and_shared_data_may_not_be_reidentified_and_open_data_is_as_free_as_its_licence_says():
    city = load(ROOT / "cities" / "ravelmonde")

    def forbidden(zone):
        rules = odrl.policy(city, zone).get("odrl:prohibition", [])
        return {rule["odrl:action"]["@id"] for rule in rules}

    for zone in ("raw", "keys", "closed-vehicles", "closed-counts", "shared"):
        assert forbidden(zone) == {"kordon:reidentify", "odrl:distribute"}
    assert forbidden("open") == set()
    by = odrl.policy(city, "open")["odrl:permission"][0]
    assert by["odrl:duty"] == [{"odrl:action": {"@id": "odrl:attribute"}}]
    assert "odrl:duty" not in odrl.policy(replace(city, licence="CC0-1.0"), "open")["odrl:permission"][0]


@pytest.mark.parametrize(
    ("text", "iri"),
    [
        ("GDPR 6(1)(e)", "eu-gdpr:A6-1-e"),
        ("GDPR 6(1)(e), decree of 2026", "eu-gdpr:A6-1-e"),
        ("AVG artikel 6, lid 1, e)", "eu-gdpr:A6-1-e"),
        ("Art. 6.1.c GDPR", "eu-gdpr:A6-1-c"),
        ("artikel 6, lid 1, onder f", "eu-gdpr:A6-1-f"),
        ("decree of 6 May 2026", None),
        ("a test", None),
        ("article 16(1)(e)", None),
    ],
)
def test_the_point_of_article_6_is_found_in_how_people_write_it(text, iri):
    assert legal_basis_iri(text) == iri
