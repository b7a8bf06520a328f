"""What the plots of the fidelity page share: colours, axes, lines over classes of size."""

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, GREY, OURS, THEIRS, THIRD, AREA = "#1c2b33", "#5f6f78", "#0b6e99", "#c2571a", "#6a4c93", "#e9eef1"
MORE = (OURS, THIRD, THEIRS, "#2f6b1f", "#8a6d00")
COLOURS = {"product": OURS, "expanded": OURS, "counted": THIRD, "naive": THEIRS}
MARKS = {"product": "o-", "expanded": "o-", "counted": "^:", "naive": "s--"}
STYLE: Any = {
    # Text stays text: it can be searched, read aloud, and needs no outlines of letters.
    "svg.fonttype": "none",
    "svg.hashsalt": "kordon",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def new_axes(*, height: float = 3.2) -> tuple[Figure, Axes]:
    """A figure as wide as the page with one set of axes."""
    figure = Figure(figsize=(8.6, height))
    axes = figure.add_subplot()
    axes.grid(axis="y", color=AREA)
    axes.set_axisbelow(True)
    return figure, axes


def bins(table: pd.DataFrame, *, unit: float, suffix: str) -> tuple[list[tuple[float, float]], list[str]]:
    """The classes of a table with low and high, and their labels in ``unit``."""
    edges = sorted({(float(low), float(high)) for low, high in zip(table.low, table.high, strict=True)})

    def label(low: float, high: float) -> str:
        if (low, high) == (0, 1):
            return "none"
        return f"{low / unit:g}{suffix} +" if np.isinf(high) else f"{low / unit:g}–{high / unit:g}{suffix}"

    return edges, [label(*edge) for edge in edges]


def lines(axes: Axes, table: pd.DataFrame, *, column: str, unit: float, suffix: str, by: str = "method") -> list[str]:
    """A line for each value of ``by`` over the classes of a table; gives their labels."""
    edges, labels = bins(table, unit=unit, suffix=suffix)
    others = cycle(MORE)
    for name, part in table.groupby(by, sort=False):
        at = [edges.index((float(low), float(high))) for low, high in zip(part.low, part.high, strict=True)]
        colour = COLOURS.get(str(name)) or next(others)
        axes.plot(at, part[column], MARKS.get(str(name), "o-"), color=colour, linewidth=2, label=str(name))
    axes.set_xticks(range(len(edges)), labels)
    axes.legend(frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    return labels
