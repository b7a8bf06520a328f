"""The country templates of ``templates.toml``, loaded, checked and written out as regular expressions."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, product
from pathlib import Path
from typing import Any

from kordon.errors import ConfigError

FILE = Path(__file__).with_name("templates.toml")
SHORTEST, LONGEST = 4, 10
"""Lengths of a plate; a shorter template would fit what is left of a plate of which a character was missed."""

_TOKEN = re.compile(r"\{(?P<list>[a-z]+)\}|(?P<character>[A-Za-z0-9])")
_DIGITS = {"9": "0123456789", "1": "123456789"}
_COUNTRY_KEYS = {"name", "source", "letters", "series", "sets", "lists", "aliases"}
_SERIES_KEYS = {"patterns", "since", "until", "letters", "repair", "note"}


@dataclass(frozen=True)
class Template:
    """One way in which plates of a country are written.

    ``regex`` has no anchors. ``shapes``: with A for each letter and 9 for each digit; several where a list has words of several
    shapes. ``is_repaired_into``: whether a plate may be made to fit it.
    """

    country: str
    pattern: str
    regex: str
    shapes: tuple[str, ...]
    since: int
    until: int | None = None
    is_repaired_into: bool = True


@dataclass(frozen=True)
class Country:
    """A country of the templates: ISO 3166 alpha-2, other codes that suppliers give it, and where its rules were found."""

    code: str
    name: str
    aliases: tuple[str, ...]
    source: tuple[str, ...]
    templates: tuple[Template, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Its code and its aliases."""
        return (self.code, *self.aliases)


@cache
def countries(path: Path = FILE) -> Mapping[str, Country]:
    """The countries of a template file by their code, in its order.

    Raises:
        ConfigError: the file says something that has no meaning; the sentence names country and pattern.
    """
    with path.open("rb") as file:
        return {code: _country(code, entry) for code, entry in tomllib.load(file).items()}


def expanded(
    pattern: str, *, letters: str, sets: Mapping[str, str] | None = None, lists: Mapping[str, Sequence[str]] | None = None
) -> str:
    """The regular expression of a pattern, without anchors.

    Args:
        pattern: in the notation at the top of ``templates.toml``.
        letters: what ``A`` stands for.
        sets: what each small letter stands for.
        lists: what each ``{name}`` stands for.

    Raises:
        ConfigError: a character of the pattern has no meaning.
    """
    parts = list(_parts(pattern, letters=letters, sets=sets or {}, lists=lists or {}))
    runs = [(part, len(list(same))) for part, same in groupby(parts)]
    return "".join(part if times == 1 else f"{part}{{{times}}}" for part, times in runs)


def shapes(
    pattern: str, *, sets: Mapping[str, str] | None = None, lists: Mapping[str, Sequence[str]] | None = None
) -> tuple[str, ...]:
    """The shapes of the plates that a pattern describes: ``1-ABC-234`` has the shape ``9AAA999``."""
    words = [
        set(map(shape, (lists or {})[token["list"]])) if token["list"] else {shape((sets or {}).get(token[0], token[0])[0])}
        for token in _TOKEN.finditer(pattern)
    ]
    return tuple(sorted({"".join(chosen) for chosen in product(*words)}))


def shape(plate: str) -> str:
    """A plate with A for each letter and 9 for each digit."""
    return "".join("9" if character.isdigit() else "A" for character in plate)


def anchored(templates: Sequence[Template]) -> str:
    """One regular expression that a whole plate fits exactly when it fits one of the templates."""
    return f"^(?:{'|'.join(template.regex for template in templates)})$"


def _parts(pattern: str, *, letters: str, sets: Mapping[str, str], lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise ConfigError(f"pattern {pattern}: {pattern[at]!r} is neither a class, nor a set, nor a plate's character")
        at = token.end()
        character, name = token["character"], token["list"]
        if name:
            if not lists.get(name):
                raise ConfigError(f"pattern {pattern}: there is no list {name!r}; add it below lists")
            yield f"(?:{'|'.join(lists[name])})"
        elif character == "A":
            yield _one_of(letters)
        elif character in _DIGITS:
            yield _one_of(_DIGITS[character])
        elif character.islower():
            if not sets.get(character):
                raise ConfigError(f"pattern {pattern}: there is no set {character!r}; add it below sets")
            yield _one_of(sets[character])
        else:
            yield character


def _one_of(characters: str) -> str:
    """A character class, with runs of neighbours as ranges."""
    if len(characters) == 1:
        return characters
    ranges: list[list[str]] = []
    for character in sorted(characters):
        if ranges and ord(character) == ord(ranges[-1][1]) + 1:
            ranges[-1][1] = character
        else:
            ranges.append([character, character])
    return f"[{''.join(first if first == last else f'{first}-{last}' for first, last in ranges)}]"


def _country(code: str, entry: Mapping[str, Any]) -> Country:
    if not re.fullmatch("[A-Z]{2}", code):
        raise ConfigError(f"{code}: a country is named by its ISO 3166 alpha-2 code")
    if unknown := set(entry) - _COUNTRY_KEYS:
        raise ConfigError(f"{code}: unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(_COUNTRY_KEYS))}")
    if not entry.get("source"):
        raise ConfigError(f"{code}: says no source; cite the page, or write that it is from memory")
    sets, lists = entry.get("sets", {}), entry.get("lists", {})
    for characters in (entry["letters"], *sets.values(), *(word for words in lists.values() for word in words)):
        if not re.fullmatch("[A-Z0-9]+", characters):
            raise ConfigError(f"{code}: {characters!r} must be capitals and digits, as plates are after normalisation")
    for name, characters in sets.items():
        if len(set(shape(characters))) > 1:
            raise ConfigError(f"{code}: set {name!r} has letters and digits; make two series of it")
    templates = [
        template
        for series in entry["series"]
        for template in _series(code, series, letters=entry["letters"], sets=sets, lists=lists)
    ]
    return Country(code, entry["name"], tuple(entry.get("aliases", ())), tuple(entry["source"]), tuple(templates))


def _series(
    code: str, series: Mapping[str, Any], *, letters: str, sets: Mapping[str, str], lists: Mapping[str, Sequence[str]]
) -> Iterator[Template]:
    if unknown := set(series) - _SERIES_KEYS:
        raise ConfigError(f"{code}: a series has {', '.join(sorted(unknown))}; known are {', '.join(sorted(_SERIES_KEYS))}")
    since, until = series["since"], series.get("until")
    if until is not None and until < since:
        raise ConfigError(f"{code}: a series runs from {since} until {until}; exchange the years")
    for pattern in series["patterns"]:
        regex = expanded(pattern, letters=series.get("letters", letters), sets=sets, lists=lists)
        length = len(re.sub(r"\{[a-z]+\}", "_", pattern))
        if not SHORTEST <= length <= LONGEST:
            raise ConfigError(f"{code}: pattern {pattern} has {length} characters; a plate has {SHORTEST} to {LONGEST}")
        yield Template(
            code,
            pattern,
            regex,
            shapes(pattern, sets=sets, lists=lists),
            since,
            until,
            is_repaired_into=series.get("repair", True),
        )
