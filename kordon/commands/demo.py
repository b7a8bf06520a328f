"""``kordon demo``: the whole main job on the shipped city."""

from pathlib import Path

import click

from kordon.cli import options
from kordon.log import say

SHIPPED_CITY = Path(__file__).resolve().parents[2] / "cities" / "vliet"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/demo"), show_default=True, help="A new folder.")
@options("master")
def command(out: Path, master: str | None) -> None:
    """The whole main job on the shipped city: three days from simulated supplier files to a release.

    \b
    Example:
      kordon demo --out out/demo
    """
    from kordon.demo import main as play

    play(out=out.absolute(), city=SHIPPED_CITY, master=master, progress=say)
