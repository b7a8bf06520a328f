"""A key's life: wrapped, made once, destroyed for good, whatever dies and whatever the clock says."""

import datetime as dt
import os
import stat
import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest

from kordon import audit_log
from kordon.errors import ConfigError, UsageError
from privacy import key_folder
from privacy.key_life import KeyLife
from privacy.keys import KeyDestroyedError, Keystore

DAY = dt.date(2026, 3, 10)
NOON = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
LIFE = KeyLife(ZoneInfo("Europe/Brussels"), grace_hours=48)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def keys(tmp_path):
    return tmp_path / "keys"


def _key(keys, *, day=DAY, now=NOON, **options):
    return Keystore(keys, **options).key(city="vliet", period=str(day), first_day=day, last_day=day, now=now)


def _record(keys):
    return Keystore(keys).living("vliet")[0]


def _files(keys):
    return sorted(f.name for f in keys.iterdir() if f.name != ".lock")


def _actions(keys):
    return [entry["action"] for entry in audit_log.entries(audit_log.beside(keys))]


def test_only_the_owner_reads_the_keystore_and_the_secret_is_wrapped(keys):
    secret = _key(keys).secret
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    files = [*keys.iterdir(), keys.with_name("keys.kek"), keys.with_name("keys.audit.jsonl")]
    assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    stored = (keys / "vliet.mobility.2026-03-10.key").read_bytes()
    assert secret.hex().encode() not in stored
    assert _key(keys).secret == secret


@pytest.mark.parametrize(("name", "mode", "says"), [("", 0o755, "chmod 700"), ("*.key", 0o644, "chmod 600")])
def test_a_keystore_that_others_can_read_is_refused(keys, name, mode, says):
    _key(keys)
    for path in keys.glob(name) if name else [keys]:
        path.chmod(mode)
    with pytest.raises(ConfigError, match=says):
        _key(keys)


def test_a_key_encryption_key_that_others_can_read_is_refused(keys):
    _key(keys)
    keys.with_name("keys.kek").chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        _key(keys)


def test_a_lost_or_wrong_key_encryption_key_says_what_to_do_and_none_is_made_in_its_place(keys, tmp_path):
    _key(keys)
    kek = keys.with_name("keys.kek")
    kek.rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"mount it.*--kek FILE"):
        _key(keys)
    with pytest.raises(ConfigError, match="mount it"):
        _key(keys, day=DAY + dt.timedelta(1))
    assert not kek.exists()
    kek.write_text("ab" * 32)
    kek.chmod(0o600)
    with pytest.raises(ConfigError, match="another key-encryption key"):
        _key(keys)
    kek.write_text("0123")
    with pytest.raises(ConfigError, match="64 hexadecimal"):
        _key(keys)
    assert _key(keys, kek=tmp_path / "elsewhere").secret


def test_keys_of_a_lost_key_encryption_key_can_still_be_destroyed(keys):
    _key(keys)
    keys.with_name("keys.kek").unlink()
    Keystore(keys).destroy(_record(keys), now=NOON, by="An", reason="the key-encryption key is lost")
    assert _key(keys, day=DAY + dt.timedelta(1)).secret, "the next period has a new one"


def test_the_key_encryption_key_may_come_through_a_descriptor_and_is_read_once(keys):
    read, write = os.pipe()
    os.write(write, b"cd" * 32)
    os.close(write)
    path = key_folder.Path(f"/dev/fd/{read}")
    assert _key(keys, kek=path) == _key(keys, kek=path)
    os.close(read)
    assert not keys.with_name("keys.kek").exists()


def test_a_damaged_key_file_is_refused_without_its_content(keys):
    _key(keys)
    file = next(keys.glob("*.key"))
    text = file.read_text()
    for damaged in (text[:-3], text.replace("2026-03-10 12:00", "2026-03-09 12:00"), "[]"):
        file.write_text(damaged)
        with pytest.raises(ConfigError, match="damaged") as caught:
            _key(keys)
        assert text[-60:-10] not in str(caught.value)


def test_a_new_key_encryption_key_wraps_every_living_key_also_after_a_crash(keys, tmp_path, monkeypatch):
    secrets = [_key(keys, day=DAY + dt.timedelta(n)).secret for n in range(3)]
    old = [f.read_bytes() for f in sorted(keys.glob("*.key"))]
    write, calls = key_folder.KeyFolder._write, []

    def dies(self, path, content):
        calls.append(path)
        if len(calls) == 2:
            raise KeyboardInterrupt
        write(self, path, content)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(key_folder.KeyFolder, "_write", dies)
        Keystore(keys).renew_kek(tmp_path / "new")
    assert Keystore(keys).renew_kek(tmp_path / "new") == 2
    assert [_key(keys, day=DAY + dt.timedelta(n), kek=tmp_path / "new").secret for n in range(3)] == secrets
    assert not {f.read_bytes() for f in keys.glob("*.key")} & set(old)
    with pytest.raises(ConfigError, match="another key-encryption key"):
        _key(keys)


STATES = [
    (dt.datetime(2026, 3, 10, 2, 59, tzinfo=dt.UTC), "created", False),
    (dt.datetime(2026, 3, 10, 3, 0, tzinfo=dt.UTC), "active", False),
    (dt.datetime(2026, 3, 11, 2, 59, tzinfo=dt.UTC), "active", False),
    (dt.datetime(2026, 3, 11, 3, 0, tzinfo=dt.UTC), "grace", False),
    (dt.datetime(2026, 3, 13, 2, 59, tzinfo=dt.UTC), "grace", False),
    (dt.datetime(2026, 3, 13, 3, 0, tzinfo=dt.UTC), "grace", True),
]


@pytest.mark.parametrize(("now", "state", "is_due"), STATES)
def test_a_key_is_created_active_and_in_grace_by_the_local_service_day(keys, now, state, is_due):
    _key(keys, now=dt.datetime(2026, 3, 9, tzinfo=dt.UTC))
    row = Keystore(keys).status("vliet", life=LIFE, now=now)[0]
    assert (row["state"], row["is_due"]) == (state, is_due)


def test_grace_counts_from_the_creation_of_a_key_that_was_made_for_old_files(keys):
    made = NOON + dt.timedelta(days=200)
    _key(keys, now=made)
    store = Keystore(keys)
    assert store.destroy_due("vliet", life=LIFE, now=made + 47 * HOUR, by="x") == []
    assert len(store.destroy_due("vliet", life=LIFE, now=made + 48 * HOUR, by="x")) == 1


def test_a_destroyed_key_is_gone_to_the_last_byte_and_its_period_gets_no_other(keys, measured):
    _key(keys)
    file = next(keys.glob("*.key"))
    stored = key_folder._json(file)["wrapped"]
    held = file.open("rb")
    Keystore(keys).destroy_due("vliet", life=LIFE, now=NOON + dt.timedelta(days=9), by="kordon retention")
    assert set(held.read()) == {0}, "who still has the file open reads zeros"
    held.close()
    left = b"".join(f.read_bytes() for f in [*keys.rglob("*"), keys.with_name("keys.audit.jsonl")] if f.is_file())
    rest = (stored.encode() in left) * len(stored) + (bytes.fromhex(stored) in left) * len(stored) // 2
    measured("destroyed_key_bytes", rest)
    assert rest == 0
    for now in (NOON, NOON + dt.timedelta(days=10)):
        with pytest.raises(KeyDestroyedError, match="2026-03-10"):
            _key(keys, now=now)
    assert Keystore(keys).destroyed_days("vliet") == {DAY}
    assert _actions(keys) == ["key_created", "key_destroyed"]


DIES = """
import datetime as dt, os, sys
from pathlib import Path
from privacy import key_folder, keys
store = keys.Keystore(Path(sys.argv[1]))
point = sys.argv[2]
if point == "wipe":
    key_folder._wipe = lambda path: os._exit(9)
elif point == "unlink":
    key_folder._overwrite = lambda handle: os._exit(9)
elif point == "log":
    keys.Keystore._log_destroyed = lambda self, tombstone: os._exit(9)
elif point == "settle":
    write, seen = key_folder.KeyFolder._write_tombstone, []
    def dies(self, tombstone):
        seen.append(tombstone)
        os._exit(9) if len(seen) == 2 else write(self, tombstone)
    key_folder.KeyFolder._write_tombstone = dies
record = store.living("vliet")[0]
store.destroy(record, now=dt.datetime(2026, 3, 20, tzinfo=dt.UTC), by="An", reason="test")
"""


@pytest.mark.parametrize("point", ["wipe", "unlink", "log", "settle"])
def test_a_destruction_that_dies_is_finished_by_whoever_opens_the_keystore_next(keys, point):
    _key(keys)
    assert subprocess.run([sys.executable, "-c", DIES, str(keys), point], check=False).returncode == 9
    assert any(keys.glob("*.key")) == (point in ("wipe", "unlink")), "positive control: it died at its point"
    assert Keystore(keys).living("vliet") == []
    assert _files(keys) == ["vliet.mobility.2026-03-10.gone"]
    Keystore(keys)
    assert _actions(keys) == ["key_created", "key_destroyed"], "one event, whenever it died"
    with pytest.raises(KeyDestroyedError):
        _key(keys)


def test_what_a_dead_writer_left_is_wiped(keys):
    _key(keys)
    (keys / ".draft-0").write_text("half a wrapped key")
    Keystore(keys)
    assert _files(keys) == ["vliet.mobility.2026-03-10.key"]


def test_a_clock_set_back_makes_and_destroys_nothing_and_resurrects_nothing(keys):
    _key(keys)
    back = NOON - dt.timedelta(days=30)
    assert _key(keys, now=back).secret, "what is there is used"
    with pytest.raises(ConfigError, match="set back"):
        _key(keys, day=DAY + dt.timedelta(1), now=back)
    with pytest.raises(ConfigError, match="set back"):
        Keystore(keys).destroy_due("vliet", life=LIFE, now=back, by="x")
    Keystore(keys).destroy(_record(keys), now=back, by="An", reason="its clock was ahead")
    with pytest.raises(KeyDestroyedError):
        _key(keys, now=back)


def test_a_key_is_destroyed_early_only_in_a_name_and_for_a_reason(keys):
    _key(keys)
    with pytest.raises(UsageError, match="name"):
        Keystore(keys).destroy(_record(keys), now=NOON, by=" ", reason="x")
