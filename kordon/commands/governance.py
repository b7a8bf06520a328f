"""``kordon governance``: the paper of a city, and whether it is whole and true."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kordon.cli import cli, loaded_city, options
from kordon.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from kordon.city import City
    from privacy.governance.coverage import Gap
    from privacy.governance.figures import Measured

_FIGURES = click.option(
    "--figures",
    type=click.Path(path_type=Path),
    help="Measured figures, as the attack suite writes them; without it every figure is 'not measured'.",
)


@click.group()
def command() -> None:
    """Register, impact assessment, policies and pages of a city, generated from its city.toml.

    \b
    Example:
      kordon governance build --city cities/vliet --out paper
    """


@command.command()
@options("city", "quiet")
@_FIGURES
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the documents.")
def build(city: Path, quiet: bool, figures: Path | None, out: Path) -> None:
    """Write every document; refused (exit 3) while something is not covered.

    \b
    Example:
      kordon governance build --city cities/vliet --figures figures.json --out paper
    """
    from privacy.governance import documents

    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: give a folder.")
    loaded = loaded_city(city)
    _refuse(loaded, _gaps(loaded))
    measured = _measured(figures)
    texts = documents.build(loaded, measured)
    documents.write(texts, out)
    if not quiet:
        click.echo(
            f"{len(texts)} documents, {len(measured)} measured figures: {out / 'index.en.html'}, {out / 'index.nl.html'}"
        )


@command.command()
@options("city", "json")
@_FIGURES
@click.option("--out", type=click.Path(path_type=Path), help="Also: are the documents in this folder those of today?")
@click.option("--lake", help="Also: does this lake, a folder or s3a://bucket/prefix, hold what the paper does not know?")
def check(city: Path, as_json: bool, figures: Path | None, out: Path | None, lake: str | None) -> None:
    """Exit 3 when a table, column, step, command, DAG, zone or time limit is not covered, or documents are of an older policy.

    \b
    Example:
      kordon governance check --city cities/vliet --out paper --lake lake
    """
    from kordon import objects
    from privacy.governance import coverage, documents

    loaded = loaded_city(city)
    found = _gaps(loaded)
    if lake is not None:
        if not objects.is_remote(lake) and not Path(lake).is_dir():
            raise UsageError(f"--lake {lake} is no folder.")
        found += coverage.unknown_folders(lake)
    if out is not None:
        found += documents.outdated(documents.build(loaded, _measured(figures)), out)
    if as_json:
        click.echo(json.dumps([vars(gap) for gap in found], ensure_ascii=False, indent=2))
    _refuse(loaded, found)
    if not as_json:
        click.echo(f"{loaded.name}: every table, column, step, command and zone is covered; time limits agree.")


def _gaps(city: "City") -> "list[Gap]":
    """What runs and what it writes is known up here alone."""
    from kordon import chain
    from privacy.governance import coverage

    steps = chain.steps()
    dags = sorted((Path(chain.__file__).resolve().parent.parent / "dags").glob("[!_]*.py"))
    commands = click.Context(cli)
    work = [f"step {step.name}" for step in steps]
    work += [f"command {name}" for name in cli.list_commands(commands)]
    work += [f"dag {dag.stem}" for dag in dags]
    return coverage.gaps(city, work=work, written={table: step.name for step in steps for table in step.writes})


def _measured(file: Path | None) -> "dict[str, Measured]":
    from privacy.governance import figures

    return figures.read(file) if file is not None else {}


def _refuse(city: "City", found: "list[Gap]") -> None:
    if found:
        number = "1 thing" if len(found) == 1 else f"{len(found)} things"
        raise ConfigError("\n".join([f"{city.name}: the paper does not cover {number}:", *(f"  {gap}" for gap in found)]))
