"""The check fails when a table, column, step, command, DAG, zone, role or time limit is not covered."""

from dataclasses import replace
from pathlib import Path

import click
import pytest

from kordon import chain, snapshots
from kordon.city import load
from kordon.cli import cli
from kordon.commands.governance import _gaps
from kordon.tables import TABLES, Column
from privacy.governance import coverage, zones
from privacy.governance.documents import build, outdated, write
from privacy.governance.inventory import zone_of

ROOT = Path(__file__).resolve().parents[2]
STEPS = chain.steps()
WRITTEN = {table: step.name for step in STEPS for table in step.writes}


@pytest.fixture(scope="module")
def vliet():
    return load(ROOT / "cities" / "vliet")


def found(city, *, work=(), changed=None, written=WRITTEN):
    tables = {**TABLES, **(changed or {})}
    return [str(gap) for gap in coverage.gaps(city, work=work, written=written, tables=tables)]


def with_column(name, column):
    return {name: replace(TABLES[name], columns=(*TABLES[name].columns, column))}


@pytest.mark.parametrize("name", ["vliet", "ravelmonde"])
def test_all_that_runs_and_all_that_is_stored_is_covered(name):
    assert _gaps(load(ROOT / "cities" / name)) == []


def test_the_check_asks_about_every_step_and_command():
    commands = cli.list_commands(click.Context(cli))
    assert {"run", "release", "approve", "governance", "retention"} <= set(commands)
    assert {table for table in TABLES if table.startswith(("raw_", "core_"))} <= {*WRITTEN, *snapshots.NAMES}


TEXT = Column("note", "string", en="A note", nl="Een nota")
VID = TABLES["core_trip"].columns[2]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (with_column("core_trip", TEXT), "core_trip.note: nobody has said what this tells about a person"),
        (with_column("raw_read", Column("owner_id", "bigint", en="x", nl="x")), "raw_read.owner_id: nobody has said"),
        (with_column("flow_site_hour", TEXT), "flow_site_hour.note: a text among counts"),
        (with_column("ops_load", Column("photo", "binary", en="x", nl="x")), "ops_load: no zone takes a table"),
        (
            with_column("flow_site_hour", VID),
            "flow_site_hour: no zone takes a table of tier closed with this name, and it holds",
        ),
        ({"web_visitor": replace(TABLES["core_trip"], name="web_visitor")}, "web_visitor: no zone takes a table"),
        ({"core_person": replace(TABLES["core_trip"], name="core_person")}, "core_person: no covered step writes this table"),
        ({"core_trip": replace(TABLES["core_trip"], kept="P10Y")}, "core_trip: its record says kept 'P10Y'"),
        ({"raw_read": replace(TABLES["raw_read"], kept="PT73H")}, "raw_read: its record says kept 'PT73H'"),
        ({"flow_od_hour": replace(TABLES["flow_od_hour"], kept="P1Y")}, "[retention] lets it be kept 'P3Y'"),
        ({"flow_od_hour": replace(TABLES["flow_od_hour"], tier="open")}, "flow_od_hour: no zone takes a table of tier open"),
    ],
)
def test_a_table_or_column_that_nobody_decided_on_is_named_with_the_cure(vliet, changed, says):
    gaps = found(vliet, changed=changed)
    assert len(gaps) == 1
    assert says in gaps[0]
    assert "; " in gaps[0]


@pytest.mark.parametrize("work", ["step recognise", "command export", "dag nightly_export"])
def test_work_that_no_activity_names_is_not_covered(vliet, work):
    assert found(vliet, work=["step ingest", work]) == [
        f"{work}: no processing activity covers it; name it in privacy/governance/activities.py, with the officer"
    ]


def test_a_zone_without_activity_or_rights_and_hands_that_hold_plates_and_keys_are_gaps(vliet, monkeypatch):
    extra = replace(zones.ZONES[0], id="archive")
    monkeypatch.setattr(zones, "ZONES", (*zones.ZONES, extra))
    monkeypatch.setitem(zones.RIGHTS, ("engineer", zones.KEYS), (zones.READ,))
    assert [gap.split(";")[0] for gap in found(vliet)] == [
        "zone archive: no processing activity names it",
        "zone archive: nobody has a right on it",
        "role engineer: reads vehicles and has the keys",
    ]


def test_no_role_outside_the_city_sees_more_than_releases():
    for role in ("recipient", "public"):
        assert {zone for held, zone in zones.RIGHTS if held == role} <= {zones.SHARED, zones.OPEN}
    assert {role for (role, zone), rights in zones.RIGHTS.items() if zones.APPROVE in rights} == {"officer"}


def test_what_article_30_needs_and_the_city_does_not_say_is_a_gap(vliet):
    silent = vliet.governance.model_copy(update={"controller": " ", "dpo": "TODO", "purposes": ()})
    assert [gap.split(";")[0] for gap in found(replace(vliet, governance=silent))] == [
        "city.toml: governance.controller: does not say which body decides on the processing",
        "city.toml: governance.dpo: does not say who the data protection officer is",
        "city.toml: governance.purposes: does not say what the figures are for",
    ]


def test_a_folder_of_a_lake_that_the_paper_does_not_know_is_a_gap(tmp_path):
    for name in ("raw_read", "staging", "_delta", ".tmp", "copy_of_raw_read"):
        (tmp_path / name).mkdir()
    assert [gap.where for gap in coverage.unknown_folders(tmp_path)] == [str(tmp_path / "copy_of_raw_read")]


def test_documents_of_an_older_policy_are_outdated(vliet, tmp_path):
    write(build(vliet, {}), tmp_path)
    assert outdated(build(vliet, {}), tmp_path) == []
    (tmp_path / "access.csv").unlink()
    shorter = replace(vliet, retention=vliet.retention.model_copy(update={"raw_hours": 24}))
    names = {Path(gap.where).name: gap.what for gap in outdated(build(shorter, {}), tmp_path)}
    assert names["access.csv"] == "is missing"
    assert {"retention.csv", "register.jsonld", "register.csv", "dpia.nl.md", "transparency.nl.html", "tender.en.md"} <= set(
        names
    )
    assert "columns.csv" not in names


def test_every_table_has_the_zone_that_its_layer_and_content_give_it():
    found = {name: zone_of(table) for name, table in TABLES.items()}
    assert found["raw_repaired"] == zones.RAW
    assert found["core_visit"] == zones.VEHICLES
    assert found["core_camera_hour"] == found["out_od_day_cell"] == zones.COUNTS
    assert found["ops_quarantine"] == zones.OPS
