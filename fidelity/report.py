"""The fidelity report as a table, as JSON, and as one HTML page that opens anywhere."""

import io
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from rich.console import Console
from rich.table import Table as Grid

from fidelity.judge import Judgement
from fidelity.scores import Score

TEMPLATE = Path(__file__).with_name("page.html.j2")
ABSENT = "absent"
VERDICT = {True: "met", False: "missed", None: ""}


def as_date(day: int) -> date:
    """A service day from days since 1970."""
    return date(1970, 1, 1) + timedelta(days=day)


@dataclass(frozen=True)
class Report:
    """A judgement and what it was made on."""

    city: str
    timezone: str
    min_stop_s: float
    days: list[date]
    truth: str
    lake: str
    made_at: datetime
    passages: int
    reads: int
    vehicles: int
    judgement: Judgement

    @property
    def scores(self) -> list[Score]:
        return self.judgement.scores

    def __getitem__(self, key: str) -> Score:
        """The score with this key."""
        return next(score for score in self.scores if score.key == key)

    @property
    def title(self) -> str:
        span = f"{self.days[0]}" if len(self.days) == 1 else f"{self.days[0]} to {self.days[-1]}" if self.days else "no day"
        return f"Fidelity of {self.city}, {span}"

    def grid(self) -> Grid:
        """For the terminal: a row a statistic."""
        made = Grid(title=f"{self.title}: {self.reads:,} reads of {self.passages:,} passages", title_justify="left")
        made.add_column("statistic")
        for name in ("value", "goal", "naive", "n"):
            made.add_column(name, justify="right", no_wrap=True)
        made.add_column("unit", no_wrap=True)
        made.add_column("", no_wrap=True)
        for group, rows in groupby(self.scores, key=lambda s: s.group):
            made.add_section()
            made.add_row(f"[bold]{group}[/bold]")
            for s in rows:
                verdict = VERDICT[s.is_met]
                style = {"met": "green", "missed": "bold red"}.get(verdict, "")
                n = f"{s.n:,}" if s.n is not None else ""
                cells = [shown(s.value), str(s.goal or ""), shown(s.naive, absent=""), n, s.unit if s.unit != "1" else ""]
                made.add_row(f"  {s.statistic}", *cells, f"[{style}]{verdict}[/{style}]" if style else "")
        return made

    def as_text(self, *, width: int = 120) -> str:
        """The grid as a terminal takes it, with colours."""
        page = io.StringIO()
        Console(file=page, width=width, force_terminal=True).print(self.grid())
        return page.getvalue()

    def as_json(self) -> str:
        """For scripts: the scores with their explanations, and the tables behind the plots."""
        about = {
            f: getattr(self, f)
            for f in ("city", "days", "min_stop_s", "truth", "lake", "made_at", "passages", "reads", "vehicles")
        }
        scores = [{**asdict(s), "goal": str(s.goal) if s.goal else None, "is_met": s.is_met} for s in self.scores]
        plots = {
            name: json.loads(table.replace([np.inf, -np.inf], np.nan).to_json(orient="records"))
            for name, table in self.judgement.plots.items()
            if name not in ("clocks", "read_times", "gates", "pairs")  # cell by cell: for the page alone
        }
        return json.dumps({**about, "scores": scores, "plots": plots}, default=str, indent=2)

    def html(self) -> str:
        """One page with its plots inside."""
        from fidelity.charts import pictures

        environment = jinja2.Environment(
            autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
        )
        environment.filters |= {"shown": shown, "verdict": lambda met: VERDICT[met]}
        goals = [s for s in self.scores if s.goal is not None]
        groups: dict[str, list[Score]] = {}
        for score in self.scores:
            groups.setdefault(score.group, []).append(score)
        return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
            report=self,
            groups=groups,
            goals=goals,
            met=sum(s.is_met is True for s in goals),
            missed=sum(s.is_met is False for s in goals),
            absent=[s.statistic.strip() for s in self.scores if s.value is None],
            pictures=pictures(self.judgement.plots, min_stop_s=self.min_stop_s, timezone=self.timezone),
        )


def shown(value: float | None, *, absent: str = ABSENT) -> str:
    """A number with the digits that say something."""
    if value is None:
        return absent
    size: Any = abs(value)
    digits = 0 if float(value).is_integer() and size != 1 else 1 if size >= 100 else 2 if size >= 2 else 3
    return f"{value:,.{digits}f}"
