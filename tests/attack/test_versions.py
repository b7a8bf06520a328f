"""Versions of a period, attacked together: late vehicles are not told by the difference, however few come and however often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pandas as pd
import pytest

from audit import attacks
from audit.files import read
from kordon.commands.audit import gate
from kordon.errors import ConfigError, PrivacyError
from publication import later, staging
from publication import release as releases
from publication.cells import tables
from publication.withdrawal import withdraw
from tests.attack.test_suppression_city import DAY, cells, small
from tests.releases import published, staged, together

MADE = datetime(2026, 3, 14, 9, tzinfo=UTC)
SEED, VEHICLES = 14, 400
TOWN = small(seed=SEED)
COUNTS = {
    "gate_hour": "passages",
    "od_day": "trips",
    "gate_pair_day": "visits",
    "through_day": "entries",
    "dwell_day": "visits",
}


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """The page is drawn from the rows that the files hold; it takes longer than all else here."""
    monkeypatch.setattr(releases, "page", lambda **_: "")


@pytest.fixture(scope="module")
def day_cells():
    return cells(TOWN, days=[DAY], vehicles=VEHICLES, seed=SEED)


def late(vehicles, *, seed=77):
    return cells(TOWN, days=[DAY], vehicles=vehicles, seed=seed)


def make(given, below, *, how=published, number=0, **changes):
    return how(TOWN, below, cells=given, days=[DAY], said=[], created_at=MADE + timedelta(days=number), audit=gate, **changes)


def counts(folder):
    """All shown counts of a version in one column, NaN where nothing is shown."""
    tables = read(folder).tables
    return pd.concat([tables[product][count] for product, count in COUNTS.items()], ignore_index=True)


def test_each_version_passes_all_attacks_together_with_those_before_and_changes_only_what_moved_by_k(
    day_cells, tmp_path, measured
):
    versions = [make(day_cells, tmp_path)]
    given = day_cells
    for number, more in enumerate((30, 300), start=1):
        given = together(given, late(more, seed=number))
        versions.append(make(given, tmp_path, number=number))
    assert [made.version for made in versions] == [1, 2, 3]
    shown = [counts(made.path) for made in versions]
    for one, other in pairwise(shown):
        assert (one.isna() == other.isna()).all()
        moved = (other - one).abs()
        assert not ((moved > 0) & (moved < TOWN.sdc.k)).any()
    assert (shown[2] != shown[1])[shown[1].notna()].mean() > 0.2
    found = attacks.versions([read(made.path) for made in versions], k=TOWN.sdc.k)
    unaware = [make(more, tmp_path / str(number)) for number, more in enumerate((day_cells, given))]
    control = attacks.versions([read(made.path) for made in unaware], k=TOWN.sdc.k)
    told, told_then = (sum(int(one.reached[name]) for name in one.limits) for one in (found, control))
    measured("version_differences_found", told, control=f"{told_then} between two versions that know nothing of each other")
    assert told == 0 < told_then


def test_a_few_late_vehicles_make_no_new_version(day_cells, tmp_path):
    first = make(day_cells, tmp_path)
    again = make(together(day_cells, late(TOWN.sdc.k - 1)), tmp_path, number=1)
    assert (again.is_new, again.path) == (False, first.path)


def test_a_row_that_repeats_still_rests_on_what_it_rested_on_so_that_small_movements_add_up(day_cells, tmp_path):
    first = make(day_cells, tmp_path)
    more = together(day_cells, late(60))
    second = make(more, tmp_path, number=1)
    true = tables(more, city=TOWN, days=[DAY])
    one, other = (later.before(made.path, lake=tmp_path / "lake", true=true) for made in (first, second))
    shown = one.rows["gate_hour"]["passages"].notna()
    repeats = shown & (one.rows["gate_hour"]["passages"] == other.rows["gate_hour"]["passages"])
    now = later.exact_of(true)["gate_hour"]
    assert (now[repeats] != one.exact["gate_hour"][repeats]).any(axis=None)
    assert other.exact["gate_hour"][repeats].equals(one.exact["gate_hour"][repeats])
    assert other.exact["gate_hour"][shown & ~repeats].equals(now[shown & ~repeats])


def test_control_figures_that_moved_little_are_caught(day_cells, tmp_path, monkeypatch):
    monkeypatch.setattr(later, "moved_enough", lambda product, now, before, *, k: now.notna().all(axis=1).to_numpy())
    monkeypatch.setattr(later, "settled", lambda *_, changes, **__: changes)
    make(day_cells, tmp_path)
    with pytest.raises(PrivacyError, match=r"attack 13.*small changes"):
        make(together(day_cells, late(30)), tmp_path, how=staged, number=1)


def test_control_sums_that_tell_the_movement_of_the_rest_are_caught(day_cells, tmp_path, monkeypatch):
    monkeypatch.setattr(later, "settled", lambda *_, changes, **__: changes)
    make(day_cells, tmp_path)
    with pytest.raises(PrivacyError, match=r"attack 13.*small sums changed"):
        make(together(day_cells, late(60)), tmp_path, how=staged, number=1)


def test_what_was_hidden_stays_hidden_however_much_comes(day_cells, tmp_path):
    first = make(day_cells, tmp_path)
    busy = make(together(day_cells, late(3000)), tmp_path, number=1)
    assert (counts(first.path).isna() == counts(busy.path).isna()).all()


def test_figures_that_fell_below_the_threshold_repeat_but_are_hidden_after_a_withdrawal(day_cells, tmp_path):
    first = make(day_cells, tmp_path)
    od = day_cells["od_day"].copy()
    largest = od["trips"].idxmax()
    od.loc[largest, ["trips", "vehicles"]] = 2
    fewer = {**day_cells, "od_day": od}
    assert not make(fewer, tmp_path, number=1).is_new
    withdraw(first.path, lake=tmp_path / "lake", city=TOWN, by="An", role="officer", reason="A camera read another street.")
    after = make(fewer, tmp_path, number=1)
    assert after.version == 2
    keys = ["origin_zone_id", "destination_zone_id", "vehicle_class"]
    row = read(after.path).tables["od_day"].merge(od.loc[[largest], keys], on=keys)
    assert row["status"].tolist() == ["suppressed"]


def test_without_what_the_version_before_rests_on_there_is_no_new_one(day_cells, tmp_path):
    made = make(day_cells, tmp_path, how=staged)
    assert made.is_new
    make(day_cells, tmp_path)
    (tmp_path / "lake" / "staging" / made.path.name / staging.BASIS / "od_day.parquet").unlink()
    with pytest.raises(ConfigError, match="rests on"):
        make(together(day_cells, late(300)), tmp_path, number=1)


def test_exact_counts_behind_a_release_go_with_those_of_the_lake(day_cells, tmp_path):
    made = make(day_cells, tmp_path, how=staged)
    assert staging.forget(tmp_path / "lake", before=DAY, now=MADE) == []
    assert staging.forget(tmp_path / "lake", before=DAY + timedelta(days=1), now=MADE) == [made.path.name]
    assert not (made.path / staging.BASIS).exists()
    assert (made.path / "release").is_dir()


def test_a_period_keeps_its_rows(day_cells, tmp_path):
    make(day_cells, tmp_path)
    other = replace(TOWN, vehicle_classes=(*TOWN.vehicle_classes, "bus"))
    with pytest.raises(ConfigError, match="keeps its rows"):
        staged(other, tmp_path, cells=day_cells, days=[DAY], said=[], created_at=MADE)


def test_a_later_report_tells_no_share_and_no_reason(day_cells, tmp_path):
    first = make(day_cells, tmp_path)
    second = make(together(day_cells, late(300)), tmp_path, number=1)
    said = [read(made.path).about["suppression"]["od_day"] for made in (first, second)]
    assert said[0]["shown_count_pct"] is not None
    assert {name for name, value in said[1].items() if value is None} == {
        "hidden_primary",
        "hidden_complementary",
        "shown_count_pct",
    }
