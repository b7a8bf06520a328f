"""The runbook's commands: each is one that exists, with options that exist; those that need neither Spark nor a server are run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from kordon.cli import cli
from kordon.errors import KordonError

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", RUNBOOK, flags=re.DOTALL | re.MULTILINE)
LINES = [line for block in BLOCKS for line in block.strip().splitlines()]
KORDON = sorted({line for line in LINES if line.startswith("kordon ")})
OTHERS = [line for line in LINES if not line.startswith(("kordon ", "airflow "))]
NEEDS_SPARK = ("run", "status", "release", "retention")
TRANSLATED = {"/run/secrets/kordon-kek-2": "{folder}/kek-2"}


def parsed(words):
    """Parse a command line down to its last group, without running it."""
    command, context, rest = cli, click.Context(cli, info_name="kordon"), words
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, list(rest), parent=context)
        rest = [*context._protected_args, *context.args] if isinstance(command, click.Group) else []
    return context


def test_the_runbook_has_commands_to_check():
    assert len(KORDON) >= 15
    assert {"make setup", "make airflow"} <= set(OTHERS)


@pytest.mark.parametrize("line", KORDON)
def test_each_command_of_kordon_is_one_and_its_options_are(line, tmp_path, monkeypatch):
    (tmp_path / "landing").mkdir()
    monkeypatch.chdir(tmp_path)
    parsed(shlex.split(line)[1:])


@pytest.mark.parametrize(
    "line", ["kordon run --city x --lak y", "kordon keys rotat --city x", "kordon status --lake x --days monday"]
)
def test_a_command_that_is_none_would_be_found(line):
    with pytest.raises((click.ClickException, KordonError)):
        parsed(shlex.split(line)[1:])


@pytest.mark.parametrize("line", [line for line in KORDON if line.split()[1] not in NEEDS_SPARK and "--landing" not in line])
def test_what_needs_neither_spark_nor_a_server_runs(line, tmp_path):
    shutil.copytree(ROOT / "cities" / "vliet", tmp_path / "cities" / "vliet")
    for name, there in TRANSLATED.items():
        line = line.replace(name, there.format(folder=tmp_path))
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [str(Path(sys.executable).parent / "kordon"), *shlex.split(line)[1:]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    too_small = line.startswith("kordon doctor") and "GB" in done.stderr
    assert done.returncode == 0 or too_small, done.stderr


def test_make_and_git_are_asked_for_what_they_have():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for line in OTHERS:
        program, *words = shlex.split(line)
        assert program in ("make", "git", "du")
        if program == "make":
            assert words[0] in targets


def test_every_exit_code_of_an_error_is_explained():
    explained = set(re.findall(r"^\| (\d+)", RUNBOOK, flags=re.MULTILINE))
    assert {str(kind.exit_code) for kind in KordonError.__subclasses__()} | {"0", "1"} <= explained


def test_what_kordon_reads_from_the_environment_of_airflow_is_explained():
    sources = [path for folder in ("dags", "kordon") for path in (ROOT / folder).rglob("*.py")]
    asked = {name for path in sources for name in re.findall(r"environ(?:\.get\(|\[)\"(KORDON_[A-Z_]+)", path.read_text())}
    assert "KORDON_FIRST_DAY" in asked
    assert [name for name in sorted(asked) if name not in RUNBOOK] == []


def test_links_within_the_page_lead_somewhere():
    headings = {
        re.sub(r"[^a-z0-9 ]", "", line.lower()).strip().replace(" ", "-") for line in re.findall(r"^#+ (.*)$", RUNBOOK, re.M)
    }
    anchors = headings | set(re.findall(r'<a id="([^"]+)"', RUNBOOK))
    assert [link for link in re.findall(r"\]\(#([^)]+)\)", RUNBOOK) if link not in anchors] == []
