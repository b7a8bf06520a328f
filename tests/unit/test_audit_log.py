"""The audit log: a chain that shows what was done to it."""

import stat
import threading

import pytest

from kordon import audit_log
from kordon.errors import ConfigError, PrivacyError


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    for number in range(4):
        audit_log.append(path, action="tried", purpose="a test", by="An", number=number)
    return path


def _lines(log):
    return log.read_bytes().splitlines(keepends=True)


def test_a_log_that_nobody_touched_is_whole(log):
    found = audit_log.verify(log)
    entries = list(audit_log.entries(log))
    assert (found.entries, found.head, found.torn_bytes) == (4, entries[-1]["hash"], 0)
    assert audit_log.verify(log, head=entries[1]["hash"]) == found
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert {"ts", "account", "by", "action", "purpose", "number"} <= set(entries[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace(b"An", b"Jo"), *lines[1:]],
        lambda lines: [*lines[:3], lines[3].replace(b"An", b"Jo")],
        lambda lines: lines[1:],
        lambda lines: [*lines[:1], *lines[2:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines[:2], *lines[1:]],
        lambda lines: [*lines[:2], b"half a line\n", *lines[2:]],
    ],
    ids=["changed", "last one changed", "first gone", "one gone", "moved", "repeated", "put in"],
)
def test_a_changed_log_is_found_out(log, change):
    log.write_bytes(b"".join(change(_lines(log))))
    with pytest.raises(PrivacyError, match="log"):
        audit_log.verify(log)


def test_an_end_that_was_cut_off_is_found_out_by_who_kept_the_head(log):
    head = audit_log.verify(log).head
    log.write_bytes(b"".join(_lines(log)[:2]))
    assert audit_log.verify(log).entries == 2
    with pytest.raises(PrivacyError, match="cut off"):
        audit_log.verify(log, head=head)


@pytest.mark.parametrize("kept", [1, 40, -2])
def test_a_line_whose_writer_died_is_accounted_for_by_the_next(log, kept):
    lines = _lines(log)
    log.write_bytes(b"".join(lines[:3]) + lines[3][:kept])
    found = audit_log.verify(log)
    assert (found.entries, found.torn_bytes) == (3, len(lines[3][:kept]))
    audit_log.append(log, action="next", purpose="a test")
    assert [e["action"] for e in audit_log.entries(log)] == ["tried"] * 3 + ["torn_line", "next"]
    assert audit_log.verify(log).entries == 5
    log.write_bytes(log.read_bytes().replace(lines[3][:kept] + b"\n", b"x" + lines[3][1:kept] + b"\n", 1))
    with pytest.raises(PrivacyError):
        audit_log.verify(log)


def test_an_entry_without_its_line_end_is_whole(log):
    log.write_bytes(log.read_bytes()[:-1])
    audit_log.append(log, action="next", purpose="a test")
    assert [e["action"] for e in audit_log.entries(log)] == ["tried"] * 4 + ["next"]
    assert audit_log.verify(log).entries == 5


def test_writers_at_once_make_one_chain(log):
    threads = [
        threading.Thread(target=lambda: [audit_log.append(log, action="at once", purpose="a test") for _ in range(20)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert audit_log.verify(log).entries == 84


def test_a_log_that_others_may_write_is_refused(log):
    log.chmod(0o622)
    with pytest.raises(ConfigError, match="chmod go-w"):
        audit_log.append(log, action="x", purpose="a test")


def test_no_log_is_an_empty_one(tmp_path):
    assert audit_log.verify(tmp_path / "none").entries == 0
