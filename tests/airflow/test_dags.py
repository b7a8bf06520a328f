"""What the DAGs are: files, tasks, assets, timetables; and what a broken city folder does to the others."""

import shutil
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("airflow", reason="Airflow is not here: `make test-airflow` sets it up and runs these tests")

from airflow.sdk.exceptions import AirflowFailException
from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable

from dags.parts.city import cities
from dags.parts.dag import SERVICE_DAY, after, days_of, service_days
from kordon import declared
from tests.airflow.conftest import ROOT, cities_with

KINDS = ("calibrate", "daily", "late", "release", "release_month", "release_shared_month", "retention")


def test_each_file_is_imported_in_two_seconds_and_every_city_has_every_dag(bag):
    bag("retention.py")  # airflow itself is imported once in a process
    for file in sorted((ROOT / "dags").glob("*.py")):
        began = time.process_time()
        count = len(bag(file.name).dags)
        # Of the processor, for other tests run beside it.
        took_s = time.process_time() - began
        print(f"{file.name}: {took_s:.2f} s, {count} DAGs")
        assert took_s < 2
    loaded = bag()
    assert loaded.import_errors == {}
    assert set(loaded.dags) == {f"kordon_{kind}_{city}" for kind in KINDS for city in ("vliet", "ravelmonde")}


def test_every_dag_says_what_it_is_for_whose_it_is_and_when_it_gives_up(bag):
    for dag in bag().dags.values():
        city = dag.dag_id.rpartition("_")[2]
        assert dag.description
        assert "docs/runbook.md" in dag.doc_md
        assert set(dag.tags) == {"kordon", city}
        assert dag.max_active_runs == 1
        for task in dag.tasks:
            assert task.owner.lower() == city
            assert task.on_failure_callback
            if task.task_type == "SparkSubmitOperator":
                assert task.execution_timeout == timedelta(hours=6)
                assert task._conn_id == "spark_default"
                assert task.do_xcom_push is False


def test_a_day_is_four_applications_in_order_and_one_writer_at_a_time(bag):
    dag = bag("daily.py").dags["kordon_daily_vliet"]
    names = ["promised", *declared.TASKS]
    for before, following in pairwise(names):
        assert following in dag.get_task(before).downstream_task_ids
    for task in declared.tasks():
        submitted = dag.get_task(task.name)
        words = submitted.application_args
        assert words[0] == "run"
        assert words[words.index("--from") + 1] == task.first
        assert words[words.index("--to") + 1] == task.last
        assert submitted.pool == "kordon_vliet"
        assert submitted.pool_slots == 1


def test_only_the_first_task_is_told_where_plates_and_keys_are(bag):
    dag = bag("daily.py", KORDON_KEK="/run/secrets/kek", KORDON_LANDING="/data/landing/{city}").dags["kordon_daily_vliet"]
    told = {
        task.task_id
        for task in dag.tasks
        if {"/run/secrets/kek", "/data/landing/vliet"} & set(getattr(task, "application_args", []))
    }
    assert told == {"reads"}


def test_each_task_has_its_own_account_of_a_store_and_the_jars_for_it(bag, monkeypatch):
    dags = bag(KORDON_ACCOUNTS="/accounts/{city}", KORDON_LAKE="s3a://{city}-{zone}/lake", SPARK_CONF_DIR="/cluster").dags
    tasks = [task for dag in dags.values() for task in dag.tasks if task.task_type == "SparkSubmitOperator"]
    for task in tasks:
        assert ".jars-store/" in task.jars
        assert task.env_vars["SPARK_CONF_DIR"] == "/cluster"
    files = {(task.task_id, task.env_vars["AWS_SHARED_CREDENTIALS_FILE"]) for task in tasks if task.dag_id.endswith("_vliet")}
    accounts = {task: file.removeprefix("/accounts/vliet/") for task, file in files}
    assert accounts == {
        **{name: name for name in declared.TASKS},
        "deliveries": "quality",
        "stale_days": "late",
        "built": "release",
        "published": "publish",
        "snapshots": "flows",
        "past_its_time": "retention",
    }
    installed = (
        bag("daily.py", KORDON_LAKE="s3a://lake", KORDON_WORKER_JARS="/jars/*").dags["kordon_daily_vliet"].get_task("flows")
    )
    assert installed.jars is None
    assert ".jars-store/" in installed.driver_class_path
    monkeypatch.delenv("KORDON_WORKER_JARS")
    local = bag("daily.py", KORDON_LAKE="/data/{city}/lake").dags["kordon_daily_vliet"].get_task("reads")
    assert ".jars-store" not in local.jars


@pytest.mark.parametrize(
    ("lake", "named", "place"),
    [
        ("s3a://{city}-{zone}/lake", {}, "s3a://vliet-{zone}/releases"),
        ("s3a://one/{city}", {}, "/kordon/releases/vliet"),
        ("/data/{city}/lake", {}, "/kordon/releases/vliet"),
        ("s3a://{city}-{zone}/lake", {"KORDON_RELEASES": "/out/{city}"}, "/out/vliet"),
    ],
)
def test_a_release_of_a_lake_in_buckets_goes_to_the_bucket_of_its_tier(bag, lake, named, place):
    dags = bag("release.py", KORDON_LAKE=lake, **named).dags
    for name, tier in (("kordon_release_vliet", "shared"), ("kordon_release_month_vliet", "open")):
        words = dags[name].get_task("built").application_args
        assert words[words.index("--out") + 1].endswith(place)
        assert words[words.index("--tier") + 1] == tier


def test_the_asset_graph_is_the_lineage_that_the_jobs_declare(bag):
    dag = bag("daily.py").dags["kordon_daily_vliet"]
    written = {task.task_id: {asset.name for asset in task.outlets} for task in dag.tasks}
    for task in declared.tasks():
        assert written[task.name] == {f"vliet.{table}" for table in task.writes}
    assert "vliet.core_trip" in {asset.name for asset in dag.get_task("flows").inlets}
    assert {asset.uri for asset in dag.get_task("quality").outlets} == {"kordon://vliet/ops_day"}


def test_days_are_made_up_for_only_when_the_first_one_is_said(bag):
    assert bag("daily.py").dags["kordon_daily_vliet"].catchup is False
    since = bag("daily.py", KORDON_FIRST_DAY="2026-03-10").dags["kordon_daily_vliet"]
    assert since.catchup is True
    assert since.start_date == datetime(2026, 3, 10, tzinfo=ZoneInfo("Europe/Brussels"))
    assert bag("late.py", KORDON_FIRST_DAY="2026-03-10").dags["kordon_late_vliet"].catchup is False


def _intervals(zone, *, first, number):
    timetable, last = CronDataIntervalTimetable(SERVICE_DAY, timezone=zone), None
    restriction = TimeRestriction(earliest=first, latest=None, catchup=True)
    for _ in range(number):
        info = timetable.next_dagrun_info_v2(last_dagrun_info=None if last is None else last, restriction=restriction)
        last = info
        yield DataInterval(info.data_interval.start, info.data_interval.end)


@pytest.mark.parametrize("zone", ["Europe/Brussels", "America/Nuuk", "Australia/Lord_Howe"])
def test_a_year_has_every_service_day_once_in_every_zone(zone, bag):
    import pendulum

    vliet = next(city for city in cities()[0] if city.id == "vliet")
    city = type(vliet)(vliet.id, vliet.name, zone, vliet.folder)
    found = list(_intervals(zone, first=pendulum.datetime(2025, 1, 1, tz=zone), number=365))
    days = [service_days(city)(each.start, each.end) for each in found]
    first = datetime(2025, 1, 1).date()
    assert days == [str(first + timedelta(days=n)) for n in range(365)]
    if zone == "Europe/Brussels":
        assert sorted({(each.end - each.start).total_seconds() / 3600 for each in found}) == [23, 24, 25]


def _vliet():
    return next(city for city in cities()[0] if city.id == "vliet")


def test_a_week_and_a_month_are_named_by_their_first_and_last_day():
    zone = ZoneInfo("Europe/Brussels")
    said = service_days(_vliet())
    assert said(datetime(2026, 3, 2, 4, tzinfo=zone), datetime(2026, 3, 9, 4, tzinfo=zone)) == "2026-03-02..2026-03-08"
    assert said(datetime(2026, 3, 1, 4, tzinfo=zone), datetime(2026, 4, 1, 4, tzinfo=zone)) == "2026-03-01..2026-03-31"


def test_a_run_waits_for_the_longest_promise_and_a_release_for_the_end_of_the_keys():
    end = datetime(2026, 3, 11, 3, tzinfo=UTC)
    assert after(_vliet())(end, "promised") == "2026-03-11T06:00:00+00:00"
    assert after(_vliet())(end, "grace") == "2026-03-13T03:00:00+00:00"
    assert after(_vliet())(end, "grace", days=21) == "2026-04-03T03:00:00+00:00"


def test_a_day_to_come_and_a_run_without_a_date_say_what_to_do():
    soon = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(AirflowFailException, match="to come: choose a day that is over"):
        days_of(_vliet(), soon - timedelta(days=1), soon)
    with pytest.raises(AirflowFailException, match="start it with a logical date"):
        days_of(_vliet(), None, None)


def _broken(folder, name, change):
    made = folder / name
    shutil.copytree(ROOT / "cities" / "vliet", made)
    file = made / "city.toml"
    file.write_text(change(file.read_text()))
    return made


@pytest.mark.parametrize(
    ("more", "gone", "new"),
    [
        ("[publication.products]\nopen = []", {"release_month"}, set()),
        ("[publication.products]\nopen = []\n[dp]\npublic_q = 0.9", {"release_month"}, set()),
        ('[publication.products]\nshared = ["gate_hour", "od_day"]', {"release_shared_month"}, set()),
        ("[dp]\npublic_q = 0.9", set(), {"release_through"}),
    ],
)
def test_a_city_has_dags_for_what_it_publishes(tmp_path, bag, more, gone, new):
    loaded = bag(KORDON_CITIES=cities_with(tmp_path, more))
    assert loaded.import_errors == {}
    assert set(loaded.dags) == {f"kordon_{kind}_vliet" for kind in {*KINDS, *new} - gone}


def test_a_release_of_a_month_waits_for_the_answers_that_it_rests_on(tmp_path, bag):
    dags = bag("release.py", KORDON_CITIES=cities_with(tmp_path, "[dp]\npublic_q = 0.9")).dags
    longest = dags["kordon_release_vliet"].get_task("approval").response_timeout.days
    for name, before in (("release_shared_month", longest + 6), ("release_through", longest)):
        waits = dags[f"kordon_{name}_vliet"].get_task("final").target_time
        assert int(waits.partition("days=")[2].partition(")")[0]) > before


def test_a_city_folder_that_breaks_is_an_import_error_and_takes_no_other_city_away(tmp_path, bag):
    shutil.copytree(ROOT / "cities" / "vliet", tmp_path / "cities" / "vliet")
    folder = tmp_path / "cities"
    _broken(folder, "syntax", lambda text: text.replace("[city]", "[city"))
    _broken(
        folder, "zone", lambda text: text.replace('id = "vliet"', 'id = "zone"').replace("Europe/Brussels", "Europe/Brusels")
    )
    _broken(folder, "nameless", lambda text: text.replace('id = "vliet"\n', ""))
    _broken(folder, "twin", lambda text: text)
    _broken(folder, "shouting", lambda text: text.replace('id = "vliet"', 'id = "Vliet City"'))
    _broken(folder, "number", lambda text: text.replace('id = "vliet"', "id = 7"))
    (folder / "binary").mkdir()
    (folder / "binary" / "city.toml").write_bytes(b"\xff\xfe\x00")
    loaded = bag(KORDON_CITIES=str(folder))
    assert set(loaded.dags) == {f"kordon_{kind}_vliet" for kind in KINDS}
    assert [file.rsplit("/", 1)[-1] for file in loaded.import_errors] == ["folders.py"]
    said = next(iter(loaded.import_errors.values()))
    for name, fault in {
        "syntax": "cannot be read",
        "zone": "city.timezone is no IANA time zone",
        "nameless": "[city] does not say 'id'",
        "twin": "city.id is 'vliet', as in",
        "shouting": "city.id is no short name",
        "number": "city.id is no short name",
        "binary": "cannot be read",
    }.items():
        assert f"{folder / name / 'city.toml'}: " in said
        assert fault in said
    assert f"kordon check-city --city {folder / 'zone'}" in said


def test_a_folder_of_cities_that_is_not_there_is_an_import_error(tmp_path, bag):
    loaded = bag(KORDON_CITIES=str(tmp_path / "nowhere"))
    assert loaded.dags == {}
    assert "which is no folder" in next(iter(loaded.import_errors.values()))
