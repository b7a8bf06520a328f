"""The way of an open release: planned, approved, paid, drawn once, attacked, published."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from audit.files import read
from kordon.city.records import Outage
from kordon.commands.audit import gate
from kordon.errors import ConfigError, KordonError, PrivacyError, UsageError
from privacy.governance import policy
from privacy.ledger import ledger as ledgers
from privacy.open_tier import DATASETS, places_of, unpack
from privacy.open_tier.outages import outages_of
from publication import versions
from publication.approval import approve
from publication.evidence import evidence, waiting
from publication.open_plan import datasets_of
from publication.open_through import stage_through
from publication.withdrawal import withdraw
from tests.offices import DAY, MADE, MARCH, VLIET, Office, counted


@pytest.fixture(scope="module")
def exact():
    return counted(VLIET, DAY)


@pytest.fixture
def office(tmp_path, exact):
    return Office(tmp_path, exact)


def test_a_plan_spends_nothing_and_draws_nothing_and_tells_the_price(office):
    planned = office.plan()
    assert planned.is_new
    assert office.states == []
    (only,) = (planned.path / "release").iterdir()
    said = json.loads(only.read_text())
    assert only.name == "plan.json"
    assert said["plan"]["rho"] == pytest.approx(0.0045)
    assert [level["table"] for level in said["plan"]["levels"]] == ["od_district_day", "od_day"]
    assert "total" not in said["plan"]
    assert not (office.below / "out").exists()


def test_an_approved_plan_is_paid_drawn_attacked_and_published(office):
    made = office.approve(office.plan())
    assert made.path.relative_to(office.below / "out").parts == ("vliet-open-od_day", "2026-03-10", "v1")
    assert office.states == ["reserved", "committed"]
    assert office.events() == ["release_staged", "release_approved"]
    package = json.loads((made.path / "datapackage.json").read_text())
    privacy = package["kordon"]["privacy"]
    assert privacy["epsilon"] == pytest.approx(0.48, abs=0.2)
    assert (privacy["rho"], privacy["neighbours"]) == (pytest.approx(0.0045), "one vehicle-day more or less")
    assert {resource["path"].split(".")[0] for resource in package["resources"]} == {
        "od_day",
        "od_district_day",
        "sites",
        "gates",
        "zones",
    }
    text, typed = pd.read_csv(made.path / "od_day.csv"), pq.read_table(made.path / "od_day.parquet").to_pandas()
    assert list(text.columns) == list(typed.columns)
    assert list(text.columns)[4:] == ["trips", "margin95", "trips_unbiased", "status"]
    assert text["trips"].sum() == pd.read_csv(made.path / "od_district_day.csv")["trips"].sum() == privacy["total"]
    counted = office.exact["od_day"].groupby(["origin_zone_id", "destination_zone_id"])["bounded"].sum()
    keyed = text.set_index(["origin_zone_id", "destination_zone_id"])
    off = (keyed["trips_unbiased"] - counted.reindex(keyed.index).fillna(0)).abs()
    assert 0.9 < (off <= keyed["margin95"]).mean() <= 1
    assert (off > 0.5).any(), "there is noise"
    report = json.loads((made.path / "privacy_report.json").read_text())
    assert report["passed"]
    assert {a["number"] for a in report["attacks"] if a["applies"]} >= {8, 9, 17}
    head = json.loads((made.path / "approval.json").read_text())["ledger"]
    assert (head["seq"], head["hash"]) == (2, office.ledger.head().hash)


def test_the_page_says_in_two_languages_how_well_a_vehicle_is_protected_and_links_to_files_beside_it(office):
    made = office.approve(office.plan())
    page = (made.path / "index.html").read_text()
    assert "is at most 6" in page, "60 to 69 % sure"
    assert "één voertuig op één dag" in page
    assert "of what the city allows itself for the year" in page
    assert "<script" not in page
    for name in ("od_day.csv", "od_district_day.parquet", "approval.json", "privacy.html", "datapackage.json"):
        assert f'href="{name}"' in page
        assert (made.path / name).is_file()


def test_approving_twice_and_planning_again_give_what_is_published_and_spend_nothing(office):
    planned = office.plan()
    first = office.approve(planned)
    again = office.approve(planned)
    assert (again.path, again.version, again.is_new) == (first.path, 1, False)
    assert office.asked == []
    replanned = office.plan()
    assert (replanned.path, replanned.is_new) == (first.path, False)
    assert office.states == ["reserved", "committed"]


class Killed(BaseException):
    """What no code catches, as a kill."""


def killed(*_, **__):
    raise Killed


@pytest.mark.parametrize("again", ["the same plan", "a new plan"])
def test_a_crash_after_the_draw_was_kept_publishes_the_same_draw(office, monkeypatch, again):
    planned = office.plan()
    with monkeypatch.context() as patch:
        patch.setattr(versions, "settle", killed)
        with pytest.raises(Killed):
            office.approve(planned)
    kept = unpack(office.ledger.stored("vliet.od_day.2026-03-10.2026-03-10.v1"))
    made = office.approve(planned if again == "the same plan" else office.plan())
    published = pd.read_csv(made.path / "od_day.csv")
    assert np.array_equal(published["trips"], kept.tables["od_day"]["trips"])
    assert office.asked == [], "counts were not read again"
    assert office.states == ["reserved", "committed"]
    if again == "the same plan":
        assert office.events().count("release_approved") == 1


def test_a_crash_between_payment_and_keeping_burns_and_only_a_correction_draws_again(office, monkeypatch):
    planned = office.plan()
    with monkeypatch.context() as patch:
        # Not even the burning of a run that fails: it was killed, and the next one sees that it is gone.
        patch.setattr(ledgers.Ledger, "burn", killed)
        with pytest.raises(Killed):
            office.approve(planned, attack=killed)
    assert office.states == ["reserved"]
    monkeypatch.setattr(ledgers, "has_died", lambda owner: True)
    with pytest.raises(PrivacyError, match="burned"):
        office.approve(planned)
    assert office.states == ["reserved", "burned"]
    assert not list((office.below / "out").rglob("*.csv"))
    with pytest.raises(ConfigError, match="--correction REASON"):
        office.plan()
    corrected = office.plan(correction="the first run died")
    made = office.approve(corrected)
    assert made.path.name == "v2"
    about = json.loads((made.path / "datapackage.json").read_text())["kordon"]
    assert about["correction"] == "the first run died"
    assert office.ledger.spent(day=DAY) == pytest.approx(2 * 0.0045, abs=1e-8)


def test_what_is_withdrawn_stays_paid_and_only_a_correction_takes_its_place(office):
    planned = office.plan()
    made = office.approve(planned)
    withdraw(made.path, lake=office.below / "lake", city=VLIET, by="An", role="privacy officer", reason="A site was misplaced.")
    assert office.ledger.spent(day=DAY) == pytest.approx(0.0045, abs=1e-8)
    with pytest.raises(ConfigError, match="does not bring it back"):
        office.approve(planned)
    with pytest.raises(ConfigError, match="was withdrawn; what it cost stays spent"):
        office.plan()
    assert office.approve(office.plan(correction="a site was misplaced")).version == 2
    assert office.ledger.spent(day=DAY) == pytest.approx(2 * 0.0045, abs=1e-8)


def test_what_an_attack_gets_through_is_burned_logged_and_leaves_no_file(office):
    def found(folder, earlier, cells):
        assert (folder / "od_day.csv").exists()
        assert set(cells) == {"od_day"}
        raise PrivacyError("attack 17 gets through")

    with pytest.raises(PrivacyError) as refused:
        office.approve(office.plan(), attack=found)
    assert refused.value.exit_code == 5
    assert office.states == ["reserved", "burned"]
    assert office.events() == ["release_staged", "release_approved", "release_refused"]
    assert not list((office.below / "out").rglob("*.csv"))


def test_the_gate_refuses_cells_in_which_a_vehicle_counts_too_often(office, exact):
    unbounded = {**exact, "od_day": exact["od_day"].assign(vehicles=1)}
    with pytest.raises(PrivacyError, match="attack 9"):
        office.approve(office.plan(), cells=unbounded)
    assert office.states == ["reserved", "burned"]


@pytest.mark.parametrize("column", ["absent", "empty"])
def test_days_without_bounded_counts_are_refused_before_anything_is_paid(office, exact, column):
    table = exact["od_day"].drop(columns="bounded") if column == "absent" else exact["od_day"].assign(bounded=None)
    with pytest.raises(ConfigError, match="kordon run"):
        office.approve(office.plan(), cells={"od_day": table})
    assert office.states == []


def test_cells_of_another_city_folder_are_refused_before_anything_is_paid(office, exact):
    with pytest.raises(PrivacyError, match="not in the public cell set"):
        office.approve(office.plan(), cells={"od_day": exact["od_day"].assign(origin_zone_id="z99")})
    assert office.states == []


def outage(camera, start, hours):
    begin = datetime.combine(DAY, datetime.min.time(), VLIET.zone_info).astimezone(UTC) + timedelta(hours=start)
    return Outage(camera, begin, begin + timedelta(hours=hours), "works")


def test_an_outage_that_is_declared_after_the_plan_asks_for_a_new_plan(office):
    planned = office.plan("gate_hour")
    later = replace(VLIET, outages=tuple(outage(camera.camera_id, 0, 48) for camera in VLIET.cameras[:3]))
    with pytest.raises(ConfigError, match="plan it again"):
        office.approve(planned, city=later)
    assert office.states == []


def test_a_policy_that_changed_is_refused_before_anything_is_paid(office):
    planned = office.plan()
    with pytest.raises(ConfigError, match="preset"):
        office.approve(planned, city=replace(VLIET, dp=VLIET.dp.model_copy(update={"preset": "standard"})))
    assert office.states == []


def test_a_day_that_has_no_budget_left_is_refused_at_the_plan(office):
    office.approve(office.plan())
    office.approve(office.plan(correction="a wrong zone"))
    with pytest.raises(PrivacyError, match="corrected before"):
        office.plan(correction="again")
    with pytest.raises(ConfigError, match="never released"):
        office.plan("gate_hour", correction="there is none")


def test_a_ledger_that_is_lost_is_seen_from_what_is_published(office):
    office.approve(office.plan())
    for path in office.below.glob("ledger.db*"):
        path.unlink()
    with pytest.raises(PrivacyError, match="lost rows"):
        office.plan("gate_hour")


def test_hours_are_local_and_dense_and_what_was_down_is_missing(tmp_path, exact):
    gate_of = next(g for g in VLIET.gates if g.direction == "out")
    sites = {g.site_id for g in VLIET.gates if (g.gate_id, g.direction) == (gate_of.gate_id, "out")}
    cameras = [c.camera_id for c in VLIET.cameras if c.site_id in sites]
    office = Office(tmp_path, exact, replace(VLIET, outages=tuple(outage(c, 8, 2) for c in cameras)))
    made = office.approve(office.plan("gate_hour"))
    rows = pd.read_csv(made.path / "gate_hour.csv")
    assert len(rows) == 24 * len(places_of(VLIET).gates)
    down = rows[rows["status"] == "missing"]
    assert sorted(set(down["hour"])) == ["2026-03-10T08:00:00+01:00", "2026-03-10T09:00:00+01:00"]
    assert down["passages"].isna().all()
    assert gate_of.gate_id in set(down["gate_id"])
    days = pd.read_csv(made.path / "gate_day.csv")
    assert (days[days["gate_id"] == gate_of.gate_id]["status"] == "partial").any()
    assert read(made.path).tier == "open"


@pytest.mark.parametrize("dataset", [name for name, what in DATASETS.items() if what.unit == "month"])
def test_every_dataset_of_a_month_is_released_and_passes_its_audit(tmp_path, exact, dataset):
    office = Office(tmp_path, exact)
    made = office.approve(office.plan(dataset, MARCH))
    assert made.path.parent.name == "2026-03-01_2026-03-31"
    for level in DATASETS[dataset].levels:
        assert len(pd.read_csv(made.path / f"{level.table}.csv"))
        assert (made.path / f"{level.table}.parquet").is_file()
    assert "A habit is protected less" in (made.path / "index.html").read_text()


def test_outages_of_pairs_cordons_and_months():
    assert outages_of(VLIET, DATASETS["od_day"], first=DAY, last=DAY) is None
    zone = VLIET.sites[0].zone_id
    cameras = [c.camera_id for c in VLIET.cameras if c.site_id in {s.site_id for s in VLIET.sites if s.zone_id == zone}]
    whole = replace(VLIET, outages=tuple(outage(camera, 4, 24) for camera in cameras))
    day = outages_of(whole, DATASETS["od_day"], first=DAY, last=DAY)
    assert set(day["status"]) == {"missing"}
    assert ((day["origin_zone_id"] == zone) | (day["destination_zone_id"] == zone)).all()
    assert len(day) == 2 * len(VLIET.zones_all) - 1
    month = outages_of(whole, DATASETS["od_month"], first=MARCH[0], last=MARCH[-1])
    assert set(month["status"]) == {"partial"}
    half = replace(VLIET, outages=(outage(cameras[0], 4, 0.5),))
    assert set(outages_of(half, DATASETS["od_day"], first=DAY, last=DAY)["status"]) == {"partial"}
    # A camera that is not there yet is not down; a site that has no other is.
    later = datetime(2026, 4, 1, tzinfo=UTC)
    for all_of_site, expected in ((False, None), (True, {"partial", "missing"})):
        site = VLIET.gates[0].site_id
        first = next(c for c in VLIET.cameras if c.site_id == site)
        late = [replace(c, valid_from=later) if c is first or (all_of_site and c.site_id == site) else c for c in VLIET.cameras]
        found = outages_of(replace(VLIET, cameras=tuple(late)), DATASETS["gate_hour"], first=DAY, last=DAY)
        assert found is None if expected is None else set(found["status"]) <= expected


def with_public_q(city, q=0.9):
    return replace(city, dp=city.dp.model_copy(update={"public_q": q}))


def through(office, **changes):
    arguments = {"lake": office.below / "lake", "days": MARCH, "out": office.below / "out", "created_at": MADE, "attack": gate}
    city = office.with_ledger(office.city)
    in_force = policy.require_approved(city, office.below / "policy").hash
    return stage_through(**{**arguments, "city": city, "policy": in_force, "ledger": office.ledger, **changes})


def test_the_share_of_a_month_follows_from_what_is_drawn_and_costs_nothing(tmp_path, exact):
    month = {
        name: table.assign(bounded=table["bounded"] * 31, vehicles=table["vehicles"] * 31) for name, table in exact.items()
    }
    office = Office(tmp_path, month, with_public_q(VLIET))
    for dataset in ("gate_pair_month", "gate_month_hour"):
        with pytest.raises(ConfigError, match=f"{dataset} was not released"):
            through(office)
        office.approve(office.plan(dataset, MARCH))
    before = office.ledger.head()
    made = through(office)
    (waits,) = waiting(office.below / "lake", period=(MARCH[0], MARCH[-1]), tier="open")
    read_by_who_approves = evidence([waits])
    assert waits == made.path
    assert "Noise: worked out from vliet.gate_pair_month.2026-03-01.2026-03-31.v1 and vliet.gate_month" in read_by_who_approves
    assert "| 8 Nothing but what the contract lists | got nothing |" in read_by_who_approves
    published = approve(
        made.path,
        lake=office.below / "lake",
        city=office.with_ledger(office.city),
        by="An",
        role="officer",
        approvals=office.below / "policy",
    )
    rows = pd.read_csv(published.path / "through_month.csv").set_index("cordon_id")
    visits, gates = office.exact["gate_pair_day"], office.exact["gate_hour"]
    for cordon in VLIET.cordons:
        t = visits[(visits["cordon_id"] == cordon) & (visits["kind"] == "through")]["bounded"].sum()
        e = gates[(gates["cordon_id"] == cordon) & (gates["direction"] == "in")]["bounded"].sum()
        row = rows.loc[cordon]
        assert row["low"] < row["through_share"] < row["high"]
        # Wider than its 95 %, so that one run in a million fails.
        assert abs(row["through_share"] - t / (0.9 * e)) < 2.5 * (row["high"] - row["low"]) / 2
    assert office.ledger.head() == before
    assert through(office).is_new is False
    page = (published.path / "index.html").read_text()
    assert "for a detection probability of 0.9" in page
    assert json.loads((published.path / "privacy_report.json").read_text())["passed"]


def test_a_share_of_which_noise_leaves_too_little_is_missing(tmp_path, exact):
    office = Office(tmp_path, {n: t.assign(bounded=0) for n, t in exact.items()}, with_public_q(VLIET))
    for dataset in ("gate_pair_month", "gate_month_hour"):
        office.approve(office.plan(dataset, MARCH))
    rows = pd.read_csv(through(office).path / "release" / "through_month.csv")
    assert set(rows["status"]) == {"missing"}
    assert rows[["through_share", "low", "high"]].isna().all(axis=None)


def test_without_a_declared_detection_probability_there_is_no_share(office):
    with pytest.raises(ConfigError, match="needs public_q"):
        through(office)


@pytest.mark.parametrize(
    ("days", "dataset", "error", "says"),
    [
        ([DAY, DAY + timedelta(days=1)], None, UsageError, "by the unit"),
        ([DAY], "od_month", UsageError, "by the month"),
        (MARCH, "od_day", UsageError, "by the day"),
        ([DAY], "od_dya", UsageError, "the open tier has od_day"),
    ],
)
def test_a_period_that_is_no_unit_is_refused(days, dataset, error, says):
    with pytest.raises(error, match=says):
        datasets_of(days, city=VLIET, dataset=dataset)


def test_only_what_the_city_publishes_is_released():
    assert datasets_of([DAY], city=VLIET, dataset=None) == ["od_day", "gate_hour"]
    assert len(datasets_of(MARCH, city=VLIET, dataset=None)) == 5
    assert datasets_of(MARCH, city=VLIET, dataset="through_month") == ["through_month"]
    products = VLIET.publication.products.model_copy(update={"open": ("gate_hour",)})
    shy = replace(VLIET, publication=VLIET.publication.model_copy(update={"products": products}))
    assert datasets_of([DAY], city=shy, dataset=None) == ["gate_hour"]
    with pytest.raises(KordonError, match="does not publish od_day"):
        datasets_of([DAY], city=shy, dataset="od_day")
