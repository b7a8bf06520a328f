"""What is wrong in a city folder, one fact a line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One fault of one place in a city folder.

    ``file`` is relative to the folder; ``line`` counts physical lines from 1 and is None where the whole file is meant;
    ``column`` is a column of a CSV file, a key of a TOML file or a member of a GeoJSON feature.
    """

    file: str
    line: int | None
    column: str | None
    what: str
    cure: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """``file:line: column: what; cure``, without the parts that are unknown."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        column = f"{self.column}: " if self.column else ""
        return f"{where}: {column}{self.what}; {self.cure}"


class Problems:
    """Collects the problems of a folder while its files are read."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def error(self, *, file: str, line: int | None = None, column: str | None = None, what: str, cure: str) -> None:
        """Note something that makes the folder unusable."""
        self._found.append(Problem(file, line, column, what, cure, "error"))

    def warning(self, *, file: str, line: int | None = None, column: str | None = None, what: str, cure: str) -> None:
        """Note something that is allowed and rarely meant."""
        self._found.append(Problem(file, line, column, what, cure, "warning"))

    def has_errors(self) -> bool:
        """Whether the folder can not be used."""
        return any(problem.severity == "error" for problem in self._found)

    def sorted(self) -> list[Problem]:
        """Each problem once, by file and line."""
        return sorted(dict.fromkeys(self._found), key=lambda p: (p.file, p.line or 0, p.column or "", p.severity, p.what))


def shown(value: object) -> str:
    """A value as a message may show it: text in quotes, on one line, cut when long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def listed(values: Iterable[str]) -> str:
    """Values as a message lists them."""
    return ", ".join(values)


def nearest(value: str, known: Iterable[str]) -> str:
    """The end of a cure that names what was probably meant, or what there is."""
    import difflib

    names = sorted(known)
    close = difflib.get_close_matches(value, names, n=1)
    if close:
        return f"did you mean {shown(close[0])}?"
    if not names:
        return "there is none yet"
    return f"known are {listed(names[:8])}{' ...' if len(names) > 8 else ''}"
