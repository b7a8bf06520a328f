"""A release of a lake in a store waits in the bucket for it: staged on one machine, approved on another, and gone once it is out."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from kordon import audit_log, cli, objects
from kordon.errors import PrivacyError, UsageError
from kordon.state import staging_area, uri_of
from publication import staging
from publication.evidence import waiting
from publication.staging import TERMS, Terms
from tests.e2e.vliet import CITY

DAY = date(2026, 3, 10)
OF_DAY = Terms("vliet", "shared", "vliet-shared", str(DAY), str(DAY), 1, "/releases", "hash", "2026-03-14T09:00:00+00:00")
FILES = ["basis/od_day.parquet", "release/od_day.csv", TERMS]


@pytest.fixture
def on(tmp_path, monkeypatch):
    """Go to another machine."""

    def machine(name: str) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / name))

    machine("first")
    return machine


@pytest.fixture
def lake(request, keys, act_as, lake_uri):
    act_as(keys / "release")
    return f"{lake_uri}-{request.node.originalname.replace('_', '-')[:40]}"


def stage(lake, *, trips=12):
    def fill(folder):
        (folder / "od_day.csv").write_text(f"trips\n{trips}\n")
        basis = folder.parent / staging.BASIS
        basis.mkdir()
        (basis / "od_day.parquet").write_bytes(b"PAR1")
        return True

    made = staging.stage(lake, terms=OF_DAY, purpose="a test", fill=fill)
    assert made is not None
    return made


def in_store(lake):
    return sorted(name.partition("/")[2] for name, *_ in objects.listed(uri_of(staging_area(lake))))


def test_what_one_machine_staged_waits_on_another_and_the_log_answers_for_its_bytes(lake, on, lake_uri):
    made = stage(lake)
    uri = uri_of(made.folder)
    assert uri == f"{lake.replace('{zone}', 'staging')}/staging/{made.folder.name}"
    assert in_store(lake) == FILES
    assert staging_area(lake).stat().st_mode & 0o777 == 0o700
    on("second")
    found = staging.find(uri, lake=lake)
    assert found.folder != made.folder
    assert found.folder.stat().st_mode & 0o777 == 0o700
    staging.verify(found)
    assert found.digest == made.digest
    assert waiting(lake, period=(DAY, DAY), tier="shared") == [found.folder]
    with pytest.raises(UsageError, match="no release that waits"):
        staging.find(uri, lake=f"{lake_uri}-other")


def test_who_changes_it_in_the_bucket_is_found_out_on_the_next_machine(lake, on, minio, act_as):
    uri = uri_of(stage(lake).folder)
    act_as(minio.root)
    there = objects.below(uri, "release/od_day.csv")
    there.write(b"trips\n13\n", instead_of=there.read())
    on("second")
    with pytest.raises(PrivacyError, match="not what was staged"):
        staging.verify(staging.find(uri, lake=lake))


def test_once_it_is_out_its_files_are_gone_everywhere_and_what_it_rests_on_stays_its_time(lake, on, keys, act_as):
    uri = uri_of(stage(lake).folder)
    on("second")
    act_as(keys / "publish")
    staging.clear(staging.find(uri, lake=lake).folder)
    assert in_store(lake) == ["basis/od_day.parquet", TERMS]
    on("first")
    assert not staging.find(uri, lake=lake).files.exists()
    assert waiting(lake) == []
    act_as(keys / "retention")
    now = datetime.now(UTC)
    assert staging.forget(lake, before=DAY, now=now) == []
    assert staging.forget(lake, before=DAY + timedelta(days=1), now=now) == [uri.rpartition("/")[2]]
    assert in_store(lake) == [TERMS]


def test_of_a_run_that_died_between_uploads_nothing_waits_and_retention_deletes_it_a_day_later(lake, on, keys, act_as):
    real = objects.Object.write

    def dies(self, *arguments, **named):
        if self.key.endswith(TERMS):
            raise KeyboardInterrupt
        return real(self, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(objects.Object, "write", dies)
        stage(lake)
    assert in_store(lake) == FILES[:-1]
    on("second")
    assert waiting(lake) == []
    whole = stage(lake, trips=40)
    act_as(keys / "retention")
    now = datetime.now(UTC)
    staging.forget(lake, before=DAY, now=now)
    assert in_store(lake) == sorted([*FILES, *FILES[:-1]]), "another machine may be at it"
    staging.forget(lake, before=DAY, now=now + timedelta(days=2))
    assert in_store(lake) == FILES
    staging.verify(staging.find(uri_of(whole.folder), lake=lake))
    act_as(keys / "release")
    assert stage(lake).digest != whole.digest
    assert [e["action"] for e in audit_log.entries(audit_log.of_lake(lake))] == [staging.STAGED] * 2


def test_the_command_shows_what_waits_and_names_it_in_the_store(lake, on, capsys):
    about = {
        "tier": "shared",
        "version": 1,
        "period": {"first_day": str(DAY), "last_day": str(DAY)},
        "config_hash": "abc",
        "runs": [],
    }

    def fill(folder):
        (folder / "datapackage.json").write_text(json.dumps({"kordon": about}))
        return True

    assert shown(lake, capsys) == {"releases": [], "evidence": ""}
    made = staging.stage(lake, terms=OF_DAY, purpose="a test", fill=fill)
    on("second")
    said = shown(lake, capsys)
    assert said["releases"] == [
        {"name": made.folder.name, "path": f"{lake.replace('{zone}', 'staging')}/staging/{made.folder.name}"}
    ]
    assert f"**{made.folder.name}**: 2026-03-10 to 2026-03-10, tier shared, version 1" in said["evidence"]
    assert shown(lake, capsys, said["releases"][0]["path"]) == said


def shown(lake, capsys, *releases):
    with pytest.raises(SystemExit) as left:
        cli.main(["evidence", *releases, "--city", str(CITY), "--lake", lake, "--json"])
    assert not left.value.code
    return json.loads(capsys.readouterr().out)
