"""The command line as a user meets it."""

import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kordon.cli import cli

KORDON = Path(sys.executable).parent / "kordon"


def _kordon(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(KORDON), *arguments], capture_output=True, text=True, check=False)


def test_help_answers_at_once_without_loading_spark():
    began = time.monotonic()
    assert _kordon("--help").returncode == 0
    loaded = subprocess.run(
        [sys.executable, "-c", "import kordon.cli, sys; print('pyspark' in sys.modules, 'pandas' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.split() == ["False", "False"]
    print(f"kordon --help twice: {time.monotonic() - began:.2f} s")


@pytest.mark.parametrize("command", cli.list_commands(click.Context(cli)))
def test_each_command_has_help_with_an_example(command):
    result = CliRunner().invoke(cli, [command, "--help"])
    assert result.exit_code == 0
    assert f"kordon {command}" in result.output
    assert "Example:" in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["run", "--city", "nowhere", "--lake", "x", "--days", "2026-03-10", "--landing", "y"], 3, "nowhere"),
        (["run", "--city", "nowhere", "--lake", "x", "--days", "yesterday", "--landing", "y"], 2, "is no day"),
        (["run", "--city", "nowhere", "--lake", "x", "--days", "2026-03-10..2026-03-09", "--landing", "y"], 2, "ends before"),
        (["run", "--city", "nowhere", "--lake", "x"], 2, "--stale"),
        (["run", "--city", "cities/vliet", "--lake", "x", "--days", "2026-03-10", "--from", "teleport"], 2, "ingest"),
        (
            ["run", "--city", "cities/vliet", "--lake", "x", "--days", "2026-03-10", "--from", "trips", "--to", "legs"],
            2,
            "after",
        ),
        (["run", "--city", "cities/vliet", "--lake", "x", "--days", "2026-03-10"], 2, "--landing"),
        (["release", "--city", "cities/vliet", "--lake", "x", "--period", "2026-03-10", "--out", "o"], 3, "--approve-as"),
        (["tables", "core_tripp"], 2, "no table"),
        (["levitate"], 2, "levitate"),
    ],
)
def test_wrong_usage_is_a_sentence_and_an_exit_code(arguments, code, says):
    result = _kordon(*arguments)
    assert result.returncode == code
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_the_dictionary_shows_every_column_of_a_table():
    result = _kordon("tables", "core_trip", "--json")
    assert '"first_site_id"' in result.stdout
