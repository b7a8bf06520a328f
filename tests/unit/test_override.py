"""A blocked day that an engineer lets through by name: what is recorded, and what a release tells."""

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from kordon.errors import QualityError
from kordon.lake import Lake
from kordon.run import Fact, Override, Run
from publication.overrides import overrides_of

DAY = dt.date(2026, 3, 10)
RULE = "core_trip.range.duration_s"
FACTS = [
    Fact(DAY, "core_trip", "range", "duration_s", 3.0, "0", "blocking"),
    Fact(DAY, "core_trip", "null", "vid", 0.0, "0", "ok"),
]


def run(lake, override):
    city = SimpleNamespace(config_hash="hash")
    started = dt.datetime(2026, 3, 11, 7, tzinfo=dt.UTC)
    return Run(
        spark=lake.spark, lake=lake, city=city, days=[DAY], run_id="r1", started_at=started, keystore=None, override=override
    )


def test_an_override_keeps_who_and_why_and_a_release_tells_both(spark, tmp_path):
    lake = Lake(spark, str(tmp_path))
    this = run(lake, Override(RULE, "the gantry counted twice", "An Peeters"))
    this.settle("trips", FACTS)
    this.write_operations()
    kept = lake.read("ops_quality").filter("severity = 'overridden'").toPandas()
    assert overrides_of(kept) == [f"2026-03-10: {RULE}, let through by An Peeters: the gantry counted twice"]
    good = lake.read("ops_quality").filter("severity = 'ok'").toPandas()
    assert good[["override_by", "override_reason"]].isna().all(axis=None)


def test_an_override_of_another_rule_lets_nothing_through(spark, tmp_path):
    with pytest.raises(QualityError, match=r"core_trip\.duration_s on 2026-03-10 is 3, expected 0"):
        run(Lake(spark, str(tmp_path)), Override("core_trip.null.vid", "no", "An")).settle("trips", FACTS)


def test_facts_of_an_older_lake_tell_the_rule_alone():
    row = {"service_day": DAY, "table": "core_trip", "check": "range", "entity": "duration_s"}
    assert overrides_of(pd.DataFrame([row])) == [f"2026-03-10: {RULE}"]
    assert overrides_of(pd.DataFrame([{**row, "override_by": None, "override_reason": None}])) == [f"2026-03-10: {RULE}"]
    assert overrides_of(pd.DataFrame()) == []
