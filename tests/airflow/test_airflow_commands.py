"""The runbook's commands of Airflow, as Airflow's own command line understands them."""

import re
import shlex

import pytest

pytest.importorskip("airflow", reason="Airflow is not here: `make test-airflow` sets it up and runs these tests")

from airflow.cli.cli_parser import get_parser

from tests.airflow.conftest import ROOT

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
LINES = sorted(set(re.findall(r"^airflow .*$", RUNBOOK, flags=re.MULTILINE)))


def test_the_runbook_has_commands_of_airflow():
    assert len(LINES) >= 8


@pytest.mark.parametrize("line", LINES)
def test_each_is_one_and_about_a_dag_that_there_is(line, bag):
    words = shlex.split(line)[1:]
    get_parser().parse_args(words)
    named = re.findall(r"\bkordon_(?:daily|late|release|retention)\w*", line)
    assert set(named) <= set(bag().dags)


def test_a_command_that_is_none_would_be_found():
    with pytest.raises(SystemExit):
        get_parser().parse_args(["dags", "unpausee", "kordon_daily_vliet"])
