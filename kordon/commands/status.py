"""``kordon status``: what is computed, waiting, stale, failed and revised, and who is silent."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import click

from kordon.cli import Days, loaded_city, opened_lake, options
from kordon.errors import InputError, UsageError


@click.command()
@options("lake", "master", "json")
@click.option("--city", type=click.Path(path_type=Path), help="The city folder: also say which suppliers are silent.")
@click.option("--days", type=Days(), help="Service days, inclusive; or one day [default: all that the lake knows].")
@click.option("--costs", is_flag=True, help="What each day cost by step; with --city also when its last file was loaded.")
@click.option("--check", is_flag=True, help="End with 6 when a supplier is silent past its promise; needs --city.")
def command(
    lake: str, master: str | None, as_json: bool, city: Path | None, days: list[date] | None, costs: bool, check: bool
) -> None:
    """What is computed, waiting, stale, failed and revised in a lake; with --city, which suppliers are silent past their promise.

    \b
    Example:
      kordon status --lake lake --city cities/vliet
      kordon status --lake lake --city cities/vliet --days 2026-03-10..2026-03-12 --costs
    """
    from kordon import report, status
    from kordon.costs import found
    from kordon.days import known

    if check and city is None:
        raise UsageError("--check asks whether suppliers kept their promise: give --city, whose sources hold the promises.")
    loaded, now = (loaded_city(city) if city else None), datetime.now(UTC)
    with opened_lake(lake, master=master, write=False) as opened:
        states = status.day_states(
            known(opened), blocking=status.blocked(opened, days), released=status.releases(opened.uri), wanted=days
        )
        loads = status.loads(opened) if loaded else []
        spent = found(opened, city=loaded, wanted=days) if costs else None
    until = status.end_of(max(days), loaded) if days and loaded else None
    silences = status.silent(loaded.sources, loads, now=now, until=until) if loaded else []
    if as_json:
        content = {
            "city": loaded.id if loaded else None,
            "lake": opened.uri,
            "days": [asdict(s) for s in states],
            "silent": [asdict(s) for s in silences],
        }
        click.echo(json.dumps({**content, **(spent.as_json() if spent else {})}, default=str, indent=2))
    elif spent:
        report.show_costs(spent, title=loaded.name if loaded else opened.uri)
    elif not states:
        click.echo(f"{opened.uri} holds no day yet: `kordon run` computes some.")
    else:
        rows = [[str(s.service_day), s.state, s.run_id, s.note] for s in states]
        report.show(report.grid(loaded.name if loaded else opened.uri, ["service day", "state", "run", "why"], rows))
    if check and silences:
        raise InputError(
            "\n".join([*(f"{silence}." for silence in silences), "Ask the supplier; late files enter the right day."])
        )
    if not as_json:
        for silence in silences:
            click.echo(f"Alarm: {silence}.")
