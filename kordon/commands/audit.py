"""``kordon audit``: attack a release as an outsider would, and refuse what gives something away."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kordon.cli import ReleasePlace, loaded_city, opened_lake, options
from kordon.errors import PrivacyError, UsageError
from kordon.log import say
from kordon.state import uri_of

if TYPE_CHECKING:
    import pandas as pd

    from audit.report import Report


def attacked(
    folder: Path, *, also: Sequence[Path] = (), k: int | None = None, cells: "dict[str, pd.DataFrame] | None" = None
) -> "Report":
    """The findings on a release, with other releases that the attacker has too."""
    from audit.attacks import suite
    from audit.files import read
    from audit.insider import enough_vehicles
    from audit.report import Report

    releases = [read(path) for path in (folder, *also)]
    findings = suite(releases, k=k, cells=cells)
    threshold = k or releases[0].k
    if cells and threshold and releases[0].tier == "shared":
        findings.append(enough_vehicles(releases[:1], cells, k=threshold))
    name = str(releases[0].package.get("id") or folder.name)
    return Report(name, tuple(release.folder.name for release in releases[1:]), threshold, tuple(findings))


def gate(folder: Path, earlier: Sequence[Path], cells: "dict[str, pd.DataFrame] | None" = None) -> None:
    """Attack a release that is about to be published, and leave the report in it.

    Args:
        earlier: the versions of the same days that are out already.
        cells: per product its cells, for what only an insider can check.

    Raises:
        PrivacyError: an attack gets through.
    """
    from audit.report import refusal

    report = attacked(folder, also=earlier, cells=cells)
    if not report.passed:
        raise PrivacyError(refusal(report))
    report.write(folder)


@click.command()
@click.argument("release", type=ReleasePlace())
@click.option(
    "--also",
    multiple=True,
    type=ReleasePlace(),
    help="Another release that the attacker has: an earlier version, another period. Repeat it for more.",
)
@click.option("--city", type=click.Path(path_type=Path), help="With --lake: check what only an insider can.")
@click.option("--lake", help="The lake: a folder.")
@click.option("--k", type=click.IntRange(min=1), help="The threshold [default: what the release declares].")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where the report goes [default: the release].")
@options("master", "json")
def command(
    release: Path,
    also: tuple[Path, ...],
    city: Path | None,
    lake: str | None,
    k: int | None,
    out: Path | None,
    master: str | None,
    as_json: bool,
) -> None:
    """Attack a release from its files alone; exit code 5 when something gets through.

    Writes privacy_report.json and privacy.html, into the release unless --out says otherwise or it has them already.

    \b
    Example:
      kordon audit releases/vliet-shared/2026-03-10_2026-03-12/v2 --also releases/vliet-shared/2026-03-10_2026-03-12/v1
      kordon audit s3a://vliet-open/releases/vliet-open-od_day/2026-03-10/v1
    """
    from audit.report import JSON_NAME, refusal
    from kordon.report import grid, show

    if (city is None) != (lake is None):
        raise UsageError("What an insider checks needs both --city DIR and --lake URI.")
    if city:
        loaded_city(city)
    for one in (release, *also):
        _fetch(one)
    cells = _cells(release, city=city, lake=lake, master=master) if city and lake else None
    report = attacked(release, also=also, k=k, cells=cells)
    if as_json:
        click.echo(report.as_json(), nl=False)
    else:
        show(grid(f"Attacks on {report.release}, k = {report.k}", ["attack", "name", "figures", "result"], report.rows()))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        report.write(out)
    elif not (release / JSON_NAME).exists():
        report.write(release)
    say(f"The report is in {out or uri_of(release)}.")
    if not report.passed:
        raise PrivacyError(refusal(report))


def _fetch(release: Path) -> None:
    """Bring the working copy of a release in a store up to date; see that there is something to attack.

    Raises:
        UsageError: no version is published there, or it was withdrawn.
    """
    from publication import in_store, versions

    in_store.fetch(release)
    if (withdrawn := versions.withdrawal_of(release)) is not None:
        raise UsageError(f"{uri_of(release)} was withdrawn on {withdrawn['withdrawn_at']}: there is nothing to attack.")
    if not release.is_dir():
        raise UsageError(
            f"{uri_of(release)} is no published version: give its place, such as releases/vliet-shared/2026-03-10/v1."
        )


def _cells(release: Path, *, city: Path, lake: str, master: str | None) -> "dict[str, pd.DataFrame]":
    """The lake's product cells of the release's days."""
    from datetime import date, timedelta

    from audit.files import read
    from kordon.tables import TABLES

    made = read(release)
    period = made.about["period"]
    first, last = date.fromisoformat(period["first_day"]), date.fromisoformat(period["last_day"])
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    names = [name for name in made.tables if f"out_{name}_cell" in TABLES]
    with opened_lake(lake, master=master, write=False) as opened:
        return {name: opened.read_whole(f"out_{name}_cell", days).toPandas() for name in names}
