"""What waits for a person, and what they read of it before they answer: of plans and releases that were staged as they are."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from kordon.commands.audit import gate
from privacy.open_tier import DATASETS
from publication.evidence import evidence, waiting
from publication.open_plan import datasets_of
from tests.attack.test_suppression_city import cells, small
from tests.offices import DAY, MADE, MARCH, VLIET, Office, counted
from tests.releases import staged

OF_MARCH = {"period": (MARCH[0], MARCH[-1]), "tier": "open"}
LATER = MADE + timedelta(hours=1)
TOWN = small(seed=6)


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """An office where all that a month has of the open tier was planned at once; nobody changes it."""
    office = Office(tmp_path_factory.mktemp("month"), {})
    return office, {name: office.plan(name, MARCH) for name in datasets_of(MARCH, city=VLIET, dataset=None)}


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path, counted(VLIET, DAY, vehicles=300))


def waits(office, **asked):
    return waiting(office.below / "lake", **{**OF_MARCH, **asked})


def test_every_dataset_of_a_month_waits_and_nothing_of_another_period_or_tier(month):
    office, planned = month
    assert len(planned) == 5
    assert waits(office) == sorted(plan.path for plan in planned.values())
    assert waits(office, period=(MARCH[0], MARCH[-2])) == waits(office, tier="shared") == []
    assert waits(office, dataset="dwell_month") == [planned["dwell_month"].path]
    assert waits(office, dataset="month") == []


def test_who_approves_reads_of_each_plan_its_cells_noise_price_and_what_is_left(month):
    office, planned = month
    text = evidence(waits(office))
    for name, plan in planned.items():
        said = plan.plan["plan"]
        assert f"**{plan.path.name}**: 2026-03-01 to 2026-03-31, tier open, version 1" in text
        for level in said["levels"]:
            assert f"| {level['table']} | {level['cells']:,} | {level['sigma']:,.3g} | {level['margin95']:,.3g} |" in text
        assert (
            f"rho {said['rho']:.4g} of each vehicle-day: epsilon {said['epsilon']:.2f}, and {said['epsilon_habit']:.2f}" in text
        )
        assert [level["table"] for level in said["levels"]] == [level.table for level in DATASETS[name].levels]


def test_the_price_of_a_plan_is_a_part_of_the_year_and_of_each_day(month):
    _, planned = month
    # Strict: rho 0.02 of a vehicle-day; visits of gate pairs may ask a tenth of it, 31 days of 365.
    text = evidence([planned["gate_pair_month"].path])
    assert "rho 0.002 of each vehicle-day" in text
    assert "It asks 0.85 % of the budget of 2026, and 10.00 % of that of each of its service days." in text
    assert "leaves 99.15 % of the year, and 90.00 % of the day of which most is spent, 25 % being kept for a correction" in text
    assert "Nothing is drawn yet" in text
    assert "Together" not in text


def test_what_the_plans_of_a_month_ask_together_stands_below_with_what_one_answer_means(month):
    office, _ = month
    together = evidence(waits(office)).split("**Together**")[1]
    # od_month .025, gate_month_hour .04, od_month_hour .15, gate_pair_month .1, dwell_month .05
    assert "They ask 3.10 % of the budget of 2026, and 36.50 % of that of each of their service days." in together
    assert "leaves 96.90 % of the year, and 63.50 % of the day of which most is spent" in together
    assert "One answer is for all 5: each is published, or none." in together


def test_what_was_spent_before_is_counted_and_what_is_published_waits_for_nobody(office):
    office.approve(office.plan("dwell_month", MARCH))
    pairs = office.plan("gate_pair_month", MARCH)
    assert waits(office) == [pairs.path]
    assert "and 85.00 % of the day of which most is spent" in evidence([pairs.path])


def test_of_a_dataset_that_was_planned_twice_the_newer_one_waits_and_once_one_is_published_none(office):
    first, newer = (office.plan("dwell_month", MARCH, created_at=at) for at in (MADE, LATER))
    assert first.path != newer.path
    assert waits(office) == [newer.path]
    office.approve(first)
    assert waits(office) == []
    assert "published since it was staged" in evidence([first.path])


def test_a_correction_waits_says_why_and_draws_on_the_reserve(office):
    office.approve(office.plan("dwell_month", MARCH))
    again = office.plan("dwell_month", MARCH, correction="a gate stood on the wrong street", created_at=LATER)
    assert waits(office) == [again.path]
    text = evidence([again.path])
    assert "tier open, version 2, a correction: a gate stood on the wrong street" in text
    assert "It asks 0.42 % of the budget of 2026, and 5.00 % of that" in text
    assert "and 90.00 % of the day" in text


def test_a_plan_whose_cells_are_not_those_of_the_last_release_says_that_this_answer_is_not_enough(tmp_path):
    february = [date(2026, 2, 1) + timedelta(days=n) for n in range(28)]
    office = Office(tmp_path, counted(VLIET, february[0], vehicles=300))
    office.approve(office.plan("gate_pair_month", february))
    as_before = office.plan("gate_pair_month", MARCH)
    gone = VLIET.gates[-1].gate_id
    office.city = replace(VLIET, gates=tuple(gate for gate in VLIET.gates if gate.gate_id != gone))
    changed = office.plan("gate_pair_month", MARCH, created_at=LATER)
    says = "Its cells are not those of vliet.gate_pair_month.2026-02-01.2026-02-28.v1"
    assert [says in evidence([plan.path]) for plan in (as_before, changed)] == [False, True]


def test_of_a_shared_release_they_read_what_is_hidden_what_got_through_and_who_let_a_rule_through(tmp_path):
    let = "2026-03-10: core_trip.range.duration_s, let through by An Peeters: barrier test"
    day = cells(TOWN, days=[DAY], vehicles=200, seed=6)
    made = staged(
        TOWN,
        tmp_path,
        cells=day,
        days=[DAY],
        said=[],
        created_at=datetime(2026, 3, 14, tzinfo=UTC),
        audit=gate,
        overrides=[let],
    )
    assert waiting(tmp_path / "lake", period=(DAY, DAY), tier="shared") == waiting(tmp_path / "lake") == [made.path]
    text = evidence([made.path])
    assert f"**{made.path.name}**: 2026-03-10 to 2026-03-10, tier shared, version 1\n" in text
    about = json.loads((made.path / "release" / "datapackage.json").read_text())["kordon"]
    od_day = about["suppression"]["od_day"]
    assert f"| od_day | {od_day['rows']:,} | " in text
    assert "| 8 Nothing but what the contract lists | got nothing |" in text
    assert f"Quality rules that were let through: {let}." in text
    report = made.path / "release" / "privacy_report.json"
    found = json.loads(report.read_text())
    report.write_text(json.dumps({**found, "attacks": [{**attack, "passed": False} for attack in found["attacks"]]}))
    assert "| 8 Nothing but what the contract lists | GOT THROUGH |" in evidence([made.path])
    report.unlink()
    assert "No attack has run on it." in evidence([made.path])
