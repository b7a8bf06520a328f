"""Attack 14: many at once, again and again, and killed. No overspend, one artefact per release."""

import datetime as dt
import os
import random
import signal
import sqlite3
import threading
import time
from collections import defaultdict

import pytest

from kordon.errors import PrivacyError, TryAgain
from privacy.ledger import Caps, Charge, open_ledger

DAY = dt.date(2026, 3, 10)
CAPS = Caps(day=0.02, correction=0.005)


def charge(dataset, *, day=DAY, version=1, rho=0.001):
    return Charge("vliet", dataset, day, day, version, rho, 1e-7, "discrete gaussian", (1.0,), (1.0,), "c")


def book(url):
    return open_ledger(url, city="vliet", caps=CAPS)


def at_once(work, *, times):
    """How many of so many threads, started together, got through."""
    gate, passed = threading.Barrier(times), []

    def run(number):
        gate.wait()
        try:
            work(number)
        except PrivacyError:
            return
        passed.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(passed)


def test_of_fifty_reservations_at_once_only_those_that_fit_get_through(ledger_url):
    assert at_once(lambda number: book(ledger_url).reserve(charge(f"d{number}")), times=50) == 15
    assert book(ledger_url).spent(day=DAY) == 0.015


def test_control_without_a_transaction_fifty_at_once_overspend(tmp_path):
    path = tmp_path / "naive.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE spent (rho_e9 INTEGER)")

    def reserve(_number):
        with sqlite3.connect(path, timeout=60) as connection:
            (spent,) = connection.execute("SELECT coalesce(sum(rho_e9), 0) FROM spent").fetchone()
            time.sleep(0.01)
            if spent + 1_000_000 > 15_000_000:
                raise PrivacyError("full")
            connection.execute("INSERT INTO spent VALUES (1000000)")

    assert at_once(reserve, times=50) > 15


def attempt(url, what, *, write_to):
    """A task as Airflow runs it: take what is stored, else pay, draw and keep. Says on the pipe what it would publish."""
    ledger = book(url)
    try:
        content = ledger.stored(what.release_id)
        if content is None:
            reservation = ledger.reserve(what)
            reservation.use()
            time.sleep(0.02)  # a draw takes its time, or no kill would find one
            content = os.urandom(16)
            ledger.commit(reservation, content)
        os.write(write_to, f"{what.release_id} {content.hex()}\n".encode())
    except (PrivacyError, TryAgain):
        pass


def run_and_maybe_kill(url, what, *, kill_after_s, write_to):
    child = os.fork()
    if not child:
        try:
            attempt(url, what, write_to=write_to)
        finally:
            os._exit(0)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_hundred_random_retries_clears_and_kills_publish_one_artefact_per_release(ledger_url, measured):
    chance = random.Random(14)
    read_from, write_to = os.pipe()
    os.set_blocking(read_from, False)
    kills = 0
    for _ in range(100):
        what = charge(
            chance.choice("abc"), day=DAY + dt.timedelta(chance.randrange(4)), version=chance.choice((1, 1, 2)), rho=0.005
        )
        kill_after_s = chance.choice((None, chance.uniform(0, 0.08)))
        kills += kill_after_s is not None
        run_and_maybe_kill(ledger_url, what, kill_after_s=kill_after_s, write_to=write_to)
    published = defaultdict(set)
    for line in os.read(read_from, 1 << 20).decode().splitlines():
        release_id, content = line.split()
        published[release_id].add(content)
    ledger = book(ledger_url)
    states = defaultdict(list)
    for row in ledger.rows():
        states[row.release_id].append(row.state)
    print(f"\n{kills} kills; {sum('burned' in s for s in states.values())} burned, {len(published)} published")
    assert len(published) >= 5
    assert all(len(contents) == 1 for contents in published.values())
    assert all({ledger.stored(name).hex()} == contents for name, contents in published.items())
    assert all(s in (["reserved"], ["reserved", "committed"], ["reserved", "burned"]) for s in states.values())
    over = [n for n in range(4) if ledger.spent(day=DAY + dt.timedelta(n)) > 0.02]
    measured("budget_overspent", len(over), control="a check before the payment lets two in")
    assert over == []


def test_a_run_killed_between_reserve_and_commit_is_burned_by_the_next(ledger_url):
    what = charge("od_day", rho=0.005)
    child = os.fork()
    if not child:
        book(ledger_url).reserve(what)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    with pytest.raises(PrivacyError, match="is burned"):
        book(ledger_url).reserve(what)
    assert [row.state for row in book(ledger_url).rows()] == ["reserved", "burned"]
    assert book(ledger_url).stored(what.release_id) is None
    assert book(ledger_url).spent(day=DAY) == 0.005
