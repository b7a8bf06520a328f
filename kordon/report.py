"""What commands print: tables for people, JSON for scripts."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table as Grid

from kordon.errors import UsageError
from kordon.state import uri_of
from kordon.tables import TABLES

if TYPE_CHECKING:
    from kordon import retention
    from kordon.costs import Costs
    from kordon.lake import Lake
    from kordon.pipeline import Summary


def _print(grid: Grid) -> None:
    width = shutil.get_terminal_size((130, 40)).columns
    Console(width=max(width, 100)).print(grid)


def show(made: Grid) -> None:
    """Print a table."""
    _print(made)


def _dump(value: object) -> None:
    print(json.dumps(value, default=str, indent=2))


def grid(title: str, header: list[str], rows: list[list[Any]]) -> Grid:
    """A table; numbers stand at the right."""
    made = Grid(title=title, title_justify="left")
    for position, name in enumerate(header):
        numeric = any(isinstance(row[position], int | float) for row in rows)
        made.add_column(name, justify="right" if numeric else "left")
    for row in rows:
        made.add_row(*(f"{v:,}" if isinstance(v, int) else f"{v:,.2f}" if isinstance(v, float) else str(v) for v in row))
    return made


def show_run(summary: "Summary", lake: "Lake", *, as_json: bool) -> None:
    """The reconciliation of a run: per step, what came in, went out, and why the rest went."""
    from pyspark.sql import functions as F

    wanted = summary.computed
    rows = lake.read("ops_reconciliation").filter(F.col("service_day").isin(wanted)) if wanted else None
    found = [] if rows is None else rows.groupBy("step", "reason").agg(F.sum("rows").alias("rows")).collect()
    steps: dict[str, dict[str, int]] = {}
    for row in found:
        steps.setdefault(row.step, {})[row.reason] = int(row.rows)
    files = (
        lake.read("ops_load")
        .groupBy("status")
        .agg(
            F.count("*").alias("files"),
            *[F.sum(c).alias(c) for c in ("lines", "header_lines", "blank_lines", "accepted", "duplicate", "quarantined")],
        )
    )
    loaded = [row.asDict() for row in files.orderBy("status").collect()]
    if as_json:
        _dump({**asdict(summary), "reconciliation": steps, "files": loaded})
        return
    _print(grid("Files delivered so far", list(loaded[0]), [list(row.values()) for row in loaded]) if loaded else Grid())
    order = [step for step in _step_order() if step in steps]
    table = []
    for step in order:
        reasons = steps[step]
        gone = {r: n for r, n in reasons.items() if r not in ("in", "out") and n}
        balance = reasons.get("in", 0) - reasons.get("out", 0) - sum(gone.values())
        why = ", ".join(f"{reason} {rows:,}" for reason, rows in sorted(gone.items()))
        table.append([step, reasons.get("in", 0), reasons.get("out", 0), why, balance])
    if table:
        title = f"Reconciliation, {wanted[0]}..{wanted[-1]}: in = out + reasons"
        _print(grid(title, ["step", "in", "out", "reasons", "unaccounted"], table))
    for days, text in ((summary.closed, "closed, never replaced"), (summary.without_reads, "without any read, left open")):
        if days:
            print(f"{len(days)} days {text}: {days[0]}..{days[-1]}")
    if not summary.computed:
        print("No day was computed.")


def _step_order() -> list[str]:
    from kordon.chain import steps

    return [step.name for step in steps()]


def show_preview(files: list[dict[str, Any]]) -> None:
    """What the profiles make of the first lines of each file."""
    rows = [
        [f["source"], f["file"], f["lines"], f["accepted"], ", ".join(f"{c} {n}" for c, n in sorted(f["errors"].items()))]
        for f in files
    ]
    _print(grid("The first lines of each file", ["source", "file", "lines", "accepted", "refused, by error code"], rows))


def show_release(made: Any, *, published: Any = None, as_json: bool) -> None:
    """Where a release is and how much of it could be shown.

    Args:
        made: as :func:`publication.release.build` gives it.
        published: as :func:`publication.approval.approve` gives it, when it was approved at once.
    """
    is_staged = made.is_new and published is None
    path = uri_of(published.path if published else made.path)
    if as_json:
        state = "staged" if is_staged else "published"
        _dump({"path": path, "state": state, "version": made.version, "is_new": made.is_new, "report": made.report})
        return
    rows = [[name, *values.values()] for name, values in made.report.items()]
    header = ["product", *(next(iter(made.report.values())).keys() if made.report else [])]
    _print(grid(f"Shared release v{made.version}", header, rows))
    if is_staged:
        print("Staged: `kordon approve` publishes it. Nobody else can read")
        print(path)
    elif published is None:
        print("Nothing changed since this version.")
        print(f"{path}/index.html")
    else:
        show_published(published, as_json=False)


def show_plans(planned: Sequence[Any], *, published: Sequence[Any], as_json: bool) -> None:
    """What releases of the open tier cost and how noisy they are, and where they are.

    Args:
        planned: as :func:`publication.open_plan.stage` gives them.
        published: for each, as :func:`publication.approval.approve` gives it, or None.
    """
    if as_json:
        states = ["published" if done or not plan.is_new else "staged" for plan, done in zip(planned, published, strict=True)]
        paths = [uri_of(done.path if done else plan.path) for plan, done in zip(planned, published, strict=True)]
        _dump(
            [
                {"path": path, "state": state, "version": plan.version, "is_new": plan.is_new, **plan.plan}
                for plan, path, state in zip(planned, paths, states, strict=True)
            ]
        )
        return
    for plan, done in zip(planned, published, strict=True):
        said, budget = plan.plan["plan"], plan.plan["budget"]
        levels = [[level["table"], level["cells"], round(level["sigma"], 1), level["margin95"]] for level in said["levels"]]
        print(f"{said['release_id']}, epsilon {said['epsilon']:.2f}: {said['mechanism']}")
        if levels:
            _print(grid("What is drawn", ["table", "rows", "sigma", "margin"], levels))
        for table, why in said["pooled"].items():
            print(f"{table} is left to the month: {why['reason']}")
        if budget:
            print(f"{budget['spent_pct']:.1f} % of the budget of {budget['year']} is spent with it.")
        if done:
            show_published(done, as_json=False)
        else:
            print("Staged: `kordon approve` publishes it." if plan.is_new else "It is published.")
            print(uri_of(plan.path))


def show_published(published: Any, *, as_json: bool) -> None:
    """Where a version is, and whether it was published now."""
    if as_json:
        _dump({**vars(published), "path": uri_of(published.path)})
        return
    print("Published." if published.is_new else "It was published before.")
    print(f"{uri_of(published.path)}/index.html")


def show_withdrawn(done: Any, *, as_json: bool) -> None:
    """What went, and the page that stays."""
    if as_json:
        _dump({**vars(done), "path": uri_of(done.path)})
        return
    print(f"Withdrawn: {len(done.deleted)} files deleted.")
    print(f"{uri_of(done.path)}/index.html")


def show_costs(spent: "Costs", *, title: str) -> None:
    """What days cost by step, and when their last files had been loaded."""
    rows: list[list[Any]] = []
    for one in spent.costs:
        span = str(one.first_day) if one.first_day == one.last_day else f"{one.first_day}..{one.last_day}"
        steps = ", ".join(f"{step.step} {step.seconds:,.0f}" for step in one.steps)
        rows.append([span, round(one.seconds), one.java_peak_mb if one.java_peak_mb is not None else "", steps])
    _print(grid(f"{title}: what the newest runs cost", ["service days", "seconds", "peak MB", "by step, seconds"], rows))
    if spent.deliveries:
        files = [
            [str(d.service_day), d.source, d.files, f"{d.loaded_h:+,.1f}", "" if d.promise_h is None else f"{d.promise_h:+g}"]
            for d in spent.deliveries
        ]
        _print(grid("Hours from the end of a day", ["service day", "supplier", "files", "last one loaded", "promised"], files))


def show_retention(done: "retention.Report", *, keys: list[str], as_json: bool) -> None:
    """What was deleted, and what the listing afterwards shows."""
    if as_json:
        _dump({"keys_destroyed": keys, **asdict(done)})
        return
    days: dict[str, list[int]] = {}
    for gone in done.deleted:
        days.setdefault(gone.table, []).append(gone.rows)
    if days:
        _print(grid("Deleted", ["table", "days", "rows"], [[name, len(rows), sum(rows)] for name, rows in days.items()]))
    else:
        print("No row is past its retention.")
    print(
        f"{len(keys)} keys destroyed, {len(done.landing.deleted)} landing files deleted, {len(done.closed)} days became closed."
    )
    for files, what in (
        (done.landing.changed, "changed since they were loaded"),
        (done.landing.unloaded, "loaded by no profile"),
    ):
        if files:
            print(f"{len(files)} old landing files are {what}: {', '.join(files[:10])}")
    print(f"{len(done.left)} files are past their retention and still there.")


def show_tables(name: str | None, *, as_json: bool) -> None:
    """The data dictionary."""
    if name is not None and name not in TABLES:
        raise UsageError(f"There is no table '{name}': `kordon tables` lists them.")
    chosen = [TABLES[name]] if name else list(TABLES.values())
    if as_json:
        _dump([asdict(table) for table in chosen])
        return
    if name is None:
        rows = [[t.name, t.tier, t.kept, t.grain, ", ".join(t.key)] for t in chosen]
        _print(grid("Tables", ["table", "tier", "kept", "one row is", "key"], rows))
        return
    table = chosen[0]
    print(f"{table.name}: {table.grain}\ntier {table.tier}, kept {table.kept}, key {', '.join(table.key)}")
    rows = [[c.name, c.type, c.unit or "", "yes" if c.may_be_null else "", c.en, c.nl] for c in table.columns]
    _print(grid("", ["column", "type", "unit", "may be NULL", "meaning", "betekenis"], rows))
    for warning in table.warnings:
        print(f"Mind: {warning}")
