"""The quality gate: every rule of every record catches its own fault and nothing else; nothing of the data comes out."""

import datetime as dt
import json
import logging
import socket
from collections import Counter

import pandas as pd
import pytest
from pyspark.sql.types import StructField, StructType

from kordon.accounts import Account
from kordon.lake import conform, schema
from kordon.run import rule_name
from kordon.tables import TABLES
from quality.facts import facts
from quality.gate import NO_DAY, judge, unaccounted
from quality.rules import KEY, NULL, RANGE, RECONCILIATION, ROWS, SET, Rule, rules, table_rules
from quality.suite import breached, suite, validated

FIRST = dt.date(2026, 3, 1)
NOON = dt.datetime(2026, 3, 1, 12)
CANARY = "1CAN4RY"


def good_value(column, *, row: int):
    """A value that a column's rules allow; it differs by row unless it is one of a set."""
    if column.one_of:
        return column.one_of[0]
    number = max(column.at_least or 0, 0) + row
    return {
        "string": f"{column.name}{row}",
        "int": int(number),
        "bigint": int(number),
        "double": number / 10,
        "boolean": True,
        "date": NOON.date() + dt.timedelta(days=row),
        "timestamp": NOON + dt.timedelta(hours=row),
        "binary": bytes([row] * 16),
        "array<string>": [f"{column.name}{row}"],
        "map<string,bigint>": {},
    }.get(column.type)


def good_rows(table, *, day: dt.date, rows: int = 3) -> list[dict]:
    rows = 1 if table.key == ("service_day",) else rows
    made = [{column.name: good_value(column, row=row) for column in table.columns} for row in range(rows)]
    return [{**row, "service_day": day} if table.is_daily else row for row in made]


def plant(row: dict, table, rule: Rule) -> None:
    """Break one rule in a row."""
    if rule.check == NULL:
        row[rule.entity] = None
    elif rule.check == SET:
        row[rule.entity] = CANARY
    elif rule.check == RANGE:
        column = next(c for c in table.columns if c.name == rule.entity)
        row[rule.entity] = float("nan") if column.type == "double" else column.at_least - 1


def faulty_rows(table, rule: Rule, *, day: dt.date) -> list[dict]:
    rows = good_rows(table, day=day)
    if rule.check == KEY:
        return [*rows, dict(rows[-1])]
    plant(rows[-1], table, rule)
    return rows


def frame(spark, table, rows: list[dict]):
    """A frame as a job hands it over: with the record's columns, but free to hold NULL anywhere."""
    fields = [StructField(f.name, f.dataType, True) for f in schema(table).fields]
    return spark.createDataFrame([tuple(row[f.name] for f in fields) for row in rows], StructType(fields))


def faults_of(table) -> list[Rule]:
    return [rule for rule in table_rules(table) if rule.check != ROWS]


def found_bad(frame: pd.DataFrame, day: dt.date) -> dict[str, float]:
    numbers = frame.loc[day]
    return {name: n for name, n in numbers.items() if n and name.split(".")[1] != ROWS and n == n}


def test_each_rule_of_each_record_catches_its_own_fault_and_nothing_else(spark):
    """A day per fault, so that one Spark job shows all of them; tables without days get all faults of a table at once."""
    daily = [table for table in TABLES.values() if table.is_daily]
    frames, planted = {}, {}
    for table in daily:
        rows = good_rows(table, day=FIRST)
        for number, rule in enumerate(faults_of(table), start=1):
            day = FIRST + dt.timedelta(days=number)
            rows += faulty_rows(table, rule, day=day)
            planted[table.name, NO_DAY if rule.check == NULL and rule.entity == "service_day" else day] = rule
        frames[table.name] = frame(spark, table, rows)
    found = facts(frames, undated=NO_DAY)

    lines, caught = [], Counter()
    for table in daily:
        own = found[[rule.name for rule in table_rules(table)]]
        assert found_bad(own, FIRST) == {}
        for (name, day), rule in planted.items():
            if name == table.name:
                assert found_bad(own, day) == {rule.name: 1}, f"{rule.name} planted"
                caught[name, rule.check] += 1
        lines.append(f"{table.name:<24}" + "".join(f"{caught[table.name, check]:>7}" for check in (NULL, RANGE, SET, KEY)))
    print("\nFaults planted, each caught by its own rule alone:\n" + f"{'table':<24}   null  range    set    key")
    print("\n".join(lines) + f"\n{'all':<24}{sum(caught.values()):>28}")
    assert sum(caught.values()) == sum(len(faults_of(table)) for table in daily)


@pytest.mark.parametrize("name", ["ops_load", "ops_quarantine"])
def test_a_table_without_days_is_judged_on_the_day_that_is_given(spark, name):
    table = TABLES[name]
    rows = good_rows(table, day=FIRST, rows=40)
    for row, rule in zip(rows, faults_of(table), strict=False):
        plant(row, table, rule)
    rows.append(dict(rows[-1]))
    other = FIRST + dt.timedelta(days=1)
    found = facts({name: frame(spark, table, rows)}, undated=FIRST, days=[other])
    assert found.loc[FIRST].to_dict() == {r.name: 41 if r.check == ROWS else 1 for r in table_rules(table)}
    assert found.loc[other].isna().all()


def test_the_gate_blocks_what_a_record_forbids_and_passes_what_it_allows(spark):
    tables = {name: TABLES[name] for name in ("core_read", "core_passage")}
    accounts = [Account(FIRST, "in", 6), Account(FIRST, "merged", 3), Account(FIRST, "out", 3)]
    good = {name: frame(spark, table, good_rows(table, day=FIRST)) for name, table in tables.items()}
    found = judge("passages", good, accounts)
    assert {fact.severity for fact in found} == {"ok"}
    assert {rule_name(fact) for fact in found} == {rule.name for rule in rules(tables.values(), step="passages")}

    bad_day = FIRST + dt.timedelta(days=1)
    bad = Rule("core_passage", RANGE, "reads")
    rows = good_rows(tables["core_passage"], day=FIRST) + faulty_rows(tables["core_passage"], bad, day=bad_day)
    worse = {**good, "core_passage": frame(spark, tables["core_passage"], rows)}
    found = judge("passages", worse, [*accounts, Account(bad_day, "in", 5), Account(bad_day, "out", 3)])
    assert {(f.service_day, rule_name(f), f.value, f.expected, f.severity) for f in found if f.severity != "ok"} == {
        (bad_day, "core_passage.range.reads", 1.0, "0", "blocking"),
        (bad_day, "ops_reconciliation.reconciliation.passages", 2.0, "0", "blocking"),
        # The passages of that day came from no read at all.
        (bad_day, "core_read.rows.table", 0.0, ">= 1", "warning"),
    }


def test_bounds_are_allowed_and_beyond_them_nan_and_infinity_are_not(spark):
    table = TABLES["core_read"]
    values = {"confidence": [0.0, 1.0, None, -0.01, 1.01, float("nan"), float("inf")], "speed_kmh": [0.0, 90.0, None, -1.0]}
    rows = good_rows(table, day=FIRST, rows=7)
    for column, of_rows in values.items():
        for row, value in zip(rows, of_rows, strict=False):
            row[column] = value
    found = facts({"core_read": frame(spark, table, rows)}, undated=NO_DAY).loc[FIRST]
    assert found["core_read.range.confidence"] == 4
    assert found["core_read.range.speed_kmh"] == 1


def test_a_null_that_conform_lets_through_is_counted(spark):
    """A column that is NOT NULL in the lake may hold NULL until it is written; Spark must not optimise the question away."""
    table = TABLES["core_trip"]
    rows = good_rows(table, day=FIRST)
    rows[0]["passages"] = None
    conformed = conform(frame(spark, table, rows), table).persist()
    assert facts({"core_trip": conformed}, undated=NO_DAY).loc[FIRST, "core_trip.null.passages"] == 1
    conformed.unpersist()


def test_tables_of_a_step_are_counted_in_one_job(spark):
    names = ("core_visit", "core_open_visit", "flow_gate_hour")
    frames = {name: frame(spark, TABLES[name], good_rows(TABLES[name], day=FIRST)) for name in names}
    spark.sparkContext.setJobGroup("facts", "facts")
    facts(frames, undated=NO_DAY)
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)
    assert len(spark.sparkContext.statusTracker().getJobIdsForGroup("facts")) == 1


def test_a_hash_collision_does_not_block(spark):
    """``xxhash64`` skips NULLs, so that these two keys have one hash; the exact look that follows tells them apart."""
    table = TABLES["ops_reconciliation"]
    rows = good_rows(table, day=FIRST, rows=2)
    rows[0].update(step=None, reason="in")
    rows[1].update(step="in", reason=None)
    found = facts({table.name: frame(spark, table, rows)}, undated=NO_DAY)
    assert found.loc[FIRST, "ops_reconciliation.key.service_day+step+reason"] == 0
    assert found.loc[FIRST, "ops_reconciliation.null.step"] == 1


def test_an_empty_step_and_a_day_without_rows_have_nothing_to_judge(spark):
    empty = frame(spark, TABLES["core_trip"], [])
    assert judge("trips", {"core_trip": empty}, []) == []
    assert judge("trips", {}, [Account(FIRST, "in", 0), Account(FIRST, "out", 0)]) == []
    found = judge("trips", {"core_trip": empty}, [Account(FIRST, "in", 2), Account(FIRST, "cut", 2)])
    assert [(rule_name(f), f.severity) for f in found if f.severity != "ok"] == [("core_trip.rows.table", "warning")]


def test_rows_are_accounted_for_by_day():
    other = FIRST + dt.timedelta(days=1)
    accounts = [Account(FIRST, "in", 5), Account(FIRST, "out", 3), Account(FIRST, "unread", 2), Account(other, "out", 1)]
    assert unaccounted(accounts) == {FIRST: 0, other: -1}


def test_the_suite_names_rule_and_severity_and_knows_every_rule():
    of = rules(TABLES.values(), step="flows")
    made = suite(of, name="flows")
    assert {e.meta["rule"]: e.meta["severity"] for e in made.expectations} == {r.name: r.severity for r in of}
    assert {rule.check for rule in of} == {ROWS, NULL, RANGE, SET, KEY, RECONCILIATION}


def test_validation_uses_no_network_writes_no_file_and_shows_no_progress(tmp_path, monkeypatch, capfd):
    def refuse(*args):
        raise AssertionError("Great Expectations opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    rule = Rule("core_trip", NULL, "vid")
    assert breached(pd.DataFrame({rule.name: [0.0, 1.0]}), [rule], name="trips") == {rule.name}
    assert breached(pd.DataFrame({rule.name: [0.0, float("nan")]}), [rule], name="trips") == set()
    assert breached(pd.DataFrame({"other": [0.0]}), [rule], name="trips") == {rule.name}, "a fact that is missing fails"
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_plate_in_a_violating_column_comes_out_nowhere(spark, caplog, capfd):
    table = TABLES["raw_read"]
    rows = good_rows(table, day=FIRST)
    rows[1].update(vehicle_class=CANARY, plate=CANARY, file=CANARY)
    rows.append(dict(rows[1]))
    raw = frame(spark, table, rows)
    capfd.readouterr()
    with caplog.at_level(logging.DEBUG):
        found = judge("ingest", {"raw_read": raw}, [Account(FIRST, "in", 4), Account(FIRST, "out", 4)])
        counted = facts({"raw_read": raw}, undated=FIRST)
        result = validated(counted, suite(table_rules(table), name="ingest"))
    assert {rule_name(f) for f in found if f.severity == "blocking"} == {
        "raw_read.set.vehicle_class",
        "raw_read.key.service_day+file+line",
    }
    for where, text in {
        "facts": str(found) + counted.to_json(),
        "result": json.dumps(result.to_json_dict(), default=str),
        "log": caplog.text,
        "output": "".join(capfd.readouterr()),
    }.items():
        assert CANARY not in text, f"the canary is in the {where}"


def test_the_leak_test_can_see_a_leak():
    """Positive control: the same library with its default format gives the value away."""
    import great_expectations as gx

    batch = gx.get_context(mode="ephemeral").data_sources.pandas_default.read_dataframe(pd.DataFrame({"c": [CANARY]}))
    result = batch.validate(gx.expectations.ExpectColumnValuesToBeInSet(column="c", value_set=["car"]))
    assert CANARY in json.dumps(result.to_json_dict(), default=str)
