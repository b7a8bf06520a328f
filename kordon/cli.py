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
from kordon.errors import ConfigError, KordonError, UsageError
from kordon.log import say
from kordon.state import state_home

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.delivered import Landing
    from kordon.lake import Lake

LITTLE_BYTES = 10_000_000
"""Of landing files: with less, :func:`kordon.spark.compiler` is told to be quick. 11 MB (185,000 reads) take the same time either
way; 57 MB (1 M reads) took 432 s compiled thoroughly; quickly, and profiled, they were not done after 600 s."""
SHIPPED_CITY = Path(__file__).resolve().parent.parent / "cities" / "vliet"


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
    """The commands of this file, and of each module of ``kordon/commands``: ``audit_log.py`` holds ``command``, ``kordon audit-log``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        modules = [info.name.replace("_", "-") for info in pkgutil.iter_modules(commands.__path__)]
        return sorted([*super().list_commands(ctx), *modules])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.commands or cmd_name not in self.list_commands(ctx):
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
        found: click.Command = module.command
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(kordon.__version__, prog_name="kordon")
def cli() -> None:
    """Kordon: from the plate reads of a city's cameras to mobility statistics that may be published."""


@cli.command()
@options("city", "lake", "days", "keystore", "kek", "master", "json", "quiet")
@click.option("--landing", type=LandingPlace(), help="The suppliers' files, a folder a source; for ingest.")
@click.option("--from", "first", metavar="STEP", help="Start at this step.")
@click.option("--to", "last", metavar="STEP", help="End with this step.")
@click.option("--stale", is_flag=True, help="Recompute the days whose input changed, in order.")
@click.option("--override", metavar="RULE", help="Let a blocking quality rule (table.check.entity) through.")
@click.option("--reason", help="Why it is let through.")
@click.option("--by", help="Who lets it through.")
def run(
    city: Path,
    lake: str,
    days: list[date] | None,
    keystore: Path | None,
    kek: Path | None,
    master: str | None,
    as_json: bool,
    quiet: bool,
    landing: "Landing | None",
    first: str | None,
    last: str | None,
    stale: bool,
    override: str | None,
    reason: str | None,
    by: str | None,
) -> None:
    """Run the pipeline for some service days; idempotent.

    \b
    Example:
      kordon run --city cities/vliet --landing landing --lake lake --days 2026-03-10..2026-03-12
    """
    from kordon import chain, pipeline, report
    from kordon.run import Override
    from privacy.keys import Keystore
    from quality.gate import judge

    if (days is None) == (not stale):
        raise UsageError("Say which days: --days A..B, or --stale for those whose input changed.")
    if override and not (reason and by):
        raise UsageError("An override needs --reason TEXT and --by NAME: both are shown in releases.")
    loaded = loaded_city(city)
    steps = chain.between_steps(first, last)
    if steps[0].name == "ingest" and landing is None:
        raise UsageError("The step ingest needs --landing DIR; or start later with --from.")
    folder = keystore or state_home("keys", loaded.id)
    # Before Spark starts: a keystore that others can read is refused at once.
    destroyed = Keystore(folder, kek=kek).destroyed_days(loaded.id)
    with opened_lake(lake, master=master, write=True, quick=is_little(landing), landing=landing) as opened:
        summary = pipeline.execute(
            spark=opened.spark,
            lake=opened,
            city=loaded,
            keystore=folder,
            kek=kek,
            destroyed=destroyed,
            wanted=days,
            landing=landing.absolute() if landing else None,
            steps=steps,
            judge=judge,
            override=Override(override, reason or "", by or "") if override else None,
            progress=silent if quiet else say,
        )
        report.show_run(summary, opened, as_json=as_json)


@cli.command()
@options("city", "quiet")
@click.option("--days", type=Days(), required=True, help="Service days to simulate, inclusive; or one day.")
@click.option("--vehicles", type=click.IntRange(min=1), required=True, help="Vehicles on the road on a day.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for landing/ and truth/.")
def simulate(city: Path, quiet: bool, days: list[date], vehicles: int, seed: int, out: Path) -> None:
    """Make supplier files of an invented traffic, and the truth beside them.

    \b
    Example:
      kordon simulate --city cities/vliet --days 2026-03-10..2026-03-12 --vehicles 15000 --seed 1 --out vliet
    """
    import simulation

    summary = simulation.simulate(city=city, days=days, vehicles=vehicles, seed=seed, out=out, progress=None if quiet else say)
    click.echo(f"{summary.reads:,} reads of {summary.vehicles:,} vehicles in {summary.files} files: {out / 'landing'}")


@cli.command("check-city")
@options("city", "master")
@click.option("--landing", type=LandingPlace(), help="Also show what the profiles make of these files.")
def check_city(city: Path, master: str | None, landing: "Landing | None") -> None:
    """Check a city folder; with --landing, what its profiles make of the first lines (never a plate).

    \b
    Example:
      kordon check-city --city cities/vliet --landing landing
    """
    from kordon import report
    from kordon.city import check, load
    from kordon.city.report import render

    problems = check(city)
    errors = [p for p in problems if p.severity == "error"]
    loaded = None if errors else load(city)
    click.echo(render(problems, loaded))
    if errors or loaded is None:
        raise ConfigError(f"{city} has {len(errors)} errors: mend them, then check again.")
    if landing is not None:
        from jobs.suppliers.preview import preview
        from kordon import objects
        from kordon.spark import session

        spark = session(master=master, quick=True, store=objects.is_remote(landing))
        try:
            report.show_preview(preview(spark=spark, city=loaded, landing=landing.absolute()))
        finally:
            spark.stop()


@cli.command()
@options("city", "lake", "master", "json", "quiet")
@click.option("--truth", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help="A truth folder.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the report as one HTML page.")
def validate(city: Path, lake: str, master: str | None, as_json: bool, quiet: bool, truth: Path, out: Path | None) -> None:
    """Score a lake's tables against the truth, beside the naive method on the same reads.

    \b
    Example:
      kordon validate --truth vliet/truth --city cities/vliet --lake lake --out fidelity.html
    """
    import fidelity

    progress = silent if quiet else say
    loaded = loaded_city(city)
    if out is not None and not out.absolute().parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {out.absolute().parent}; make it first.")
    with opened_lake(lake, master=master, write=False) as opened:
        made = fidelity.validate(truth=truth, lake=opened, city=loaded, progress=progress)
    click.echo(made.as_json() if as_json else made.as_text())
    if out is not None:
        out.write_text(made.html(), encoding="utf-8")
        progress(f"written: {out}")


@cli.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the records as JSON.")
def tables(name: str | None, as_json: bool) -> None:
    """The data dictionary: every table, or one with its columns.

    \b
    Example:
      kordon tables core_trip
    """
    from kordon import report

    report.show_tables(name, as_json=as_json)


@cli.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/demo"), show_default=True, help="A new folder.")
@options("master")
def demo(out: Path, master: str | None) -> None:
    """The whole main job on the shipped city: three days from simulated supplier files to a release.

    \b
    Example:
      kordon demo --out out/demo
    """
    from kordon.demo import main as play

    play(out=out.absolute(), city=SHIPPED_CITY, master=master, progress=say)


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
