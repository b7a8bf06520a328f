"""A week of Vliet at 5,000 vehicles a day, from the suppliers' files to a release, attacked; ``tests/soak/month.py`` is the month."""

from datetime import UTC, datetime

from kordon.city import load
from kordon.commands.audit import gate
from privacy.governance import policy
from publication.approval import approve
from publication.release import build
from tests.benchmark.disclosure import figures
from tests.e2e import vliet

VEHICLES, DAYS = 5000, 7


def test_no_attack_on_the_week_gets_through(spark, tmp_path):
    city, days = load(vliet.CITY), vliet.days(DAYS)
    vliet.simulate(tmp_path, count=DAYS, vehicles=VEHICLES)
    lake = vliet.run(spark, lake=tmp_path / "lake", landing=tmp_path / "landing", keys=tmp_path / "keys", wanted=days)
    policy.approve(city, by="An Peeters", folder=tmp_path / "policy")
    staged = build(
        lake=lake,
        city=city,
        days=days,
        out=tmp_path,
        created_at=datetime(2026, 3, 20, 9, tzinfo=UTC),
        approvals=tmp_path / "policy",
        audit=gate,
    )
    said = {"by": "An Peeters", "role": "privacy officer", "approvals": tmp_path / "policy"}
    made = approve(staged.path, lake=tmp_path / "lake", city=city, **said)
    found = figures(made.path)
    print(found)
    assert found["hidden"] > 50_000
    assert {name: found[name] for name in ("passed", "exact", "narrow", "unsolved")} == {
        "passed": True,
        "exact": 0,
        "narrow": 0,
        "unsolved": 0,
    }
