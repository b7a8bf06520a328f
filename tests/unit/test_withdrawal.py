"""Withdrawal: the files go at once and for good, the page that stays says why, and the number stays taken."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kordon import audit_log
from kordon.cli import main
from kordon.errors import ConfigError, PrivacyError, UsageError
from publication import staging, versions, withdrawal
from publication.withdrawal import withdraw
from tests.attack.test_suppression_city import DAY, cells, small
from tests.releases import approved, published, staged

MADE = datetime(2026, 3, 14, 9, tzinfo=UTC)
TOWN = small(seed=6)
REASON = "A gate stood on the wrong street <b>."
WHO = {"by": "An Peeters", "role": "privacy officer", "reason": REASON}
KEPT = {"index.html", "withdrawn.json", "approval.json"}


@pytest.fixture(scope="module")
def day_cells():
    return cells(TOWN, days=[DAY], vehicles=200, seed=6)


@pytest.fixture(scope="module")
def before(day_cells, tmp_path_factory):
    """A folder with a lake and a published release."""
    below = tmp_path_factory.mktemp("published")
    published(TOWN, below, cells=day_cells, days=[DAY], said=[], created_at=MADE)
    return below


@pytest.fixture
def out(before, tmp_path):
    """The folder of a published version, with its lake in ``tmp_path``."""
    shutil.copytree(before, tmp_path, dirs_exist_ok=True)
    return tmp_path / "vliet-shared" / str(DAY) / "v1"


def names(folder):
    return {path.name for path in folder.iterdir()}


def events(below):
    return [e for e in audit_log.entries(audit_log.of_lake(below / "lake")) if e["action"] == withdrawal.ACTION]


def test_the_files_go_and_a_page_stays_that_says_what_it_was_and_why_it_went(out, tmp_path):
    gone = json.loads((out / "datapackage.json").read_text())
    hashes = {r["path"]: r["hash"] for r in gone["resources"]}
    withdraw(out, lake=tmp_path / "lake", city=TOWN, **WHO)
    assert names(out) == KEPT
    said = json.loads((out / "withdrawn.json").read_text())
    assert said["status"].endswith("distribution-status/WITHDRAWN")
    assert (said["id"], said["version"], said["period"]) == (gone["id"], 1, gone["kordon"]["period"])
    assert {f["path"]: f"sha256:{f['sha256']}" for f in said["files"] if f["path"] in hashes} == hashes
    page = (out / "index.html").read_text()
    assert "A gate stood on the wrong street &lt;b&gt;." in page
    for told in (gone["id"], said["withdrawn_at"], said["sha256"], "privacy officer"):
        assert told in page
    (entry,) = events(tmp_path)
    assert (entry["by"], entry["role"], entry["reason"]) == tuple(WHO.values())
    assert (entry["hash"], entry["sha256"]) == (said["audit_log_entry"], said["sha256"])


@pytest.mark.parametrize("missing", ["by", "role", "reason"])
def test_nobody_or_no_reason_withdraws_nothing(out, tmp_path, missing):
    with pytest.raises(UsageError, match="--reason"):
        withdraw(out, lake=tmp_path / "lake", city=TOWN, **{**WHO, missing: " "})
    assert "od_day.csv" in names(out)


def test_what_is_withdrawn_is_not_withdrawn_again(out, tmp_path):
    withdraw(out, lake=tmp_path / "lake", city=TOWN, **WHO)
    with pytest.raises(ConfigError, match=r"was withdrawn on .* by An Peeters"):
        withdraw(out, lake=tmp_path / "lake", city=TOWN, **{**WHO, "by": "Bo"})
    assert len(events(tmp_path)) == 1


def test_what_is_not_published_is_not_withdrawn(day_cells, tmp_path):
    waiting = staged(TOWN, tmp_path, cells=day_cells, days=[DAY], said=[], created_at=MADE)
    for folder in (waiting.path, waiting.path / "release", tmp_path):
        with pytest.raises(UsageError, match="no published version"):
            withdraw(folder, lake=tmp_path / "lake", city=TOWN, **WHO)


def test_another_lake_or_city_or_a_damaged_log_withdraws_nothing(out, tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigError, match="did not publish"):
        withdraw(out, lake=tmp_path / "other", city=TOWN, **WHO)
    with pytest.raises(ConfigError, match="give its own --city"):
        withdraw(out, lake=tmp_path / "lake", city=replace(TOWN, id="elsewhere"), **WHO)
    log = audit_log.of_lake(tmp_path / "lake")
    log.write_bytes(log.read_bytes().replace(b"An Peeters", b"Bo Peeters"))
    with pytest.raises(PrivacyError):
        withdraw(out, lake=tmp_path / "lake", city=TOWN, **WHO)
    assert "od_day.csv" in names(out)


class Killed(BaseException):
    """Whoever withdraws dies here."""


@pytest.mark.parametrize("step", range(8))
def test_who_dies_half_way_leaves_it_marked_or_whole_and_the_same_command_goes_on(out, tmp_path, monkeypatch, step):
    whole, left = names(out), iter(range(step))
    real = {"unlink": Path.unlink, "replace": Path.replace}

    def until(name):
        def call(*arguments, **named):
            if next(left, None) is None:
                raise Killed
            return real[name](*arguments, **named)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", until("unlink"))
        patched.setattr(Path, "replace", until("replace"))
        with pytest.raises(Killed):
            withdraw(out, lake=tmp_path / "lake", city=TOWN, **WHO)
    if versions.withdrawal_of(out) is None:
        assert whole <= names(out)
    withdraw(out, lake=tmp_path / "lake", city=TOWN, **{**WHO, "by": "Bo"})
    assert names(out) == KEPT
    assert [e["by"] for e in events(tmp_path)] == ["An Peeters"]
    assert "Withdrawn on" in (out / "index.html").read_text()


def test_the_same_data_does_not_come_back_and_other_data_takes_the_next_number(out, day_cells, tmp_path):
    withdraw(out, lake=tmp_path / "lake", city=TOWN, **WHO)
    with pytest.raises(ConfigError, match=r"was withdrawn \(A gate stood"):
        staged(TOWN, tmp_path, cells=day_cells, days=[DAY], said=[], created_at=MADE)
    od = day_cells["od_day"]
    busier = {**day_cells, "od_day": od.assign(trips=od["trips"] + 50, vehicles=od["vehicles"] + 50)}
    assert published(TOWN, tmp_path, cells=busier, days=[DAY], said=[], created_at=MADE).version == 2
    assert names(out) == KEPT


def test_an_approval_does_not_bring_it_back(day_cells, tmp_path):
    waiting = staged(TOWN, tmp_path, cells=day_cells, days=[DAY], said=[], created_at=MADE)
    out = approved(waiting, TOWN, tmp_path)
    withdraw(out.path, lake=tmp_path / "lake", city=TOWN, **WHO)
    assert not (waiting.path / staging.FILES).exists()
    with pytest.raises(ConfigError, match="does not bring it back"):
        approved(waiting, TOWN, tmp_path)


def test_the_command_says_what_went_and_where_the_page_is(out, tmp_path, capsys):
    city = Path(__file__).resolve().parents[2] / "cities" / "vliet"
    arguments = ["--by", "An", "--role", "officer", "--reason", "wrong", "--city", str(city), "--lake", str(tmp_path / "lake")]
    with pytest.raises(SystemExit) as left:
        main(["withdraw", str(out), *arguments])
    assert left.value.code == 0
    printed = capsys.readouterr().out
    assert "files deleted" in printed
    assert str(out / "index.html") in printed.replace("\n", "")
