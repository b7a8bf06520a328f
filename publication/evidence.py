"""What an approver reads of what is staged: a release in numbers with the attacks on it, or what a plan of the open tier asks for."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from publication import staging
from publication.open_plan import PLAN
from publication.staging import FILES, TERMS, Terms


def waiting(
    lake: str | Path, *, period: tuple[date, date] | None = None, tier: str | None = None, dataset: str | None = None
) -> list[Path]:
    """The folders of what nobody has approved yet: of each dataset and period the newest.

    Args:
        period: first and last service day; without it of any.
        tier: without it of both.
        dataset: one that has a series of its own; without it of all.
    """
    found = defaultdict(list)
    for file in staging.area(lake).glob(f"*/{TERMS}"):
        terms = Terms(**_read(file))
        named = terms.series.removeprefix(f"{terms.city}-{terms.tier}-")
        if period in (None, (terms.first, terms.last)) and tier in (None, terms.tier) and dataset in (None, named):
            # A version that is published is taken, however new another staging of it is.
            is_published = not (file.parent / FILES).is_dir()
            found[terms.series, terms.first, terms.last].append((terms.version, is_published, terms.created_at, file.parent))
    newest = [max(staged) for _, staged in sorted(found.items())]
    return [folder for _, is_published, _, folder in newest if not is_published]


def evidence(folders: Sequence[Path]) -> str:
    """Markdown of what is staged, one after the other, and what one answer for all of it means."""
    plans = [_read(folder / FILES / PLAN) for folder in folders if (folder / FILES / PLAN).is_file()]
    parts = ["\n".join(_of_one(folder)) for folder in folders]
    if len(folders) > 1:
        parts.append("\n".join(["**Together**", "", *_sum(plans), *_one_answer(len(folders))]))
    return "\n\n".join(parts)


def _of_one(folder: Path) -> list[str]:
    files = folder / FILES
    if not files.is_dir():
        return [f"**{folder.name}**: published since it was staged, by somebody's approval."]
    return _of_plan(folder.name, _read(files / PLAN)) if (files / PLAN).is_file() else _of_files(folder.name, files)


def _of_plan(name: str, content: dict[str, Any]) -> list[str]:
    """Its cells and their noise, what it asks, and what that leaves of the budget."""
    plan, asks = content["plan"], content["asks"]
    levels = [[level["table"], level["cells"], level["sigma"], level["margin95"]] for level in plan["levels"]]
    lines = [
        _title(name, period=(plan["period_start"], plan["period_end"]), tier="open", version=plan["version"])
        + (f", a correction: {content['correction']}" if content["correction"] else ""),
        "",
        *_table(["table", "cells", "noise (sigma)", "margin (95 %) of the median cell"], levels),
        "",
        f"- Preset {plan['preset']}, rho {plan['rho']:.4g} of each vehicle-day: epsilon {plan['epsilon']:.2f}, and "
        f"{plan['epsilon_habit']:.2f} of a vehicle that does the same on every day of the period.",
        f"- It asks {asks['year_pct']:.2f} % of the budget of {content['budget']['year']}, and {asks['day_pct']:.2f} % of that of each "
        "of its service days. " + _left(content, year_pct=content["budget"]["spent_pct"], day_pct=asks["day_spent_pct"]),
        "- Nothing is drawn yet. Once it is approved, noise is paid for and drawn, once, and attacked before it is published."
        if asks["day_pct"]
        else "- It was paid for and drawn before, and not published: what was drawn then is attacked and published.",
    ]
    lines += [f"- {table} is left out. {why['reason']}" for table, why in plan["pooled"].items()]
    if content["new_cells"]:
        lines.append(
            f"- **Its cells are not those of {content['earlier']}.** It cannot be published from here: `kordon approve` wants "
            "`--new-cells` of you."
        )
    return [*lines, *_made_by(content)]


def _of_files(name: str, files: Path) -> list[str]:
    """What is hidden in a release, and each attack with its verdict."""
    about = _read(files / "datapackage.json")["kordon"]
    report = files / "privacy_report.json"
    attacks = _attacks(_read(report)) if report.is_file() else []
    hidden = about.get("suppression", {})
    period = about["period"]
    return [
        _title(name, period=(period["first_day"], period["last_day"]), tier=about["tier"], version=about["version"])
        + (f", replaces {about['replaces']}" if about.get("replaces") else ""),
        "",
        *(
            _table(["product", *next(iter(hidden.values()))], [[key, *n.values()] for key, n in hidden.items()])
            if hidden
            else ()
        ),
        *([f"- Noise: {about['privacy']['mechanism']}."] if "privacy" in about else ()),
        "",
        *(_table(["attack", "verdict"], attacks) if attacks else ["No attack has run on it."]),
        "",
        *_made_by(about),
    ]


def _sum(plans: Sequence[dict[str, Any]]) -> list[str]:
    """What the plans of a period ask together: each counts itself alone."""
    if not plans:
        return []
    year, day = (sum(plan["asks"][f"{what}_pct"] for plan in plans) for what in ("year", "day"))
    before_year = max(plan["budget"]["spent_pct"] - plan["asks"]["year_pct"] for plan in plans)
    before_day = max(plan["asks"]["day_spent_pct"] - plan["asks"]["day_pct"] for plan in plans)
    return [
        f"- They ask {year:.2f} % of the budget of {plans[0]['budget']['year']}, and {day:.2f} % of that of each of their service days. "
        + _left(plans[0], year_pct=before_year + year, day_pct=before_day + day),
    ]


def _one_answer(count: int) -> list[str]:
    return [
        f"- One answer is for all {count}: each is published, or none. To publish some of them, reject, and approve those with "
        "`kordon approve`.",
    ]


def _left(plan: dict[str, Any], *, year_pct: float, day_pct: float) -> str:
    """What is left of the budget, as the ledger stood when it was planned."""
    return (
        f"By the ledger when it was planned, that leaves {100 - year_pct:.2f} % of the year, and {100 - day_pct:.2f} % of the day of which "
        f"most is spent, {plan['asks']['correction_pct']:.0f} % being kept for a correction."
    )


def _title(name: str, *, period: tuple[str, str], tier: str, version: int) -> str:
    return f"**{name}**: {period[0]} to {period[1]}, tier {tier}, version {version}"


def _made_by(content: dict[str, Any]) -> list[str]:
    code = f", code {content['code_version']}" if "code_version" in content else ""
    return [
        "- Quality rules that were let through: " + (", ".join(content.get("overrides", [])) or "none") + ".",
        f"- City folder {content['config_hash'][:12]}{code}, {len(content['runs'])} days.",
    ]


def _attacks(audit: dict[str, Any]) -> list[list[Any]]:
    return [[f"{a['number']} {a['name']}", "got nothing" if a["passed"] else "GOT THROUGH"] for a in audit["attacks"]]


def _table(header: list[str], rows: list[list[Any]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(_cell(value) for value in line) + " |" for line in lines]


def _cell(value: Any) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
