"""The plots of flows: counts against truth, intervals, errors by size, the stock, detection."""

import numpy as np
import pandas as pd
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure

from fidelity.drawing import AREA, COLOURS, GREY, INK, OURS, THEIRS, lines, new_axes

MOST_POINTS = 4000  # a page with more dots is slow and no clearer


def dots(table: pd.DataFrame, *, unit: str) -> Figure:
    """Estimate against truth, a panel a method."""
    names = [name for name in ("expanded", "counted", "naive") if (table.method == name).any()]
    figure = Figure(figsize=(8.6, 8.6 / 3 + 0.5))
    top = float(max(table.truth.max(), table.estimate.max(), 1)) * 1.05
    for number, name in enumerate(names):
        axes = figure.add_subplot(1, 3, number + 1)
        part = table[table.method == name]
        part = part.sample(MOST_POINTS, random_state=1) if len(part) > MOST_POINTS else part
        axes.plot([0, top], [0, top], color=GREY, linewidth=1)
        axes.scatter(part.truth, part.estimate, s=9, color=COLOURS[name], alpha=0.45, linewidths=0)
        axes.set_xlim(0, top)
        axes.set_ylim(0, top)
        axes.set_aspect("equal")
        axes.set_title(name, loc="left", fontweight="bold")
        axes.set_xlabel(unit)
        if number == 0:
            axes.set_ylabel("estimate")
    figure.tight_layout()
    return figure


def coverage(table: pd.DataFrame) -> Figure:
    """Coverage by size of the estimate, a line a table."""
    figure, axes = new_axes()
    axes.axhline(95, color=GREY, linestyle=":")
    lines(axes, table, column="coverage_pct", unit=1, suffix="", by="table")
    axes.set_ylabel("% of cells")
    axes.set_xlabel("size of the estimate")
    axes.set_ylim(min(50, float(table.coverage_pct.min()) - 3), 101)
    figure.tight_layout()
    return figure


def sizes(table: pd.DataFrame) -> Figure:
    """Error by true size, a line a method."""
    figure, axes = new_axes()
    lines(axes, table, column="mape_pct", unit=1, suffix="")
    axes.set_ylabel("mean error, %")
    axes.set_xlabel("true trips of the pair")
    axes.set_ylim(bottom=0)
    figure.tight_layout()
    return figure


def stock(table: pd.DataFrame, *, timezone: str) -> Figure:
    """Vehicles inside, a panel a cordon."""
    cordons = list(table.cordon_id.unique())
    figure = Figure(figsize=(8.6, 2.6 * len(cordons) + 0.3))
    first = axes = None
    for number, cordon in enumerate(cordons):
        axes = figure.add_subplot(len(cordons), 1, number + 1, sharex=first)
        first = first or axes
        part = table[table.cordon_id == cordon].sort_values("t")
        at = pd.to_datetime(part.t, unit="s", utc=True).dt.tz_convert(timezone).dt.tz_localize(None)
        axes.plot(at, part.truth, color=INK, linewidth=3, alpha=0.35, label="truth")
        for name, line in (("product", "-"), ("naive", "--")):
            if part[name].notna().any():
                axes.plot(at, part[name].astype(float), line, color=COLOURS[name], linewidth=1.6, label=name)
        axes.set_title(str(cordon), loc="left", fontweight="bold")
        axes.set_ylabel("vehicles inside")
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color=AREA)
        axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
        axes.margins(x=0.01)
        axes.legend(frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    figure.tight_layout()
    return figure


def detection(table: pd.DataFrame) -> Figure:
    """q against the true share, with its interval."""
    figure = Figure(figsize=(8.6, 4.4))
    axes = figure.add_subplot()
    least = min(float(table[["q", "true_q"]].min().min()), 0.95) - 0.02
    axes.plot([least, 1], [least, 1], color=GREY, linewidth=1)
    for where, colour in (("gates", OURS), ("elsewhere", THEIRS)):
        part = table[table["where"] == where]
        told, silent = part[part.q.notna()], part[part.q.isna()]
        half = told.half.fillna(0)
        axes.errorbar(told.true_q, told.q, half, fmt="o", color=colour, markersize=4, elinewidth=0.8, alpha=0.7, label=where)
        axes.plot(silent.true_q, np.full(len(silent), least), "x", color=colour)
    axes.set_xlim(least, 1)
    axes.set_ylim(least - 0.005, 1.02)
    axes.set_xlabel("share of true passages read and matched")
    axes.set_ylabel("q")
    axes.grid(color=AREA)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    return figure
