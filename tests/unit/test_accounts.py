"""Accounts of the object store against the paper: who acts for the pipeline has a part of its rights, and all parts make the whole."""

from kordon import chain
from kordon.tables import TABLES
from privacy.governance import accounts as a
from privacy.governance import zones
from privacy.governance.inventory import zone_of

ACCOUNTS = a.accounts(chain.steps())
TASKS = {name: rights for name, rights in ACCOUNTS.items() if name in {*a.TASKS, *a.OTHERS}}


def test_a_table_stands_in_the_zone_that_the_officer_gives_it():
    assert {name: table.zone for name, table in TABLES.items()} == {name: zone_of(table) for name, table in TABLES.items()}


def test_every_step_is_of_one_task():
    assert [name for names in a.TASKS.values() for name in names] == [step.name for step in chain.steps()]


def test_tasks_have_together_what_the_paper_gives_the_pipeline_and_none_has_more():
    for zone in a.BUCKETS:
        given = set(zones.RIGHTS.get((a.PIPELINE, zone), ()))
        assert set().union(*(rights.get(zone, ()) for rights in TASKS.values())) == given, zone


def test_only_the_tasks_of_plates_reach_plates_and_no_task_that_publishes_reaches_vehicles():
    assert {name for name, rights in TASKS.items() if {zones.LANDING, zones.RAW} & set(rights)} == {
        "reads",
        "late",
        "retention",
    }
    for name in ("release", "publish", "withdraw"):
        assert not {zones.LANDING, zones.RAW, zones.VEHICLES} & set(TASKS[name])
    assert {name for name, rights in ACCOUNTS.items() if zones.DESTROY in rights.get(zones.VEHICLES, ())} == {"retention"}
    for zone in (zones.SHARED, zones.OPEN):
        assert {name for name, rights in TASKS.items() if zones.DESTROY in rights.get(zone, ())} == {"withdraw"}


def test_nobody_without_an_account_reads_anything_but_open_releases():
    assert [zone for zone in a.BUCKETS if a.public_policy(zone, bucket="v-{zone}")] == [zones.OPEN]


def test_a_file_with_plates_is_deleted_by_the_store_when_its_hours_are_over_and_a_table_never():
    assert [a.days_kept(zones.LANDING, raw_hours=hours) for hours in (1, 24, 25, 72)] == [1, 1, 2, 3]
    assert {a.days_kept(zone, raw_hours=72) for zone in a.BUCKETS if zone != zones.LANDING} == {None}
