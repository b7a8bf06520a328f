"""The ledger: what is paid stays paid, what was drawn comes back, and a ledger that cannot be trusted refuses."""

import datetime as dt
import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from kordon.errors import ConfigError, PrivacyError, TryAgain
from privacy.ledger import Caps, Charge, Head, open_ledger
from privacy.ledger.ledger import LONGEST_DRAW

DAY = dt.date(2026, 3, 10)
NOW = dt.datetime(2026, 4, 2, 9, tzinfo=dt.UTC)
STRICT = Caps(day=0.02, correction=0.005)


def ledger(url, *, at=NOW, caps=STRICT, heads=()):
    return open_ledger(url, city="vliet", caps=caps, heads=heads, clock=lambda: at)


def charge(dataset="od_day", *, rho=0.005, first=DAY, last=None, version=1, cells="c1"):
    return Charge("vliet", dataset, first, last or first, version, rho, 1e-7, "discrete gaussian", (38.7,), (3.46,), cells)


def released(book, what, content=b"noise"):
    reservation = book.reserve(what)
    book.commit(reservation, content)
    return what


def test_a_committed_release_returns_its_bytes_and_cannot_be_reserved_again(ledger_url):
    book = ledger(ledger_url)
    what = released(book, charge(), b"drawn once")
    with pytest.raises(PrivacyError, match="take the stored bytes"):
        ledger(ledger_url).reserve(what)
    assert ledger(ledger_url).stored(what.release_id) == b"drawn once"
    assert [row.state for row in book.rows()] == ["reserved", "committed"]
    assert book.spent(day=DAY) == 0.005


def test_the_day_holds_its_cap_to_the_last_billionth(ledger_url):
    book = ledger(ledger_url)
    for dataset, rho in (("a", 0.005), ("b", 0.004), ("c", 0.003), ("d", 0.003)):
        released(book, charge(dataset, rho=rho))
    with pytest.raises(PrivacyError, match=f"service day {DAY} before corrections"):
        book.reserve(charge("e", rho=1e-9))
    assert book.spent(day=DAY) == 0.015


def test_a_month_costs_each_of_its_days(ledger_url):
    book = ledger(ledger_url)
    released(book, charge("month", first=dt.date(2026, 3, 1), last=dt.date(2026, 3, 31), rho=0.012))
    assert book.spent(day=DAY) == 0.012
    assert book.spent(year=2026) == pytest.approx(31 * 0.012)
    with pytest.raises(PrivacyError, match=f"service day {DAY}"):
        book.reserve(charge(rho=0.004))


def test_the_year_has_a_cap_of_365_days(ledger_url):
    book = ledger(ledger_url)
    for year in (2026, 2028):
        whole = charge("all", first=dt.date(year, 1, 1), last=dt.date(year, 12, 31), rho=0.015)
        released(book, whole)
        again = replace(whole, version=2, rho=0.005)
        if year == 2026:
            released(book, again)
            assert book.spent(year=2026) == 7.3
        else:
            with pytest.raises(PrivacyError, match=r"7\.32 of 7\.3 would be spent of the budget of 2028"):
                book.reserve(again)


def test_a_correction_is_charged_again_from_its_reserve_and_only_once_a_day(ledger_url):
    book = ledger(ledger_url)
    released(book, charge())
    released(book, charge("gate_hour", rho=0.004))
    with pytest.raises(PrivacyError, match="not the next version"):
        book.reserve(charge(version=3))
    released(book, charge(version=2), b"second")
    assert book.spent(day=DAY) == 0.014
    with pytest.raises(PrivacyError, match="was corrected before"):
        book.reserve(charge(version=3))
    with pytest.raises(PrivacyError, match="was corrected before"):
        book.reserve(charge("gate_hour", rho=0.001, version=2))
    assert book.stored(charge(version=2).release_id) == b"second"


def test_overlapping_periods_are_refused(ledger_url):
    book = ledger(ledger_url)
    released(book, charge(first=DAY, last=DAY + dt.timedelta(6), rho=0.001))
    with pytest.raises(PrivacyError, match="overlaps"):
        book.reserve(charge(first=DAY + dt.timedelta(6), rho=0.001))
    book.reserve(charge(first=DAY + dt.timedelta(7), rho=0.001))


def test_a_burned_reservation_stays_spent_and_cannot_be_committed(ledger_url):
    book = ledger(ledger_url)
    held = book.reserve(charge())
    book.burn(held.charge.release_id, reason="the audit refused")
    with pytest.raises(PrivacyError, match="destroy what was drawn"):
        book.commit(held, b"noise")
    assert book.stored(held.charge.release_id) is None
    assert book.spent(day=DAY) == 0.005
    with pytest.raises(PrivacyError, match="is burned"):
        book.reserve(charge())
    book.reserve(charge(version=2))


def test_a_living_run_is_waited_for_and_a_silent_one_is_burned_after_an_hour(ledger_url):
    ledger(ledger_url).reserve(charge())
    with pytest.raises(TryAgain, match="Another run draws"):
        ledger(ledger_url).reserve(charge())
    with pytest.raises(PrivacyError, match="is burned"):
        ledger(ledger_url, at=NOW + LONGEST_DRAW).reserve(charge())


def test_a_reservation_is_good_for_one_draw(ledger_url):
    held = ledger(ledger_url).reserve(charge())
    held.use()
    with pytest.raises(PrivacyError, match="drawn before"):
        held.use()


def test_a_changed_cell_set_needs_the_officer(ledger_url):
    book = ledger(ledger_url)
    released(book, charge())
    tomorrow = charge(first=DAY + dt.timedelta(1), cells="c2")
    with pytest.raises(PrivacyError, match="cell set of od_day changed"):
        book.reserve(tomorrow)
    book.reserve(tomorrow, new_cells=True)


def test_a_clock_that_went_back_is_refused_and_a_little_skew_is_not(ledger_url):
    released(ledger(ledger_url), charge())
    with pytest.raises(PrivacyError, match="set the clock"):
        ledger(ledger_url, at=NOW - dt.timedelta(days=400)).reserve(charge("gate_hour", rho=0.004))
    book = ledger(ledger_url, at=NOW - dt.timedelta(seconds=20))
    released(book, charge("gate_hour", rho=0.004))
    assert [row.at for row in book.rows()] == sorted(row.at for row in book.rows())
    assert book.spent(day=DAY) == 0.009


def test_a_ledger_that_others_lost_is_refused_by_the_heads_that_releases_name(ledger_url, tmp_path):
    head = Head(4, "f" * 64)
    with pytest.raises(PrivacyError, match="lost rows"):
        ledger(ledger_url, heads=[head]).reserve(charge())
    book = ledger(ledger_url)
    released(book, charge())
    assert book.head() is not None
    released(ledger(ledger_url, heads=[book.head()]), charge("gate_hour", rho=0.004))


def _change(url, sql):
    """Somebody with all rights: past the guards that refuse a change."""
    if url.startswith("postgresql"):
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(sql)
        return
    with sqlite3.connect(url) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(sql)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE dp_ledger SET rho_e9 = 1 WHERE seq = 1", "tampered with"),
        ("DELETE FROM dp_ledger WHERE seq = 2", "tampered with"),
        ("DELETE FROM dp_ledger WHERE seq >= 3", "lost rows"),
        ("DELETE FROM dp_ledger", "lost rows"),
        ("UPDATE dp_artefact SET content = 'other'", "not those that were committed"),
    ],
)
def test_a_tampered_ledger_is_refused(ledger_url, sql, says):
    book = ledger(ledger_url)
    first = released(book, charge())
    released(book, charge("gate_hour", rho=0.004))
    _change(ledger_url, sql)
    with pytest.raises(PrivacyError, match=says):
        ledger(ledger_url).stored(first.release_id)
    if "artefact" not in sql:
        with pytest.raises(PrivacyError, match=says):
            ledger(ledger_url).reserve(charge("third", rho=0.001))


def test_rows_cannot_be_changed_by_the_ordinary_way(ledger_url):
    released(ledger(ledger_url), charge())
    for sql in ("UPDATE dp_ledger SET rho_e9 = 1", "DELETE FROM dp_ledger", "DELETE FROM dp_artefact"):
        with pytest.raises(Exception, match="append-only"):
            if ledger_url.startswith("postgresql"):
                import psycopg

                with psycopg.connect(ledger_url) as connection:
                    connection.execute(sql)
            else:
                with sqlite3.connect(ledger_url) as connection:
                    connection.execute(sql)


def test_a_lost_or_damaged_file_is_refused(tmp_path):
    path = tmp_path / "ledger.db"
    released(ledger(str(path)), charge())
    old = path.read_bytes()
    released(ledger(str(path)), charge("gate_hour", rho=0.004))
    path.write_bytes(old)
    with pytest.raises(PrivacyError, match="lost rows"):
        ledger(str(path)).reserve(charge("third", rho=0.001))
    path.unlink()
    with pytest.raises(PrivacyError, match="lost rows"):
        ledger(str(path)).reserve(charge("third", rho=0.001))
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(PrivacyError, match="damaged"):
        ledger(str(path)).reserve(charge("third", rho=0.001))


def test_a_ledger_that_cannot_be_written_is_refused(ledger_url, tmp_path, monkeypatch):
    released(ledger(ledger_url), charge())
    if ledger_url.startswith("postgresql"):
        with pytest.raises(ConfigError, match="cannot be written"):
            ledger(ledger_url + "&options=-cdefault_transaction_read_only%3Don").reserve(charge("gate_hour", rho=0.004))
        return
    if os.geteuid():
        Path(ledger_url).chmod(0o400)
        with pytest.raises(ConfigError, match="cannot be used"):
            ledger(ledger_url).reserve(charge("gate_hour", rho=0.004))
        return
    # No file is read-only to root: a child that is nobody tries.
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    Path(ledger_url).chmod(0o444)
    Path(f"{ledger_url}.head").chmod(0o444)
    child = os.fork()
    if not child:
        code = 1
        try:
            os.setgid(65534)
            os.setuid(65534)
            ledger(ledger_url).reserve(charge("gate_hour", rho=0.004))
        except ConfigError as error:
            code = 33 if "cannot be used" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 33
    assert ledger(ledger_url).spent(day=DAY) == 0.005


def test_the_default_place_is_below_the_state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    released(ledger(None), charge())
    path = tmp_path / "kordon" / "ledger" / "vliet.db"
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_database_that_is_away_is_tried_later_and_another_kind_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    pytest.importorskip("psycopg")
    with pytest.raises(TryAgain, match="is away"):
        ledger(f"postgresql://kordon@/none?host={tmp_path}").reserve(charge())
    with pytest.raises(ConfigError, match="is not one"):
        ledger("mysql://x/y")
