"""What an audit found, for a person, a script and the release itself."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2

from audit.attacks import Finding

TEMPLATE = Path(__file__).with_name("page.html.j2")
JSON_NAME, PAGE_NAME = "privacy_report.json", "privacy.html"

WORDS = {
    8: (
        "Every file, column and value is one that the contract lists; none looks like a pseudonym.",
        "Elk bestand, elke kolom en elke waarde staat in het contract; niets lijkt op een pseudoniem.",
    ),
    9: (
        "In the open tier one vehicle counts only so often. Checked with the lake.",
        "In de open laag telt een voertuig maar zo vaak mee. Nagegaan met het meer.",
    ),
    12: (
        "A linear program tried to work out every hidden count from all figures together. Each could still be one of at least k "
        "numbers.",
        "Een lineair programma probeerde elk verborgen aantal te berekenen uit alle cijfers samen. Elk kan nog een van minstens k "
        "getallen zijn.",
    ),
    13: (
        "Versions of the same days were compared: no difference tells of a few vehicles that came between.",
        "Versies van dezelfde dagen zijn vergeleken: geen verschil verraadt enkele voertuigen die ertussen kwamen.",
    ),
    17: (
        "Who saw a vehicle at some place and hour finds no cell with only a few beside it.",
        "Wie een voertuig op een plaats en uur zag, vindt geen cel met slechts enkele andere.",
    ),
}


@dataclass(frozen=True)
class Report:
    """The findings on one release.

    Attributes:
        also: the other releases that the attacker had.
    """

    release: str
    also: tuple[str, ...]
    k: int | None
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return all(finding.passed for finding in self.findings)

    def rows(self) -> list[list[Any]]:
        """Attack, figures, result; for a table."""
        return [[f.number, f.name, figures(f), verdict(f)] for f in self.findings]

    def as_dict(self) -> dict[str, Any]:
        attacks = [{**asdict(f), "passed": f.passed} for f in self.findings]
        return {"release": self.release, "also": list(self.also), "k": self.k, "passed": self.passed, "attacks": attacks}

    def as_json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=2) + "\n"

    def html(self) -> str:
        """One page in English and Dutch that opens without network."""
        environment = jinja2.Environment(
            autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        environment.filters |= {"figures": figures, "verdict": verdict}
        template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
        return template.render(report=self, words=WORDS)

    def write(self, folder: Path) -> None:
        (folder / JSON_NAME).write_text(self.as_json(), encoding="utf-8")
        (folder / PAGE_NAME).write_text(self.html(), encoding="utf-8")


def figures(finding: Finding) -> str:
    """The figures of a finding in a line."""
    told = {name: value for name, value in finding.reached.items() if value is not None}
    return (
        ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in told.items())
        if finding.applies
        else "nothing to attack"
    )


def verdict(finding: Finding) -> str:
    """``passed``, ``gets through`` or ``does not apply``."""
    if not finding.applies:
        return "does not apply"
    return "passed" if finding.passed else "gets through"


def refusal(report: Report) -> str:
    """Which attacks get through, in a sentence."""
    through: Sequence[Finding] = [finding for finding in report.findings if not finding.passed]
    listed = "; ".join(
        f"attack {f.number}, {f.name.lower()}: "
        + ", ".join(
            f"{name.replace('_', ' ')} {f.reached.get(name)}" for name in f.limits if f.reached.get(name) != f.limits[name]
        )
        for f in through
    )
    return f"{report.release} gives something away ({listed}). Nothing of it may be passed on; `kordon audit --json` names the rows."
