"""The command line. The top layer: imports what a command needs when it runs, so that ``kordon --help`` answers at once."""

import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import kordon
from kordon import commands
from kordon.errors import KordonError
from kordon.log import say

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.delivered import Landing
    from kordon.lake import Lake

LITTLE_BYTES = 10_000_000
"""Of landing files: with less, :func:`kordon.spark.compiler` is told to be quick. 11 MB (185,000 reads) take the same time either
way; 57 MB (1 M reads) took 432 s compiled thoroughly; quickly, and profiled, they were not done after 600 s."""


class LandingPlace(click.ParamType[Any]):
    """A folder or ``s3a://bucket/prefix``; with ``exists`` a folder must be there."""

    name = "DIR"

    def __init__(self, *, exists: bool = False) -> None:
        self.exists = exists

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Landing":
        from kordon.delivered import landing

        found = landing(str(value))
        if self.exists and not found.is_dir():
            self.fail(f"'{value}' is no folder.", param, ctx)
        return found


class ReleasePlace(click.ParamType[Any]):
    """The folder of a published version, or ``s3a://bucket/prefix``: then its working copy, which the command fetches."""

    name = "RELEASE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        from kordon import objects
        from kordon.state import working_copy

        if not objects.is_remote(value) and not Path(value).is_dir():
            self.fail(f"'{value}' is no folder.", param, ctx)
        return working_copy(value) if objects.is_remote(value) else Path(value)


class Days(click.ParamType[Any]):
    """``A..B`` or one day, inclusive."""

    name = "A..B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[date]:
        if isinstance(value, list):
            return value
        first, _, last = str(value).partition("..")
        try:
            start, end = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            self.fail(f"'{value}' is no day and no range of days: write 2026-03-10 or 2026-03-10..2026-03-12.", param, ctx)
        if end < start:
            self.fail(f"'{value}' ends before it begins.", param, ctx)
        return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that several commands share, each with one meaning."""
    known = {
        "city": click.option("--city", type=click.Path(path_type=Path), required=True, help="The city folder."),
        "lake": click.option("--lake", required=True, help="The lake: a folder, or s3a://bucket/prefix."),
        "days": click.option("--days", type=Days(), help="Service days, inclusive; or one day."),
        "period": click.option("--period", type=Days(), required=True, help="Service days, inclusive; or one day."),
        "keystore": click.option(
            "--keystore",
            type=click.Path(path_type=Path),
            help="The folder of keys [default: $XDG_STATE_HOME/kordon/keys/<city>].",
        ),
        "kek": click.option(
            "--kek",
            type=click.Path(path_type=Path),
            help="The file of the key-encryption key, or /dev/fd/N [default: beside the keystore, made at first use].",
        ),
        "master": click.option("--master", help="The Spark master [default: that of spark-submit, else local[*]]."),
        "json": click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        "quiet": click.option("-q", "--quiet", is_flag=True, help="No progress."),
    }

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            command = known[name](command)
        return command

    return add


def silent(line: str) -> None:
    """No progress."""


def place(lake: str) -> str:
    """A lake as the command line names it: a folder from wherever it is called, or an object store."""
    from kordon import objects

    return lake if objects.is_remote(lake) else str(Path(lake).absolute())


@contextmanager
def opened_lake(
    uri: str, *, master: str | None, write: bool, quick: bool = True, landing: "Landing | None" = None
) -> "Iterator[Lake]":
    """A Spark session on a lake, with the lake's lease when it is written.

    Args:
        quick: as :func:`kordon.spark.session` has it.
        landing: suppliers' files that the session reads; they may be in an object store though the lake is not.

    Raises:
        TryAgain: another process writes the lake, or its store does not answer.
    """
    from kordon import lease, objects, s3
    from kordon.lake import Lake
    from kordon.spark import session

    where = place(uri)
    # A store that is away is known before Spark starts.
    lease.reachable(where)
    with lease.writer(where, say=say) if write else nullcontext():
        in_store = objects.is_remote(where) or objects.is_remote(landing)
        spark = session(master=master, quick=quick, store=in_store)
        try:
            yield Lake(spark, where)
        except Exception as error:
            refused = s3.refusal(error) if in_store else None
            if refused is None:
                raise
            raise refused from None
        finally:
            spark.stop()


def is_little(landing: "Landing | None") -> bool:
    """Whether a landing folder holds so little that a run is over before Java has compiled it thoroughly."""
    if landing is None:
        return False
    return bool(sum(file.stat().st_size for file in landing.rglob("*") if file.is_file()) < LITTLE_BYTES)


def loaded_city(folder: Path) -> "City":
    """The city of a folder; its object store is the one of this process unless the environment names another.

    Raises:
        ConfigError: the folder has errors, or the city may not be processed.
    """
    from kordon import city

    loaded = city.load(folder)
    city.refuse_ungoverned(loaded)
    if loaded.store.endpoint:
        os.environ.setdefault("AWS_ENDPOINT_URL", loaded.store.endpoint)
    return loaded


class Commands(click.Group):
    """The modules of ``kordon/commands``, each loaded when its command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
        found: click.Command = module.command
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(kordon.__version__, prog_name="kordon")
def cli() -> None:
    """Kordon: from the plate reads of a city's cameras to mobility statistics that may be published."""


def step(file: str) -> None:
    """Run one job's step alone: ``python jobs/s05_passages.py --city ...`` is ``kordon run --from passages --to passages``."""
    path = Path(file).resolve()
    name = (path.parent if path.parent.name.startswith("s1") else path).stem.partition("_")[2]
    main(["run", "--from", name, "--to", name, *sys.argv[1:]])


def main(arguments: list[str] | None = None) -> None:
    """Run a command; whatever goes wrong ends in a sentence and an exit code of CONTRACT section 3."""
    try:
        code = cli.main(args=arguments, prog_name="kordon", standalone_mode=False)
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        say("Stopped. The lake is as it was when the last table was written; run the command again.", level="error")
        sys.exit(130)
    except KordonError as refused:
        say(f"kordon: {refused}", level="error")
        sys.exit(refused.exit_code)
    except Exception as bug:  # the one place where a bug becomes a sentence
        if os.environ.get("KORDON_TRACEBACK"):
            raise
        say(
            f"kordon: a bug, please report it: {type(bug).__name__} (KORDON_TRACEBACK=1 shows where). "
            "The message is not shown: it may quote data.",
            level="error",
        )
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
