"""The policy is approved by name; a changed one stops the next release; a changed file changes documents and behaviour together."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from kordon.city import load
from kordon.cli import main
from kordon.commands.approve import ready_to_release
from kordon.errors import ConfigError, UsageError
from privacy.governance import policy
from privacy.governance.documents import build
from publication import release
from tests.releases import staged
from tests.unit.test_city import FILES, write

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)


@pytest.fixture
def vliet():
    return load(ROOT / "cities" / "vliet")


def changed(city, section, **values):
    return replace(city, **{section: getattr(city, section).model_copy(update=values)})


def kordon(*arguments):
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return left.value.code


def test_what_is_approved_may_be_released_until_it_changes(vliet, tmp_path):
    with pytest.raises(ConfigError, match="Nobody has approved the policy of Vliet"):
        policy.require_approved(vliet, tmp_path)
    policy.approve(vliet, by=" An Peeters ", folder=tmp_path, now=NOW)
    assert policy.require_approved(vliet, tmp_path).by == "An Peeters"


@pytest.mark.parametrize(
    ("section", "values", "says"),
    [
        (
            "governance",
            {"purposes": ("parking fines",)},
            'governance.purposes: .*circulation plan.* became \\["parking fines"\\]',
        ),
        ("governance", {"legal_basis": "GDPR 6(1)(f)"}, 'legal_basis: "GDPR 6\\(1\\)\\(e\\)" became "GDPR 6\\(1\\)\\(f\\)"'),
        ("sdc", {"k": 30}, "sdc.k: 10 became 30"),
        ("dp", {"preset": "standard"}, 'dp.preset: "strict" became "standard"'),
        ("dp", {"public_q": 0.9}, "dp.public_q: nothing became 0.9"),
        ("dp", {"ledger": "postgresql://u:secret@host/x"}, "dp.ledger: nothing became"),
    ],
)
def test_a_changed_policy_asks_for_a_new_approval_with_the_reason_and_the_command(vliet, tmp_path, section, values, says):
    policy.approve(vliet, by="An Peeters", folder=tmp_path, now=NOW)
    other = changed(vliet, section, **values)
    with pytest.raises(ConfigError, match=says) as refused:
        release.build(lake=None, city=other, days=[date(2026, 3, 10)], out=tmp_path, created_at=NOW, approvals=tmp_path)
    assert refused.value.exit_code == 3
    assert "An Peeters approved it on 2026-03-14" in str(refused.value)
    assert f"kordon approve policy --city {vliet.folder}" in str(refused.value)
    assert "secret" not in str(refused.value)
    policy.approve(other, by="Bea", folder=tmp_path)
    policy.require_approved(other, tmp_path)
    assert "secret" not in (tmp_path / policy.FILE).read_text()
    assert len((tmp_path / policy.FILE).read_text().splitlines()) == 2


def test_what_does_not_touch_purposes_or_protection_asks_for_nothing(vliet, tmp_path):
    policy.approve(vliet, by="An", folder=tmp_path)
    policy.require_approved(changed(vliet, "retention", raw_hours=24), tmp_path)
    policy.require_approved(changed(vliet, "governance", contact="elsewhere"), tmp_path)
    policy.require_approved(changed(vliet, "methods", min_stop_s=900), tmp_path)


def test_approvals_are_private_and_one_that_was_altered_is_found(vliet, tmp_path):
    policy.approve(vliet, by="An", folder=tmp_path / "p")
    file = tmp_path / "p" / policy.FILE
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    entry = json.loads(file.read_text())
    entry["policy"]["sdc.k"] = 11
    file.write_text(json.dumps(entry) + "\n")
    with pytest.raises(ConfigError, match="was changed after it was written"):
        policy.latest(vliet, tmp_path / "p")
    file.write_text("{\n")
    with pytest.raises(ConfigError, match="are damaged"):
        policy.latest(vliet, tmp_path / "p")
    with pytest.raises(UsageError, match="--by NAME"):
        policy.approve(vliet, by=" ", folder=tmp_path)


def test_the_first_release_approves_visibly_and_only_the_first(vliet, tmp_path):
    said = []
    ready_to_release(vliet, by="the demo", say=said.append, folder=tmp_path)
    assert "the demo thereby approves its policy" in said[0]
    ready_to_release(vliet, by="the demo", say=said.append, folder=tmp_path)
    assert len(said) == 1
    with pytest.raises(ConfigError, match="k: 10 became 12"):
        ready_to_release(changed(vliet, "sdc", k=12), by="the demo", say=said.append, folder=tmp_path)


def test_the_commands_approve_refuse_build_and_check(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = write(tmp_path / "city", city_toml=(ROOT / "cities" / "vliet" / "city.toml").read_text())
    assert kordon("approve", "policy", "--city", folder, "--by", "An Peeters") == 0
    assert (tmp_path / "state" / "kordon" / "policy" / "vliet" / policy.FILE).exists()
    toml = (folder / "city.toml").read_text()
    (folder / "city.toml").write_text(toml.replace("k = 10", "k = 20"))
    release = ("release", "--city", folder, "--lake", tmp_path / "lake", "--period", "2026-03-10", "--out", tmp_path / "out")
    assert kordon(*release, "--approve-as", "An Peeters") == 3
    assert "sdc.k: 10 became 20" in capsys.readouterr().err
    paper = ("--city", folder, "--out", tmp_path / "paper")
    assert kordon("governance", "build", *paper) == 0
    assert kordon("governance", "check", *paper) == 0
    (folder / "city.toml").write_text(toml)
    assert kordon("governance", "check", *paper) == 3
    said = capsys.readouterr().err
    assert "dpia.nl.md: is not what city.toml" in said
    assert "kordon governance build" in said
    (folder / "city.toml").write_text(toml.replace('contact = "mobiliteit@vliet.example"', ""))
    assert kordon("governance", "build", *paper) == 3
    assert "governance.contact: does not say whom people can ask" in capsys.readouterr().err


BAD = {
    "k = 1": ("[governance]", "[sdc]\nk = 1\n[governance]", "sdc.k: 1 is too small; the floor is 10"),
    "rho = 50": ("[governance]", "[dp]\nrho = 50\n[governance]", "rho is not for a city to choose"),
    "own epsilon": ("[governance]", "[dp]\nepsilon = 20.0\n[governance]", "epsilon is not for a city to choose"),
    "a budget of its own name": (
        "[governance]",
        '[dp]\npreset = "loose"\n[governance]',
        "'loose' is not allowed; use 'strict'",
    ),
    "ten years of plates": (
        "[governance]",
        "[retention]\nraw_hours = 87600\n[governance]",
        "87600 is too large; the ceiling is 72",
    ),
    "plates for ever": ("[governance]", "[retention]\nraw_hours = 0\n[governance]", "0 is too small"),
    "ten years in years": (
        "[governance]",
        "[retention]\nraw_years = 10\n[governance]",
        "raw_years: is not a key that is known",
    ),
    "vehicles for a year": ("[governance]", "[retention]\ncore_days = 365\n[governance]", "365 is too large; the ceiling is 7"),
    "flows for ever": ("[governance]", "[retention]\nflow_years = 99\n[governance]", "99 is too large; the ceiling is 3"),
    "k of travel times": ("[governance]", "[sdc]\nk_travel_time = 10\n[governance]", "10 is too small; the floor is 30"),
    "dominance": ("[governance]", "[sdc]\ndominance_one_pct = 100.0\n[governance]", "100.0 is too large; the ceiling is 40"),
    "dominance nan": ("[governance]", "[sdc]\ndominance_two_pct = nan\n[governance]", "sdc.dominance_two_pct"),
    "public_q nan": ("[governance]", "[dp]\npublic_q = nan\n[governance]", "dp.public_q"),
    "k infinite": ("[governance]", "[sdc]\nk = inf\n[governance]", "sdc.k"),
    "grace of a year": ("[governance]", "[keys]\ngrace_hours = 8760\n[governance]", "8760 is too large"),
    "no DPIA": ('dpia_reference = "DPIA-1"', "", "there is no reference of an impact assessment"),
    "DPIA to do": ('"DPIA-1"', '"TODO"', "there is no reference of an impact assessment"),
    "no legal basis": ('"GDPR 6(1)(e), decree of 2026"', '""', "there is no legal basis"),
    "unknown source": ('"own_mobility_camera"', '"drone"', "'drone' is not allowed; use 'own_mobility_camera'"),
    "police": ('"own_mobility_camera"', '"police"', "police cameras may not feed mobility statistics"),
    "a longer key": ("[governance]", '[keys]\nperiod = "month"\n[governance]', "the DPIA is not said to cover that"),
    "fewer Dutch purposes": (
        'source_type = "own_mobility_camera"',
        'source_type = "own_mobility_camera"\npurposes = ["a", "b"]\nnl = { purposes = ["a"] }',
        "nl.purposes has 1 texts where purposes has 2",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_policy_below_the_floor_or_without_ground_is_refused_with_the_reason(tmp_path, capsys, bad):
    old, new, says = BAD[bad]
    toml = FILES["city.toml"]
    assert old in toml
    folder = write(tmp_path, city_toml=toml.replace(old, new, 1))
    days = ("--lake", tmp_path / "lake", "--landing", tmp_path, "--days", "2026-03-10")
    assert kordon("run", "--city", folder, *days) == 3
    assert says in capsys.readouterr().err
    assert not (tmp_path / "lake").exists()


def test_a_change_of_k_changes_documents_and_releases_together(vliet, tmp_path):
    from tests.attack.test_suppression_city import DAY, cells
    from tests.attack.test_suppression_city import vliet as attacked

    small = cells(attacked(), days=[DAY], vehicles=1500, seed=3)

    def published(city, out):
        return staged(city, out, cells=small, days=[DAY], created_at=NOW, said=[]).report["od_day"]

    stricter = changed(attacked(), "sdc", k=30)
    assert published(stricter, tmp_path / "b")["hidden_primary"] > published(attacked(), tmp_path / "a")["hidden_primary"]
    assert "fewer than 10 vehicles" in build(attacked(), {})["dpia.en.md"]
    assert "fewer than 30 vehicles" in build(stricter, {})["dpia.en.md"]
    assert "minder dan 30 voertuigen" in build(stricter, {})["transparency.nl.md"]
