"""No plate and no key anywhere but in landing, raw tables and keystore: every file that a run wrote is searched."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kordon.chain import steps
from privacy.keys import Keystore
from privacy.pseudonym import _pads
from tests.attack.search import hits, plant_controls
from tests.e2e import vliet

ROOT = Path(__file__).resolve().parents[2]
CANARIES = ["9QZX917", "8WVK583", "7JHQ264"]
"""Plates that no simulated vehicle has."""


def _plant(landing: Path) -> None:
    """Canary plates in lines that are accepted, and in lines that are refused for every kind of reason."""
    source = sorted((landing / "trafico").glob("*.csv"))[0]
    header, first, *_ = source.read_text().splitlines()
    names = header.split(";")
    good = dict(zip(names, first.split(";"), strict=True))
    import tomllib

    columns = tomllib.loads((vliet.CITY / "sources" / "trafico.toml").read_text())["columns"]
    plate, when, camera, confidence = (columns[f] for f in ("plate", "captured_at", "camera_id", "confidence"))

    def line(**changed: str) -> str:
        return ";".join({**good, **changed}.values())

    lines = [line(**{plate: canary}) for canary in CANARIES]
    for canary in CANARIES:
        lines += [
            line(**{plate: canary, when: canary}),
            line(**{plate: canary, camera: canary}),
            line(**{plate: canary, confidence: canary}),
            line(**{plate: canary}) + f";{canary}",
            canary,
            "\0" + line(**{plate: canary}),
        ]
    (landing / "trafico" / "canaries.csv").write_text("\n".join([header, *lines, ""]))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("residue")
    vliet.simulate(folder, count=1, vehicles=500)
    _plant(folder / "landing")
    (folder / "tmp").mkdir()
    environment = {
        **os.environ,
        "TMPDIR": str(folder / "tmp"),
        "XDG_STATE_HOME": str(folder / "state"),
        "KORDON_SPARK_MEMORY_GB": "2",
        "KORDON_LOG": "json",
        "OPENLINEAGE__TRANSPORT__TYPE": "file",
        "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(folder / "lineage.jsonl"),
        "OPENLINEAGE__TRANSPORT__APPEND": "true",
    }
    common = ["--city", str(vliet.CITY), "--lake", str(folder / "lake"), "--master", "local[2]"]
    out = ["--period", "2026-03-10", "--out", str(folder / "out"), "--approve-as", "An Peeters"]
    commands = [
        ["run", *common, "--landing", str(folder / "landing"), "--keystore", str(folder / "keys"), "--days", "2026-03-10"],
        ["release", *common, *out],
        ["release", *common, *out, "--tier", "open", "--dataset", "od_day"],
    ]
    for number, command in enumerate(commands):
        with (folder / f"log-{number}.txt").open("w") as log:
            kordon = Path(sys.executable).parent / "kordon"
            subprocess.run([str(kordon), *command], env=environment, stdout=log, stderr=subprocess.STDOUT, check=True, cwd=ROOT)
    _wait_for_java(folder / "tmp")
    return folder


def _wait_for_java(scratch: Path) -> None:
    """Java outlives the command by the moment in which it deletes its files; their folders stay until the next run."""
    until = time.monotonic() + 60
    while any(files for _, _, files in os.walk(scratch)) and time.monotonic() < until:
        time.sleep(0.2)


def _may_hold_plates(folder: Path) -> list[Path]:
    return [
        folder / "landing",
        folder / "truth",
        folder / "lake" / "raw_read",
        folder / "lake" / "raw_repaired",
        folder / "control",
    ]


def test_releases_of_both_tiers_are_out_and_in_staging_is_only_what_later_versions_rest_on(ran, measured):
    for series in ("vliet-shared", "vliet-open-od_day"):
        files = {path.name for path in (ran / "out" / series / "2026-03-10" / "v1").iterdir()}
        assert {"index.html", "approval.json", "privacy_report.json", "od_day.csv", "od_day.parquet"} <= files
    left = [path for path in (ran / "lake" / "staging").rglob("*") if path.is_file()]
    assert {path.name for path in left if path.parent.name != "basis"} == {"staged.json"}
    assert {path.parent.parent.name.split("_")[0] for path in left if path.parent.name == "basis"} == {"vliet-shared"}
    report = json.loads((ran / "out" / "vliet-open-od_day" / "2026-03-10" / "v1" / "privacy_report.json").read_text())
    attacks = {attack["number"]: attack for attack in report["attacks"]}
    assert attacks[9]["applies"] and attacks[9]["passed"], "the lake's cells are bounded"
    measured(
        "known_points_isolated", attacks[17]["reached"]["isolated"], control="a count without noise: tests/attack/test_audit.py"
    )


def test_no_plate_outside_landing_and_raw(ran, measured):
    plates = [plate.encode() for plate in CANARIES]
    searched = sum(1 for f in ran.rglob("*") if f.is_file())
    found = hits(ran, plates, without=_may_hold_plates(ran))
    print(f"{searched} files, plates found in {len(found)}")
    data = hits(ran / "lake" / "raw_read", plates)
    measured("plate_residue", len(found), control=f"{len(data)} files of raw_read")
    assert found == {}
    assert data, "positive control: the raw table holds them"
    assert not [name for name in data if name.startswith("_delta_log")], "the raw table's log outlives its files"


def test_no_key_in_clear_anywhere(ran):
    store = Keystore(ran / "keys")
    secrets = [store.opened(record).secret for record in store.living("vliet")]
    assert secrets
    pads = [bytes(pad) for secret in secrets for pad in _pads(secret)]
    assert hits(ran, [*secrets, *pads], without=[ran / "control"]) == {}, "not even in the keystore, where keys are wrapped"
    kek = bytes.fromhex((ran / "keys.kek").read_text())
    assert set(hits(ran, [kek])) == {"keys.kek"}, "positive control: the search finds the key-encryption key, in its file only"


def test_the_search_finds_what_is_planted(ran):
    planted = plant_controls(ran / "control", [plate.encode() for plate in CANARIES])
    assert len(hits(ran / "control", [CANARIES[0].encode()])) == planted


def test_what_the_run_told_of_itself_says_which_run_days_and_step(ran):
    """Log, lineage and costs of the same run; that they hold no plate is tested with all files above."""
    events = [json.loads(line) for line in (ran / "lineage.jsonl").read_text().splitlines()]
    names = [step.name for step in steps()]
    assert [(e["job"]["name"], e["eventType"]) for e in events] == [(n, kind) for n in names for kind in ("START", "COMPLETE")]
    repair = next(e for e in events if e["job"]["name"] == "repair")
    assert [Path(table["name"]).name for table in repair["inputs"]] == ["raw_read"]
    assert {"service_day", "read_id"} < {field["name"] for field in repair["outputs"][0]["facets"]["schema"]["fields"]}
    lines = [json.loads(line) for line in (ran / "log-0.txt").read_text().splitlines() if line.startswith('{"ts"')]
    told = [line for line in lines if "step" in line]
    assert [line["step"] for line in told] == names
    assert {line["days"] for line in told} == {"2026-03-10..2026-03-10"}
    assert len({line["run_id"] for line in told}) == 1
