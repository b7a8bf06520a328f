"""Releases in buckets: published whole or not at all, read by whom they are for, known on every machine, and gone when withdrawn."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from minio.commonconfig import ENABLED

from kordon import audit_log, cli, lease, objects, s3, status
from kordon.city import load
from kordon.commands.store import bucket_name
from kordon.errors import ConfigError, TryAgain
from kordon.state import uri_of, working_copy
from privacy.governance import policy
from publication import approval, in_store, staging, versions
from publication.staging import Staged, Terms
from publication.withdrawal import withdraw
from tests.e2e.vliet import CITY

VLIET = load(CITY)
WHO = {"by": "An Peeters", "role": "privacy officer"}
REASON = "A gate stood on the wrong street."
FIRST, LAST = date(2026, 3, 10), date(2026, 3, 12)
TYPES = {
    "approval.json": "application/json",
    "datapackage.json": "application/json",
    "gates.geojson": "application/geo+json",
    "index.html": "text/html; charset=utf-8",
    "od_day.csv": "text/csv; charset=utf-8",
    "od_day.parquet": "application/vnd.apache.parquet",
}
KEPT = ["approval.json", "index.html", "withdrawn.json"]


class Place:
    """A lake and a place for releases of a tier, of one test alone, on a machine that can be changed for another."""

    def __init__(
        self, name: str, tier: str, *, machines: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[str], None]
    ) -> None:
        self.lake = f"s3a://{bucket_name(VLIET)}/{name}"
        self.out = f"{objects.at(f's3a://{bucket_name(VLIET)}', tier)}/{name}"
        self.tier, self.machines, self.monkeypatch, self.act = tier, machines, monkeypatch, act
        self.on("first")

    def on(self, machine: str) -> None:
        self.monkeypatch.setenv("XDG_STATE_HOME", str(self.machines / machine))
        if policy.latest(VLIET) is None:
            policy.approve(VLIET, by="An Peeters")

    def stage(self, *, first: date = FIRST, last: date = LAST, trips: int = 12, also: str = "") -> Staged:
        terms = Terms(
            city="vliet",
            tier=self.tier,
            series=f"vliet-{self.tier}",
            first_day=str(first),
            last_day=str(last),
            version=1,
            out=self.out,
            policy=policy.require_approved(VLIET).hash,
            created_at="2026-03-14T09:00:00+00:00",
        )

        def fill(folder: Path) -> bool:
            about = {
                "city": "vliet",
                "tier": self.tier,
                "version": 1,
                "period": {"first_day": str(first), "last_day": str(last)},
            }
            run = {"service_day": str(first), "run_id": "run1"}
            package = {
                "id": "x",
                "title": "t",
                "title_nl": "t",
                "created": terms.created_at,
                "kordon": {**about, "runs": [run]},
            }
            (folder / "datapackage.json").write_text(json.dumps(package))
            (folder / "index.html").write_text(f"<p>{trips} trips</p>")
            (folder / "od_day.csv").write_text(f"trips\n{trips}\n")
            (folder / "od_day.parquet").write_bytes(b"PAR1" * 100)
            (folder / "gates.geojson").write_text("{}")
            if also:
                (folder / also).write_text("x")
            return True

        self.act("release")
        made = staging.stage(self.lake, terms=terms, purpose="a test", fill=fill)
        self.act("publish")
        assert made is not None
        return made

    def approve(self, staged: Staged) -> approval.Published:
        return approval.approve(staged.folder, lake=self.lake, city=VLIET, **WHO)

    @property
    def version(self) -> str:
        return f"{self.out}/vliet-{self.tier}/{FIRST}_{LAST}/v1"


@pytest.fixture
def place(request, keys, act_as, tmp_path, monkeypatch):
    """The place of a test's releases of the tier that it names, the shared one without."""
    act_as(keys / "publish")
    name = re.sub("[^a-z0-9]+", "-", request.node.name).strip("-")
    tier = getattr(request, "param", "shared")
    return Place(name, tier, machines=tmp_path, monkeypatch=monkeypatch, act=lambda account: act_as(keys / account))


both_tiers = pytest.mark.parametrize("place", ["shared", "open"], indirect=True)


def names(uri: str) -> list[str]:
    return sorted(name for name, *_ in objects.listed(uri))


def get(minio, uri: str) -> tuple[int, str, bytes]:
    """What a browser without an account gets: status, content type and bytes."""
    try:
        with urllib.request.urlopen(f"{minio.endpoint}/{uri.removeprefix(objects.SCHEME)}") as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, "", b""


@both_tiers
def test_an_approval_publishes_to_the_bucket_of_its_tier_and_everybody_opens_the_open_one(place, minio):
    made = place.approve(place.stage())
    assert (made.is_new, uri_of(made.path)) == (True, place.version)
    assert names(place.version) == sorted(TYPES)
    entries = list(audit_log.entries(audit_log.of_lake(place.lake)))
    assert entries[-1]["release"] == place.version
    for name, kind in TYPES.items():
        found = get(minio, f"{place.version}/{name}")
        assert found == ((200, kind, (made.path / name).read_bytes()) if place.tier == "open" else (403, "", b""))
    assert [released.path for released in status.releases(place.lake)] == [place.version]


def test_a_large_file_is_uploaded_on_the_same_condition(place):
    (place.machines / "big").mkdir()
    big = place.machines / "big" / "od_month_hour.csv"
    big.write_bytes(b"0123456789abcdef" * 1_500_000)
    (big.parent / versions.APPROVAL).write_text("{}")
    in_store.upload(big.parent, working_copy(place.version))
    assert {name: size for name, size, _ in objects.listed(place.version)}[big.name] == big.stat().st_size
    (big.parent / versions.APPROVAL).write_text('{"other": 1}')
    with pytest.raises(TryAgain, match="another machine"):
        in_store.upload(big.parent, working_copy(place.version))


class Killed(BaseException):
    """Whoever publishes dies here."""


def killed_after(step: int, action: str):
    """Objects' ``action`` works so many times, then whoever calls it dies."""
    real, left = getattr(objects.Object, action), iter(range(step))

    def until(self, *arguments, **named):
        if self.key.endswith(("_audit.jsonl", lease.PUBLISHER)):
            return real(self, *arguments, **named)
        if next(left, None) is None:
            raise Killed
        return real(self, *arguments, **named)

    patched = pytest.MonkeyPatch()
    patched.setattr(objects.Object, action, until)
    return patched


@pytest.mark.parametrize("step", [0, 3, len(TYPES) - 1])
def test_who_dies_between_uploads_has_published_nothing_and_the_same_command_goes_on(place, step):
    staged = place.stage()
    patched = killed_after(step, "write")
    with pytest.raises(Killed):
        place.approve(staged)
    patched.undo()
    assert len(names(place.version)) == step
    assert versions.APPROVAL not in names(place.version)
    place.on("second")
    in_store.fetch(working_copy(place.out))
    assert versions.latest(working_copy(place.version).parent) is None
    place.on("first")
    assert place.approve(staged).is_new
    assert names(place.version) == sorted(TYPES)
    approvals = [e for e in audit_log.entries(audit_log.of_lake(place.lake)) if e["action"] == approval.APPROVED]
    assert len(approvals) == 1
    assert not place.approve(staged).is_new


def test_who_dies_after_the_upload_has_published_and_the_same_command_says_so(place, monkeypatch):
    staged = place.stage()
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(versions, "settle", lambda *_, **__: (_ for _ in ()).throw(Killed))
        place.approve(staged)
    assert names(place.version) == sorted(TYPES)
    assert not place.approve(staged).is_new
    assert not staged.files.exists()


def test_of_what_a_lost_machine_left_another_one_takes_over_the_same_data_and_nothing_else(place):
    staged = place.stage()
    patched = killed_after(len(TYPES) - 1, "write")
    with pytest.raises(Killed):
        place.approve(staged)
    patched.undo()
    place.on("second")
    with pytest.raises(ConfigError, match=r"holds od_day\.csv of another release"):
        place.approve(place.stage(trips=40))
    assert place.approve(place.stage(also="a.csv")).is_new
    assert names(place.version) == sorted([*TYPES, "a.csv"])


def test_a_second_machine_knows_the_version_refuses_its_number_and_an_overlap(place, keys, act_as):
    published = place.approve(place.stage())
    place.on("second")
    for again, fault in (
        (place.stage(trips=40), "was published since"),
        (place.stage(first=LAST, last=LAST), f"overlaps {place.version.rpartition('/')[0]}"),
    ):
        with pytest.raises(ConfigError, match=fault):
            place.approve(again)
    copy = working_copy(place.version)
    assert copy != published.path
    assert versions.fingerprint(copy) == versions.fingerprint(published.path)
    assert copy.parents[4].stat().st_mode & 0o777 == 0o700
    place.on("third")
    act_as(keys / "release")
    in_store.fetch(working_copy(place.out))
    assert versions.latest(working_copy(place.version).parent) == (1, working_copy(place.version))


def test_a_release_looks_at_the_store_before_it_is_built(place, keys, act_as, monkeypatch, capsys):
    """The command is the whole one, but for the lake's tables: the period that the store has is refused on a machine that is new."""
    place.approve(place.stage())
    place.on("second")
    act_as(keys / "release")
    monkeypatch.setattr("kordon.commands.release.opened_lake", lambda *_, **__: _Nothing())
    monkeypatch.setattr("publication.release.refuse_incomplete", lambda *_, **__: {})
    out = place.out.replace("shared", "{zone}")
    ended(["release", "--city", str(CITY), "--lake", place.lake, "--period", str(FIRST), "--out", out], code=3)
    assert f"overlaps {place.version.rpartition('/')[0]}" in capsys.readouterr().err


class _Nothing:
    uri = "nowhere"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def test_while_one_publishes_another_is_told_to_try_again(place):
    staged = place.stage()
    with lease.publisher(place.lake, ttl_s=1), pytest.raises(TryAgain, match="is being published"):
        place.approve(staged)
    assert place.approve(staged).is_new


@both_tiers
def test_what_is_withdrawn_is_in_no_version_of_any_object_and_on_no_machine(place, keys, act_as, minio):
    published = place.approve(place.stage())
    act_as(minio.root)
    bucket, prefix = objects.split(place.version)
    assert s3.client().get_bucket_versioning(bucket_name=bucket).status == ENABLED
    place.on("second")
    in_store.fetch(working_copy(place.out))
    assert "od_day.csv" in {path.name for path in working_copy(place.version).iterdir()}
    act_as(keys / "withdraw")
    place.on("first")
    done = withdraw(published.path, lake=place.lake, city=VLIET, reason=REASON, **WHO)
    assert sorted(done.deleted) == sorted({*TYPES} - {*KEPT})
    act_as(minio.root)
    assert names(place.version) == KEPT == sorted(path.name for path in published.path.iterdir())
    every = s3.client().list_objects(bucket_name=bucket, prefix=f"{prefix}/", recursive=True, include_version=True)
    assert sorted(str(o.object_name).rpartition("/")[2] for o in every) == KEPT
    assert REASON.encode() in objects.below(place.version, "index.html").read().data
    if place.tier == "open":
        assert get(minio, f"{place.version}/index.html")[:2] == (200, TYPES["index.html"])
        assert get(minio, f"{place.version}/od_day.csv")[0] == 404
    place.on("second")
    in_store.fetch(working_copy(place.out))
    assert sorted(path.name for path in working_copy(place.version).iterdir()) == KEPT
    act_as(keys / "withdraw")
    with pytest.raises(ConfigError, match="was withdrawn on"):
        withdraw(working_copy(place.version), lake=place.lake, city=VLIET, reason=REASON, **WHO)


@pytest.mark.parametrize(("action", "step"), [("write", 0), ("write", 1), ("delete", 0), ("delete", 2)])
def test_who_dies_while_it_withdraws_leaves_it_marked_or_whole_and_the_same_command_goes_on(place, keys, act_as, action, step):
    published = place.approve(place.stage())
    act_as(keys / "withdraw")
    patched = killed_after(step, action)
    with pytest.raises(Killed):
        withdraw(published.path, lake=place.lake, city=VLIET, reason=REASON, **WHO)
    patched.undo()
    assert versions.WITHDRAWN in names(place.version) or names(place.version) == sorted(TYPES)
    place.on("second")
    withdraw(working_copy(place.version), lake=place.lake, city=VLIET, reason=REASON, by="Bo", role="officer")
    assert names(place.version) == KEPT
    assert objects.overwritten(place.version) == []
    assert json.loads(objects.below(place.version, versions.WITHDRAWN).read().data)["by"] == "An Peeters"


def test_the_account_that_publishes_deletes_nothing_and_an_analyst_writes_nothing(place, keys, act_as):
    published = place.approve(place.stage())
    with pytest.raises(ConfigError, match="give the command the account that may"):
        withdraw(published.path, lake=place.lake, city=VLIET, reason=REASON, **WHO)
    assert "od_day.csv" in names(place.version)
    staged = place.stage(first=date(2026, 4, 1), last=date(2026, 4, 1))
    act_as(keys / "analyst")
    with pytest.raises(ConfigError, match="give the command the account that may"):
        place.approve(staged)


def test_the_commands_take_and_name_the_place_in_the_store(place, keys, act_as, capsys):
    where = ["--city", str(CITY), "--lake", place.lake, "--by", "An Peeters", "--role", "privacy officer"]
    ended(["approve", str(place.stage().folder), *where])
    assert f"{place.version}/index.html" in capsys.readouterr().out.replace("\n", "")
    place.on("second")
    act_as(keys / "analyst")
    ended(["audit", f"{place.out}/vliet-shared/{FIRST}_{LAST}/v2"], code=2)
    assert "is no published version" in capsys.readouterr().err
    act_as(keys / "withdraw")
    ended(["withdraw", place.version, *where, "--reason", REASON])
    assert f"{place.version}/index.html" in capsys.readouterr().out.replace("\n", "")
    assert names(place.version) == KEPT
    ended(["audit", place.version], code=2)
    assert "there is nothing to attack" in capsys.readouterr().err


def ended(arguments: list[str], *, code: int = 0) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert (left.value.code or 0) == code
