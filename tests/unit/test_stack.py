"""The stack's files: what runs, in what order, and that no secret can be read by others or stands in a setting."""

import json
import re
import stat
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
ENDS = {"store-setup", "airflow-setup"}


@pytest.fixture
def stack(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docker")
    import stack

    return stack


@pytest.fixture
def secrets(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "docker")
    from make_secrets import make

    make(tmp_path / "secrets")
    return tmp_path / "secrets"


def test_each_server_comes_after_what_it_needs_and_only_that_comes_with_it(stack):
    names = [server.name for server in stack.servers([])]
    assert set(names) == set(SERVICES)
    for server in stack.servers([]):
        assert all(names.index(need) < names.index(server.name) for need in server.needs)
    assert [server.name for server in stack.servers(["spark-worker-2"])] == ["spark-master", "spark-worker-2"]


def test_a_server_that_is_none_is_refused_with_those_that_are(stack):
    with pytest.raises(stack.StackError, match=r"no server spark-worker-9: choose of .*spark-worker-2"):
        stack.servers(["spark-worker-9"])


def test_a_task_that_is_to_end_is_not_started_again_and_a_server_is(stack):
    sections = {server.name: server.section(logs=Path("logs"), place=0) for server in stack.servers([])}
    assert {name for name, section in sections.items() if "autorestart = false" in section} == ENDS


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_runs_a_script_without_rights_and_is_watched(name):
    service = SERVICES[name]
    assert (ROOT / service["command"][0]).stat().st_mode & stat.S_IXUSR
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == ("no" if name in ENDS else "unless-stopped")
    assert ("healthcheck" in service) == (name not in ENDS)
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert all(need in SERVICES for need in service.get("depends_on", {}))


def test_secrets_are_files_that_the_program_makes_and_no_setting_holds_one(secrets):
    assert {path.name for path in secrets.iterdir()} == set(COMPOSE["secrets"])
    assert {Path(held["file"]).name for held in COMPOSE["secrets"].values()} == set(COMPOSE["secrets"])
    settings = {name for service in SERVICES.values() for name in service["environment"]}
    assert not [name for name in settings if re.search("PASSWORD|SECRET(?!S$)|KEY|TOKEN", name)]
    # Only who administrates the store knows how.
    assert {name for name, service in SERVICES.items() if "minio-credentials" in service.get("secrets", [])} == {"store-setup"}


def test_secrets_are_for_their_owner_made_once_and_told_alike_in_each_form(secrets):
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {0o600}
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    from make_secrets import make

    (secrets / "spark").unlink()
    make(secrets)
    after = {path.name: path.read_text() for path in secrets.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"spark"}
    assert before["minio-password"] in before["minio-credentials"]
    assert len(json.loads(before["airflow-passwords.json"])["admin"]) >= 16
    (secrets / "minio-user").unlink()
    with pytest.raises(SystemExit, match="not the other files of MinIO's password"):
        make(secrets)


def test_every_base_image_is_named_by_its_digest():
    lines = re.findall(r"^FROM (\S+)", (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    own = {"base"}
    assert [line for line in lines if line not in own]
    assert all(re.fullmatch(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", line) for line in lines if line not in own)
