"""What an approver reads: the staged release in numbers, and how the attacks on it went."""

import json
from typing import Any

from kordon.state import staging_area

TERMS, FILES = "staged.json", "release"
"""As ``kordon release`` stages: a folder with ``staged.json`` and ``release/``."""


def waiting(lake: str, *, first: str, last: str, tier: str) -> str | None:
    """The name of the newest staged release of a period, days in ISO format, that nobody has approved yet."""
    found = []
    for file in staging_area(lake).glob(f"*/{TERMS}"):
        terms = json.loads(file.read_text(encoding="utf-8"))
        if (terms["first_day"], terms["last_day"], terms["tier"]) == (first, last, tier):
            found.append((terms["version"], terms["created_at"], file.parent))
    newest = max(found, default=None)
    return newest[2].name if newest and (newest[2] / FILES).is_dir() else None


def evidence(lake: str, staged: str) -> str:
    """Markdown of a staged release: period, what is hidden, what was let through, and each attack with its verdict."""
    folder = staging_area(lake) / staged / FILES
    about = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["kordon"]
    report = folder / "privacy_report.json"
    attacks = _attacks(json.loads(report.read_text(encoding="utf-8"))) if report.is_file() else []
    hidden = about.get("suppression", {})
    period = about["period"]
    lines = [
        f"**{staged}**: {period['first_day']} to {period['last_day']}, tier {about['tier']}, version {about['version']}"
        + (f", replaces {about['replaces']}" if about.get("replaces") else ""),
        "",
        *_table(["product", *next(iter(hidden.values()), {})], [[name, *values.values()] for name, values in hidden.items()]),
        "",
        *(
            _table(["attack", "verdict"], attacks)
            if attacks
            else ["No attack has run on it: noise is drawn once it is approved."]
        ),
        "",
        "Quality rules that were let through: " + (", ".join(about.get("overrides", [])) or "none") + ".",
        f"City folder {about['config_hash'][:12]}, code {about['code_version']}, {len(about['runs'])} days.",
    ]
    return "\n".join(lines)


def _attacks(audit: dict[str, Any]) -> list[list[Any]]:
    return [[f"{a['number']} {a['name']}", "got nothing" if a["passed"] else "GOT THROUGH"] for a in audit["attacks"]]


def _table(header: list[str], rows: list[list[Any]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(_cell(value) for value in line) + " |" for line in lines]


def _cell(value: Any) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
