"""``kordon validate``: a lake's tables scored against the truth."""

from pathlib import Path

import click

from kordon.cli import loaded_city, opened_lake, options, silent
from kordon.errors import UsageError
from kordon.log import say


@click.command()
@options("city", "lake", "master", "json", "quiet")
@click.option("--truth", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help="A truth folder.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the report as one HTML page.")
def command(city: Path, lake: str, master: str | None, as_json: bool, quiet: bool, truth: Path, out: Path | None) -> None:
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
