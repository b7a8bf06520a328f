"""What the characters of a plate alone tell: whether it fits its country, and which one twin character would make it fit.

Column functions of native expressions. Nothing here is for tags: a source of ``kind = "tag"`` has ids of transponders, and the
caller leaves them as they are (quality ``generic``, nothing repaired, the country that the supplier gives).
"""

import json
import unicodedata
from collections.abc import Callable
from functools import cache, reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.plates.templates import LONGEST, SHORTEST, Country, anchored, countries

TWINS = {"0": "ODQ", "1": "IL", "2": "Z", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B"}
"""Digit -> the letters that a reader takes for it, and it for them (methods 1b). Every exchange turns a digit into a letter or back."""

_NO_TWIN = "."
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
# Without a decomposition, or with one that upper() undoes.
_BY_HAND = dict(zip("ĐÐĦŁØŦİ", "DDHLOTI", strict=True))


@cache
def _folds() -> tuple[str, str]:
    """Capitals with accents, and full-width letters and digits, with the plain character of each."""
    folds = dict(_BY_HAND)
    for code in (*range(0x00C0, 0x0250), *range(0x1E00, 0x1F00), *range(0xFF10, 0xFF3B)):
        character = chr(code)
        base = unicodedata.normalize("NFKD", character)[0]
        if base in _PLAIN and character == character.upper():
            folds[character] = base
    return "".join(folds), "".join(folds.values())


def normalised(plate: Column) -> Column:
    """A plate as templates know it: capitals without accents, digits, nothing else. ``tö-l ba 218`` becomes ``TOLBA218``.

    On text without accents it is what ingest makes of a plate.
    """
    accented, plain = _folds()
    upper = F.upper(plate)
    # Hardly any supplier sends accents, and translate would double the cost of this; counting bytes costs nothing.
    folded = F.when(F.octet_length(upper) == F.length(upper), upper).otherwise(F.translate(upper, accented, plain))
    return F.regexp_replace(folded, "[^A-Z0-9]", "")


def normalised_text(plate: str) -> str:
    """:func:`normalised` for one plate that a person writes down, outside Spark."""
    upper = plate.upper().translate(str.maketrans(*_folds()))
    return "".join(character for character in upper if character in _PLAIN)


def quality(*, plate: Column, country: Column) -> Column:
    """How good a plate looks.

    Args:
        plate: normalised; NULL where none was read.
        country: ISO 3166 alpha-2, or NULL.

    Returns:
        ``match``: fits a template of its country, without one a template of any country; a country without templates is never
        matched. ``generic``: 4 to 10 characters, not all the same, one of them a digit. Else ``invalid``; ``unread`` for NULL.
    """
    has_two_characters = F.replace(plate, F.substring(plate, 1, 1), F.lit("")) != ""
    is_generic = F.length(plate).between(SHORTEST, LONGEST) & has_two_characters & plate.rlike("[0-9]")
    # `fits` stands first here and in `repaired`: so Spark computes it once for both when they stand in one select.
    return (
        F.when(fits(plate=plate, country=country), "match")
        .when(plate.isNull(), "unread")
        .when(is_generic, "generic")
        .otherwise("invalid")
    )


def fits(*, plate: Column, country: Column) -> Column:
    """Whether a plate fits a template of its country, without a country one of any; False without a plate."""
    every = tuple(countries().values())
    anywhere = anchored([template for each in every for template in each.templates])
    found = F.when(country.isNull(), plate.rlike(anywhere)).otherwise(_fits(plate, country, repair=False))
    return F.coalesce(found, F.lit(False))


def repaired(*, plate: Column, country: Column, home: str) -> Column:
    """The plate with the one twin exchanged that makes it fit a template of its country.

    Args:
        plate: normalised.
        country: ISO 3166 alpha-2; NULL is taken for ``home``.
        home: the country of the city.

    Returns:
        NULL where the plate already fits, where no exchange makes it fit, and where several do: 0 for a letter is O, D or Q, and
        if the template allows two of them, nobody knows which. Series marked ``repair = false`` are not repaired into. One twin,
        never two: two repaired one more of a hundred misreads and damaged many plates (methods 6).
    """
    own = F.coalesce(country, F.lit(home))
    # Every exchange changes the plate's shape in one place, so the shape tells where it can have been: a map from each shape
    # with one error to its exchanges, made here from the templates. One map a country, because Spark searches a map from its
    # start; a join with the same table would need the whole frame. What is left, one to six plates, is tested against the
    # country's expression, which knows the letters. Only plates that fit nothing come here, about one in thirty.
    shape = F.translate(plate, _PLAIN, "A" * 26 + "9" * 10)
    exchanges = _case(own, lambda each: F.try_element_at(_exchanges(each), shape))
    candidates = F.transform(exchanges, lambda exchange: _exchanged(plate, exchange))
    fitting = F.filter(candidates, lambda candidate: _fits(candidate, own, repair=True))
    # A value that is used twice in a lambda is computed once when it is a lambda's argument, and twice otherwise.
    only = F.transform(F.array(fitting), lambda found: F.when(F.size(found) == 1, found[0]))[0]
    return F.when(~fits(plate=plate, country=country), only)


def country_by_template(*, plate: Column, home: str) -> Column:
    """The country whose templates a plate fits: ``home`` if it is one of them, else the only one, else NULL."""
    by_country = countries()
    others = [country for code, country in by_country.items() if code != home]
    codes = F.concat_ws("", *(F.when(plate.rlike(anchored(country.templates)), country.code) for country in others))
    only = F.nullif(F.regexp_extract(codes, "^..$", 0), F.lit(""))
    if home not in by_country:
        return only
    return F.when(plate.rlike(anchored(by_country[home].templates)), home).otherwise(only)


def _fits(plate: Column, country: Column, *, repair: bool) -> Column:
    """Whether a plate fits a template of its country, or with ``repair`` one that may be repaired into; NULL for others."""

    def value(each: Country) -> Column:
        return plate.rlike(anchored([t for t in each.templates if t.is_repaired_into or not repair]))

    return _case(country, value)


def _case(country: Column, value: Callable[[Country], Column]) -> Column:
    """The value of a country's column, NULL where it has no templates."""
    cases = [(country.isin(*each.codes), value(each)) for each in countries().values()]
    return reduce(lambda case, pair: case.when(*pair), cases[1:], F.when(*cases[0]))


def _exchanges(country: Country) -> Column:
    """A map from a shape with one error to its exchanges: the place, from 1, and which of the three twins, from 0."""
    found: dict[str, set[tuple[int, int]]] = {}
    for template in country.templates:
        for shape in template.shapes if template.is_repaired_into else ():
            for place, character in enumerate(shape):
                wrong, twins = ("9", 3) if character == "A" else ("A", 1)
                error = shape[:place] + wrong + shape[place + 1 :]
                found.setdefault(error, set()).update((place + 1, twin) for twin in range(twins))
    # As JSON, which Spark folds into one literal: a map written out in columns took ten seconds to plan.
    places = {error: [{"place": p, "twin": t} for p, t in sorted(exchanges)] for error, exchanges in sorted(found.items())}
    return F.from_json(F.lit(json.dumps(places)), "map<string, array<struct<place: int, twin: int>>>")


def _exchanged(plate: Column, exchange: Column) -> Column:
    """The plate after one exchange; with a character that no plate has where the one in that place lacks such a twin."""
    character = F.substring(plate, exchange["place"], F.lit(1))
    twin = F.substring(F.lit(_twins()), F.position(character, F.lit(_PLAIN)) * 3 - 2 + exchange["twin"], F.lit(1))
    return F.overlay(plate, twin, exchange["place"])


@cache
def _twins() -> str:
    """For each character of a plate, its three twins; ``.`` where it has fewer."""
    twins = TWINS | {letter: digit for digit, letters in TWINS.items() for letter in letters}
    return "".join(twins.get(character, "").ljust(3, _NO_TWIN) for character in _PLAIN)
