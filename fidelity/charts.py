"""The plots of the fidelity page, as inline SVG."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fidelity.charts_flows import coverage, detection, dots, sizes, stock
from fidelity.drawing import AREA, COLOURS, GREY, OURS, STYLE, THEIRS, bins, lines, new_axes

WRONG_CLOCK_S = 10.0  # where the colour of the clock map ends: the goal for the worst hour


@dataclass(frozen=True)
class Picture:
    """``svg`` is None when the tables behind it are absent."""

    title: str
    caption: str
    svg: str | None


def pictures(plots: dict[str, pd.DataFrame], *, min_stop_s: float, timezone: str) -> list[Picture]:
    """Every plot of the page, in its order."""
    drawn: list[tuple[str, str, str, Callable[[pd.DataFrame], Figure]]] = [
        (
            *("by_distance", "Trip boundaries by length of the pair"),
            "F1 of cuts by straight distance between the two sites; stops of 3 minutes to the shortest that counts left out.",
            _by_distance,
        ),
        (
            *("by_stop", "Trip boundaries by length of the stop"),
            "Share of pairs that were cut, by the longest true stop between them: 0 left of the line, 1 right of it is perfect.",
            lambda table: _by_stop(table, min_stop_s=min_stop_s),
        ),
        ("identity", "Identity", "Shares of misreads, of vehicle-days and of right reads.", _identity),
        (
            *("clocks", "Clock error by camera and hour"),
            "Estimated offset minus true offset, absolute. White: no estimate. Hours are local.",
            lambda table: _clock_map(table, timezone=timezone),
        ),
        (
            *("read_times", "Error left in the time of reads"),
            "Camera-hours of 5 reads or more, in order of their median absolute error.",
            _read_times,
        ),
        (
            "gates",
            "Gates by hour: estimate against truth",
            "Each dot is a gate, direction and hour; on the line is right.",
            lambda table: dots(table, unit="true crossings per hour"),
        ),
        (
            "pairs",
            "Driving through: estimate against truth",
            "Each dot is a pair of gates over all days; on the line is right. True is who did not stop for the shortest that counts.",
            lambda table: dots(table, unit="true vehicles"),
        ),
        (
            "coverage",
            "Coverage of 95 % intervals",
            "Share of cells whose truth lies in the interval, by size of the estimate; cells of 5 and more, truth and estimate averaged.",
            coverage,
        ),
        (
            "sizes",
            "Origin-destination: error by size of the cell",
            "Mean absolute relative error by true trips of the pair of sites over all days.",
            sizes,
        ),
        (
            *("stock", "Vehicles inside over the day"),
            "Vehicles that cross the cordon that day; naive adds up ins and outs as they were counted. Hours are local.",
            lambda table: stock(table, timezone=timezone),
        ),
        (
            "detection",
            "Detection: estimate against truth",
            "Each dot is a site and day, with its 95 % interval; on the line is right. Sites without an estimate stand at the bottom.",
            detection,
        ),
    ]
    with mpl.rc_context(STYLE):
        return [
            Picture(title, caption, _svg(draw(plots[name]), title) if name in plots and len(plots[name]) else None)
            for name, title, caption, draw in drawn
        ]


def _by_distance(table: pd.DataFrame) -> Figure:
    figure, axes = new_axes()
    lines(axes, table, column="f1", unit=1000, suffix=" km")
    axes.set_ylabel("F1")
    axes.set_ylim(min(0.9, float(table.f1.min()) - 0.02) if table.f1.notna().any() else 0, 1.0)
    figure.tight_layout()
    return figure


def _by_stop(table: pd.DataFrame, *, min_stop_s: float) -> Figure:
    figure, axes = new_axes()
    lines(axes, table, column="cut_share", unit=60, suffix=" min")
    edges, _ = bins(table, unit=60, suffix="")
    below = sum(low < min_stop_s for low, _ in edges)
    axes.axvline(below - 0.5, color=GREY, linestyle=":")
    axes.set_ylabel("share cut")
    axes.set_ylim(0, 1.02)
    figure.tight_layout()
    return figure


def _identity(table: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(8.6, 3.4))
    of_misreads = table.key.str.startswith("misreads")
    harm = table[~of_misreads & (table.key != "twins_apart_pct")]
    for number, (title, part) in enumerate((("% of misreads", table[of_misreads]), ("% of vehicle-days or reads", harm))):
        axes = figure.add_subplot(1, 2, number + 1)
        rows = np.arange(len(part))
        axes.barh(rows - 0.2, part.value.astype(float).fillna(0), 0.38, color=OURS, label="product")
        axes.barh(rows + 0.2, part.naive.astype(float).fillna(0), 0.38, color=THEIRS, label="naive")
        axes.set_yticks(rows, [name.strip().removeprefix("misreads ") for name in part.statistic])
        axes.invert_yaxis()
        axes.set_title(title, loc="left", fontsize=10)
        axes.grid(axis="x", color=AREA)
        axes.set_axisbelow(True)
        if number == 0:
            axes.legend(frameon=False, loc="lower right")
        axes.set_xlim(0, 100 if number == 0 else max(1.0, 1.1 * float(part[["value", "naive"]].astype(float).max().max())))
    figure.tight_layout()
    return figure


def _clock_map(table: pd.DataFrame, *, timezone: str) -> Figure:
    wide = table.pivot(index="camera_id", columns="hour", values="error_s")
    wide = wide.reindex(columns=range(int(wide.columns.min()), int(wide.columns.max()) + 1))
    figure = Figure(figsize=(8.6, min(1.4 + 0.16 * len(wide), 14)))
    axes = figure.add_subplot()
    shades = axes.pcolormesh(np.ma.masked_invalid(wide.to_numpy(float)), cmap="YlOrRd", vmin=0, vmax=WRONG_CLOCK_S)
    local = pd.to_datetime(wide.columns.to_numpy() * 3600, unit="s", utc=True).tz_convert(timezone)
    every = max(1, len(local) // 12)
    axes.set_xticks(np.arange(0, len(local), every) + 0.5, [f"{t:%H}" for t in local[::every]])
    axes.set_yticks(np.arange(len(wide)) + 0.5, list(wide.index), fontsize=7)
    axes.invert_yaxis()
    figure.colorbar(shades, label="s", extend="max", fraction=0.04, pad=0.02)
    figure.tight_layout()
    return figure


def _read_times(table: pd.DataFrame) -> Figure:
    figure, axes = new_axes()
    for name in ("product", "naive"):
        ordered = np.sort(table[name].dropna())
        if len(ordered):
            share = 100 * np.arange(1, len(ordered) + 1) / len(ordered)
            axes.plot(share, ordered, "-" if name == "product" else "--", color=COLOURS[name], linewidth=2, label=name)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:g}"))
    axes.set_xlabel("% of camera-hours")
    axes.set_ylabel("median error, s")
    axes.legend(frameon=False, loc="upper left")
    figure.tight_layout()
    return figure


def _svg(figure: Figure, label: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Scales with the page, and says what it is to who cannot see it.
    text = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', rf'<svg role="img" aria-label="{label}" viewBox="\1">', text, count=1)
    return re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
