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


def _commands(group=cli, before=()):
    """Every command and every command of a group, as words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        words = (*before, name)
        yield words
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from _commands(found, words)


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_each_command_has_help_with_an_example(words):
    result = CliRunner().invoke(cli, [*words, "--help"])
    assert result.exit_code == 0
    assert f"kordon {' '.join(words)}" in result.output
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
        (
            ["approve", "x/staging/r", "--by", "An", "--role", "officer", "--city", "cities/vliet", "--lake", "x"],
            2,
            "no release that waits",
        ),
        (
            ["release", "--city", "cities/vliet", "--lake", "x", "--period", "2026-03-10", "--out", "o", "--dataset", "od_day"],
            2,
            "only od_month_hour stands alone",
        ),
        (["tables", "core_tripp"], 2, "no table"),
        (["levitate"], 2, "levitate"),
        (["audit-log", "verify"], 2, "which log"),
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
