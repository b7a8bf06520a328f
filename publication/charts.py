"""The pictures of a release page, as inline SVG, drawn from published rows alone."""

import io
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from shapely.geometry import shape

from publication.files import gate_features
from publication.products import Product

if TYPE_CHECKING:
    from kordon.city import City

INK, GREY, IN, OUT, AREA = "#1c2b33", "#5f6f78", "#0b6e99", "#c2571a", "#e9eef1"
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
HOURS = 24
DAY_STARTS = 4


def crossings_by_hour(gate_hour: pd.DataFrame, *, cordons: tuple[str, ...]) -> str:
    """Crossings per hour of the day, in and out, a panel per cordon: the mean of the days, of shown rows.

    What really passed as a line in its 95 % range, what was read dotted; the line is missing where there is no estimate.
    """
    days = max(gate_hour["date"].nunique(), 1)
    clock = [(hour + DAY_STARTS) % HOURS for hour in range(HOURS)]
    hour = pd.Series([instant.hour for instant in gate_hour["hour"]], index=gate_hour.index)
    columns = ["passages", "passages_expanded", "low", "high"]
    shown = gate_hour[columns].astype("Float64").groupby([gate_hour["cordon_id"], gate_hour["direction"], hour])
    total = shown.sum(min_count=1).astype(float) / days
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 2.9))
        for number, cordon in enumerate(cordons):
            axes = figure.add_subplot(1, len(cordons), number + 1)
            for way, colour, label in (("in", IN, "in"), ("out", OUT, "out")):
                of_way = total.reindex([(cordon, way, h) for h in clock])
                line = "-" if way == "in" else "--"
                axes.plot(range(HOURS), of_way["passages"], color=colour, linewidth=1, linestyle=":")
                axes.plot(range(HOURS), of_way["passages_expanded"], color=colour, linewidth=2, label=label, linestyle=line)
                axes.fill_between(range(HOURS), of_way["low"], of_way["high"], color=colour, alpha=0.15, linewidth=0)
            axes.set_title(cordon, loc="left", fontweight="bold")
            axes.set_xticks(range(0, HOURS, 4), [f"{h:02d}:00" for h in clock[::4]])
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
            axes.grid(axis="y", color=AREA)
            axes.set_axisbelow(True)
            if number == 0:
                axes.set_ylabel("crossings per hour")
                axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2, borderaxespad=0)
        figure.tight_layout()
        return _svg(figure, "Crossings per hour of the day, in and out, for each cordon")


def zone_map(published: Mapping[str, pd.DataFrame], *, city: "City") -> str:
    """Zones shaded by trips that start there, gates as circles by crossings a day."""
    od, gates = published["od_day"], published["gate_hour"]
    days = max(od["date"].nunique(), 1)
    starts = od.groupby("origin_zone_id")["trips"].sum(min_count=1).dropna() / days
    crossed = gates.groupby(["cordon_id", "gate_id"])["passages"].sum() / days
    most = max((float(starts.get(zone.zone_id, 0)) for zone in city.zones), default=0) or 1
    busiest = float(crossed.max()) if len(crossed) else 1
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.5, 8.4))
        axes = figure.add_subplot()
        middles: list[float] = []
        for zone in city.zones:
            area = shape(zone.geometry)
            middles.append(area.centroid.y)
            # The square root: otherwise one busy zone leaves all others white.
            shade = math.sqrt(float(starts.get(zone.zone_id, 0)) / most)
            colour = mpl.colormaps["BuGn"](0.06 + 0.55 * shade) if zone.zone_id in starts else AREA
            for polygon in getattr(area, "geoms", [area]):
                axes.fill(*polygon.exterior.xy, facecolor=colour, edgecolor="white", linewidth=1.2)
            spot = area.representative_point()
            axes.annotate(zone.name, (spot.x, spot.y), ha="center", va="center", fontsize=8)
        _draw_gates(axes, crossed, busiest=busiest or 1, city=city)
        middle = sum(middles) / len(middles) if middles else 0.0
        axes.set_aspect(1 / math.cos(math.radians(middle)))
        axes.axis("off")
        figure.tight_layout(pad=0.2)
        return _svg(figure, "Map of zones shaded by trips that start there, and gates sized by crossings a day")


def _draw_gates(axes: Axes, crossed: pd.Series, *, busiest: float, city: "City") -> None:
    colours = dict(zip(city.cordons, (IN, OUT, "#6a4c93", "#4d7c0f", "#7a5c00"), strict=False))
    drawn: set[str] = set()
    named: set[tuple[float, float]] = set()
    for feature in gate_features(city):
        known, (lon, lat) = feature["properties"], feature["geometry"]["coordinates"]
        cordon = known["cordon_id"]
        colour = colours.get(cordon, GREY)
        area = 25 + 500 * float(crossed.get((cordon, known["gate_id"]), 0)) / busiest
        label = None if cordon in drawn else f"gates of {cordon}"
        axes.scatter(lon, lat, s=area, facecolor=colour, alpha=0.6, edgecolor="white", zorder=3, label=label)
        drawn.add(cordon)
        if (lon, lat) not in named:  # a gate of two cordons has one name on the map
            above = (0, 4 + math.sqrt(area) / 2)
            style: Any = {"ha": "center", "fontsize": 8, "fontweight": "bold", "color": colour, "zorder": 4}
            axes.annotate(known["name"], (lon, lat), textcoords="offset points", xytext=above, **style)
            named.add((lon, lat))
    if drawn:
        legend = axes.legend(frameon=False, loc="lower right")
        for handle in legend.legend_handles:
            if handle is not None and hasattr(handle, "set_sizes"):
                handle.set_sizes([60])


def zone_matrix(od_day: pd.DataFrame, *, zones: Mapping[str, str]) -> str:
    """Trips between zones in the whole period with half the width of their 95 % range, all classes that are shown.

    A cross where nothing is shown, or no estimate.

    Not the mean of the days: a pair that is shown on one of three days would seem to be below the threshold.
    """
    sums = od_day.assign(half=(od_day["high"] - od_day["low"]) / 2).groupby(["origin_zone_id", "destination_zone_id"])

    def matrix(column: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
        table = sums[column].sum(min_count=1).unstack().reindex(index=list(zones), columns=list(zones)).astype("Float64")
        return table.to_numpy(float, na_value=np.nan)

    values, halves = matrix("trips_expanded"), matrix("half")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 6.6))
        axes = figure.add_subplot()
        axes.set_facecolor(AREA)
        top = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
        norm = mpl.colors.PowerNorm(0.5, vmin=0, vmax=top)
        axes.pcolormesh(np.ma.masked_invalid(values), cmap="BuGn", norm=norm, edgecolor="white", linewidth=0.5)
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                colour = "white" if norm(value) > 0.65 else INK
                text = f"{value:,.0f}\n±{halves[row, column]:,.0f}"
                axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=7, color=colour)
            else:
                axes.text(column + 0.5, row + 0.5, "×", ha="center", va="center", fontsize=8, color=GREY)
        places = np.arange(len(zones)) + 0.5
        axes.set_xticks(places, list(zones.values()), rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(places, list(zones.values()))
        axes.invert_yaxis()
        axes.set_xlabel("last seen in")
        axes.set_ylabel("first seen in")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        figure.tight_layout()
        return _svg(figure, "Trips between zones; a cross where nothing is shown")


def largest_rows(table: Product, rows: pd.DataFrame, *, most: int = 12) -> str:
    """The largest rows of a table of the open tier as bars with their margins."""
    shown = rows[rows[table.counted].notna()].nlargest(most, table.counted).iloc[::-1]
    constant = [key for key in table.key_names if shown[key].nunique() <= 1 and len(table.key_names) > 1]
    names = shown[[key for key in table.key_names if key not in constant] or table.key_names]
    labels = [", ".join(str(value) for value in name) for name in names.itertuples(index=False)]
    values, margins = (shown[column].astype(float).to_numpy() for column in (table.counted, "margin95"))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 0.8 + 0.32 * len(shown)))
        axes = figure.add_subplot()
        axes.barh(range(len(shown)), values, color=IN, alpha=0.55, xerr=margins, ecolor=INK, capsize=3)
        axes.set_yticks(range(len(shown)), labels)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
        axes.grid(axis="x", color=AREA)
        axes.set_axisbelow(True)
        figure.tight_layout()
        return _svg(figure, f"The largest rows of {table.name} with their margins")


def shares_with_range(rows: pd.DataFrame) -> str:
    """The through share of each cordon with its 95 % range; a cordon without one has no mark."""
    share, low, high = (rows[name].astype(float).to_numpy() for name in ("through_share", "low", "high"))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 0.9 + 0.4 * len(rows)))
        axes = figure.add_subplot()
        axes.errorbar(share, range(len(rows)), xerr=[share - low, high - share], fmt="o", color=IN, ecolor=INK, capsize=4)
        axes.set_yticks(range(len(rows)), list(rows["cordon_id"]))
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
        axes.grid(axis="x", color=AREA)
        figure.tight_layout()
        return _svg(figure, "The through share of each cordon with its 95 % range")


def _svg(figure: Figure, label: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Scales with the page, and says what it is to who cannot see it.
    text = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', rf'<svg role="img" aria-label="{label}" viewBox="\1">', text, count=1)
    return re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
