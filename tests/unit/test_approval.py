"""Staging and approval: what nobody has approved nobody else reads, and what is approved is the bytes that were staged."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kordon import audit_log
from kordon.cli import main
from kordon.errors import ConfigError, KordonError, PrivacyError, UsageError
from privacy.governance import policy
from publication import approval, staging, versions
from tests.attack.test_suppression_city import DAY, cells, small
from tests.releases import approved, staged

MADE = datetime(2026, 3, 14, 9, tzinfo=UTC)
TOWN = small(seed=6)


@pytest.fixture(scope="module")
def day_cells():
    return cells(TOWN, days=[DAY], vehicles=200, seed=6)


@pytest.fixture
def waiting(day_cells, tmp_path):
    """A release that waits for its approval."""
    return staged(TOWN, tmp_path, cells=day_cells, days=[DAY], said=[], created_at=MADE)


def events(below, action):
    return [entry for entry in audit_log.entries(audit_log.of_lake(below / "lake")) if entry["action"] == action]


def releases(below):
    return list((below / "vliet-shared").rglob("v*"))


def test_what_is_staged_only_its_owner_reads_and_nothing_of_it_is_out(waiting, tmp_path):
    for folder in (tmp_path / "lake" / "staging", waiting.path, waiting.path / "release"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert waiting.path.parent == tmp_path / "lake" / "staging"
    assert releases(tmp_path) == []
    assert [entry["staged"] for entry in events(tmp_path, "release_staged")] == [waiting.path.name]


def test_a_staging_area_that_others_could_read_is_closed_again(waiting, day_cells, tmp_path):
    area = tmp_path / "lake" / "staging"
    area.chmod(0o755)
    staged(TOWN, tmp_path, cells=day_cells, days=[DAY], said=[], created_at=MADE)
    assert stat.S_IMODE(area.stat().st_mode) == 0o700


def test_an_approval_publishes_the_staged_bytes_and_says_who_in_which_role(waiting, tmp_path):
    before = {path.name: path.read_bytes() for path in (waiting.path / "release").iterdir()}
    out = approved(waiting, TOWN, tmp_path, by="An Peeters")
    assert {path.name: path.read_bytes() for path in out.path.iterdir() if path.name != "approval.json"} == before
    said = json.loads((out.path / "approval.json").read_text())
    (entry,) = events(tmp_path, "release_approved")
    assert (said["by"], said["role"]) == (entry["by"], entry["role"]) == ("An Peeters", "privacy officer")
    assert said["audit_log_entry"] == entry["hash"]
    assert said["sha256"] == entry["sha256"] == events(tmp_path, "release_staged")[0]["sha256"]
    assert stat.S_IMODE(out.path.stat().st_mode) == 0o755


def test_approving_twice_gives_the_same_version_and_one_event(waiting, tmp_path):
    first, again = (approved(waiting, TOWN, tmp_path, by=name) for name in ("An Peeters", "Bo"))
    assert (first.is_new, again.is_new) == (True, False)
    assert (first.path, first.version) == (again.path, again.version)
    assert len(events(tmp_path, "release_approved")) == 1


def test_of_two_who_approve_at_once_one_publishes(waiting, tmp_path):
    with ThreadPoolExecutor(2) as both:
        made = list(both.map(lambda name: approved(waiting, TOWN, tmp_path, by=name), ["An", "Bo"]))
    assert sorted(out.is_new for out in made) == [False, True]
    assert len({out.path for out in made}) == len(events(tmp_path, "release_approved")) == 1


def changed(folder):
    path = folder / "release" / "od_day.csv"
    path.write_bytes(path.read_bytes().replace(b"suppressed", b"ok", 1))


def added(folder):
    (folder / "release" / "more.csv").write_text("vid\n")


def removed(folder):
    (folder / "release" / "privacy.html").unlink(missing_ok=True)
    (folder / "release" / "zones.geojson").unlink()


def sent_elsewhere(folder):
    terms = json.loads((folder / "staged.json").read_text())
    (folder / "staged.json").write_text(json.dumps({**terms, "out": str(folder.parent.parent / "elsewhere")}))


def linked(folder):
    path = folder / "release" / "od_day.csv"
    other = folder.parent / "od_day.csv"
    path.rename(other)
    path.symlink_to(other)


@pytest.mark.parametrize("tamper", [changed, added, removed, sent_elsewhere, linked])
def test_anything_that_changed_since_it_was_staged_is_refused_and_nothing_is_out(waiting, tmp_path, tamper):
    tamper(waiting.path)
    with pytest.raises(PrivacyError) as refused:
        approved(waiting, TOWN, tmp_path)
    assert refused.value.exit_code == 5
    assert releases(tmp_path) == []
    assert events(tmp_path, "release_approved") == []


def test_a_file_that_changes_while_it_is_copied_is_refused(waiting, tmp_path, monkeypatch):
    real = staging.verify

    def then_changed(release):
        real(release)
        changed(release.folder)

    monkeypatch.setattr(staging, "verify", then_changed)
    with pytest.raises(PrivacyError):
        approved(waiting, TOWN, tmp_path)
    assert releases(tmp_path) == []


def test_a_folder_that_the_audit_log_does_not_know_is_refused(waiting, tmp_path):
    audit_log.of_lake(tmp_path / "lake").unlink()
    with pytest.raises(PrivacyError, match="does not know"):
        approved(waiting, TOWN, tmp_path)


def test_what_lies_elsewhere_is_no_staged_release(waiting, tmp_path):
    elsewhere = waiting.path.rename(tmp_path / waiting.path.name)
    for uri in (elsewhere, tmp_path / "lake" / "staging" / "nothing", tmp_path / "lake" / "staging"):
        with pytest.raises(UsageError, match="no release that waits"):
            approved(replace(waiting, path=uri), TOWN, tmp_path)


@pytest.mark.parametrize(("by", "role"), [(" ", "officer"), ("An", " ")])
def test_nobody_or_nothing_is_no_approver(waiting, tmp_path, by, role):
    with pytest.raises(UsageError, match="name and role"):
        approved(waiting, TOWN, tmp_path, by=by, role=role)


def test_a_policy_that_changed_since_is_refused_even_when_it_is_approved(waiting, tmp_path):
    stricter = replace(TOWN, sdc=TOWN.sdc.model_copy(update={"k": 30}))
    with pytest.raises(ConfigError, match="k: 10 became 30"):
        approved(waiting, stricter, tmp_path)
    policy.approve(stricter, by="An Peeters", folder=tmp_path / "policy")
    with pytest.raises(ConfigError, match="stage it again") as refused:
        approved(waiting, stricter, tmp_path)
    assert refused.value.exit_code == 3
    assert releases(tmp_path) == []


def test_a_release_of_another_city_is_refused(waiting, tmp_path):
    with pytest.raises(ConfigError, match="is of vliet"):
        approved(waiting, replace(TOWN, id="elsewhere"), tmp_path)


def test_of_two_that_are_staged_for_a_version_only_one_is_published(waiting, day_cells, tmp_path):
    busier = {**day_cells, "od_day": day_cells["od_day"].assign(trips=day_cells["od_day"]["trips"] + 50)}
    other = staged(TOWN, tmp_path, cells=busier, days=[DAY], said=[], created_at=MADE)
    approved(other, TOWN, tmp_path)
    with pytest.raises(ConfigError, match="was published since"):
        approved(waiting, TOWN, tmp_path)
    assert [path.name for path in releases(tmp_path)] == ["v1"]


class Killed(BaseException):
    """What no code catches, as a kill."""


@pytest.mark.parametrize(
    ("module", "step", "is_out"),
    [
        (approval, "_decided", False),
        (staging, "copy", False),
        (versions, "settle", False),
        (staging, "clear", True),
    ],
)
def test_a_crash_at_any_step_leaves_it_staged_or_published_and_the_same_command_goes_on(
    waiting, tmp_path, monkeypatch, module, step, is_out
):
    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, step, killed)
        with pytest.raises(Killed):
            approved(waiting, TOWN, tmp_path, by="An Peeters")
    assert [path.name for path in releases(tmp_path)] == (["v1"] if is_out else [])
    out = approved(waiting, TOWN, tmp_path, by="Bo")
    assert out.is_new == (not is_out)
    (entry,) = events(tmp_path, "release_approved")
    # Who died over it had decided; who goes on did not.
    assert entry["by"] == ("Bo" if step == "_decided" else "An Peeters")
    assert json.loads((out.path / "approval.json").read_text())["by"] == entry["by"]
    assert not (waiting.path / "release").exists()


def test_an_attack_that_gets_through_stages_nothing(day_cells, tmp_path):
    def attack(folder, earlier):
        raise PrivacyError("gets through")

    with pytest.raises(KordonError):
        staged(TOWN, tmp_path, cells=day_cells, days=[DAY], said=[], created_at=MADE, audit=attack)
    assert list((tmp_path / "lake").rglob("*")) == []


def test_the_command_publishes_once_and_says_so(waiting, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("kordon.commands.approve.loaded_city", lambda _: TOWN)
    policy.approve(TOWN, by="An Peeters")
    words = ["approve", str(waiting.path), "--by", "An", "--role", "officer", "--city", "c", "--lake", str(tmp_path / "lake")]
    for says in ("Published.", "It was published before."):
        with pytest.raises(SystemExit) as left:
            main(words)
        assert left.value.code == 0
        printed = capsys.readouterr().out
        assert says in printed
        assert "v1/index.html" in printed
