"""What a run tells a lineage collector and a log collector, and what it does when there is none."""

import json

import pytest

from kordon import chain, lineage, log
from kordon.lake import Lake


@pytest.fixture
def events(tmp_path, monkeypatch):
    file = tmp_path / "events.jsonl"
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(file))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    return lambda: [json.loads(line) for line in file.read_text().splitlines()]


def told(uri, progress=print):
    legs = next(step for step in chain.steps() if step.name == "legs")
    return lineage.of_step(legs, lake=Lake(None, uri), city="vliet", run_id="r1", progress=progress)


def test_a_step_that_fails_says_so_and_not_what_its_error_quotes(events):
    with pytest.raises(ValueError, match="1ABC234"), told("s3a://vliet-{zone}/lake"):
        raise ValueError("cannot parse 1ABC234")
    start, fail = events()
    assert (start["eventType"], fail["eventType"]) == ("START", "FAIL")
    assert start["run"]["runId"] == fail["run"]["runId"]
    assert fail["run"]["facets"]["errorMessage"]["message"] == "ValueError"
    assert "1ABC234" not in json.dumps(fail)
    table = start["inputs"][0]
    assert (table["namespace"], table["name"]) == ("s3://vliet-closed-vehicles", "lake/core_passage")


def test_a_collector_that_is_away_does_not_stop_the_run(monkeypatch):
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", "/nowhere/at/all")
    lines = []
    with told("/lake", progress=lines.append):
        pass
    assert ["was not sent" in line for line in lines] == [True, True]


def test_without_a_collector_nothing_is_sent(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with told("/lake"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_line_of_the_log_says_of_which_run_and_step_it_is(monkeypatch, capsys):
    with log.about(run_id="r1", days="2026-03-10..2026-03-11"):
        log.say("  legs 1.0 s")
        monkeypatch.setenv("KORDON_LOG", "json")
        with log.about(step="legs"):
            log.say("  legs 1.0 s")
        log.say("done", level="error")
    text, inner, outer = capsys.readouterr().err.splitlines()
    assert text == "  legs 1.0 s"
    inner, outer = json.loads(inner), json.loads(outer)
    assert {k: v for k, v in inner.items() if k != "ts"} == {
        "level": "info",
        "run_id": "r1",
        "days": "2026-03-10..2026-03-11",
        "step": "legs",
        "message": "legs 1.0 s",
    }
    assert (outer["level"], "step" in outer) == ("error", False)
