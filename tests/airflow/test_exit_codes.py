"""What Airflow does with what a command ends with."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

pytest.importorskip("airflow", reason="Airflow is not here: `make test-airflow` sets it up and runs these tests")

from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.sdk import RetryAction

from dags.parts.alarm import alarm
from dags.parts.submit import ExitCodes, exit_code, said

QUALITY = """
26/03/11 07:00:01 INFO Something of Spark
kordon: Quality stops the run; nothing of the step was committed.
core_trip.unique.trip_id: core_trip.trip_id on 2026-03-10 is 3, expected 0
26/03/11 07:00:02 INFO ShutdownHookManager: Shutdown hook called
"""


@pytest.fixture
def ended(tmp_path, monkeypatch):
    """The exception of the provider's own hook when spark-submit printed this and ended with that."""

    def submit(code, output=""):
        program = tmp_path / "spark-submit"
        program.write_text(f"#!/bin/sh\ncat <<'EOF'\n{output.strip()}\nEOF\nexit {code}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", '{"conn_type": "spark", "host": "local[1]"}')
        with pytest.raises(Exception, match="Error code is") as caught:
            SparkSubmitHook(conn_id="spark_default").submit("app.py")
        return caught.value

    return submit


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (75, RetryAction.RETRY),
        (2, RetryAction.FAIL),
        (3, RetryAction.FAIL),
        (4, RetryAction.FAIL),
        (5, RetryAction.FAIL),
        (6, RetryAction.FAIL),
        (1, RetryAction.DEFAULT),
        (137, RetryAction.DEFAULT),
    ],
)
def test_only_what_may_end_otherwise_is_tried_again(ended, code, action):
    fault = ended(code, "kordon: said")
    assert exit_code(fault) == code
    assert ExitCodes().evaluate(fault, 1, 4).action == action


def test_a_refusal_says_which_rule_day_and_number_and_nothing_of_spark(ended):
    decision = ExitCodes().evaluate(ended(4, QUALITY), 1, 4)
    assert decision.reason == (
        "exit code 4, a quality rule stopped it: Quality stops the run; nothing of the step was committed.\n"
        "core_trip.unique.trip_id: core_trip.trip_id on 2026-03-10 is 3, expected 0"
    )


def test_an_end_without_a_word_points_to_the_log(ended):
    assert said(ended(137)) == "spark-submit ended with 137; its log above says why"
    assert said(ValueError("no connection\nmore")) == "no connection"
    assert exit_code(ValueError("no connection")) is None
    assert ExitCodes().evaluate(ValueError("no connection"), 1, 4).action == RetryAction.DEFAULT


@pytest.fixture
def receiver():
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", taken
    server.shutdown()
    server.server_close()


def _context(fault):
    return {"ti": SimpleNamespace(dag_id="kordon_daily_vliet", task_id="quality"), "run_id": "r1", "exception": fault}


def test_an_alarm_goes_to_the_log_and_to_the_address_that_takes_them(ended, receiver, monkeypatch, caplog):
    url, taken = receiver
    monkeypatch.setenv("KORDON_ALARM_URL", url)
    alarm(_context(ended(4, QUALITY)))
    assert [(a["dag"], a["task"], a["exit_code"]) for a in taken] == [("kordon_daily_vliet", "quality", 4)]
    assert "core_trip.unique.trip_id" in taken[0]["said"]
    assert json.loads(caplog.records[-1].message) == taken[0]


def test_an_alarm_that_nobody_takes_hides_nothing(monkeypatch, caplog):
    monkeypatch.setenv("KORDON_ALARM_URL", "http://127.0.0.1:9/")
    alarm(_context(ValueError("no connection")))
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "no connection" in caplog.records[0].message
    monkeypatch.setenv("KORDON_ALARM_URL", "no address")
    alarm({"ti": SimpleNamespace(dag_id="d", task_id="t"), "run_id": "r"})
    assert "no reason is known" in caplog.text
