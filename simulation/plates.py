"""Number plates: the syntax of six countries, and how a reader mistakes one character for another.

A plate is a row of a uint8 matrix of 10 ASCII codes, as written on the car and padded with zeros.
"""

import numpy as np
from numpy.typing import NDArray

WIDTH = 10
COUNTRIES = ("BE", "NL", "FR", "DE", "LU", "GB")
Chars = NDArray[np.uint8]

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
# D a digit, P a digit from 1, L a letter; each country has its own set of letters
_SYNTAX = {
    "BE": (("1-LLL-DDD", 0.53), ("2-LLL-DDD", 0.47)),
    "NL": (("L-DDD-LL", 0.35), ("LL-DDD-L", 0.2), ("DD-LLL-D", 0.15), ("D-LLL-DD", 0.2), ("DD-LL-LL", 0.1)),
    "FR": (("LL-DDD-LL", 1.0),),
    "DE": (("LL-LL PDDD", 0.3), ("LLL-LL PDD", 0.25), ("L-LL PDDD", 0.3), ("LL-L PDDD", 0.15)),
    "LU": (("LL PDDD", 0.8), ("PDDDD", 0.2)),
    "GB": (("LLDD LLL", 1.0),),
}
_LETTERS = {
    "BE": "ABCDEFGHJKLMNOPRSTUVWXYZ",
    "NL": "BDFGHJKLNPRSTVXZ",
    "FR": "ABCDEFGHJKLMNPQRSTVWXYZ",
    "DE": "ABCDEFGHIJKLMNOPRSTUVWXYZ",
    "LU": "ABCDEFGHJKLMNPRSTUVWXYZ",
    "GB": "ABCDEFGHJKLMNPRSTUVWXY",
}
_OLD_BELGIAN = (("LLL-DDD", 0.6), ("DDD-LLL", 0.4))
_OLD_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def draw_plates(*, country: NDArray[np.int8], old_share: float, rng: np.random.Generator) -> Chars:
    """Draw a different plate for each vehicle.

    Args:
        country: index into ``COUNTRIES``, shape (n,).
        old_share: share of Belgian plates from before 2010.
        rng: where chance comes from.

    Returns:
        Plates as written on the car, shape (n, WIDTH).
    """
    plates = np.zeros((len(country), WIDTH), np.uint8)
    todo = np.arange(len(country))
    while len(todo):
        plates[todo] = _some_plates(country=country[todo], old_share=old_share, rng=rng)
        text = compact(plates).view(f"S{WIDTH}").ravel()
        _, first = np.unique(text, return_index=True)
        twice = np.ones(len(text), bool)
        twice[first] = False
        todo = np.flatnonzero(twice)
    return plates


def _some_plates(*, country: NDArray[np.int8], old_share: float, rng: np.random.Generator) -> Chars:
    out = np.zeros((len(country), WIDTH), np.uint8)
    old = rng.random(len(country)) < old_share
    for code, name in enumerate(COUNTRIES):
        of_country = country == code
        groups = [(of_country, _SYNTAX[name], _LETTERS[name])]
        if name == "BE":
            groups = [
                (of_country & ~old, _SYNTAX[name], _LETTERS[name]),
                (of_country & old, _OLD_BELGIAN, _OLD_LETTERS),
            ]
        for mask, syntax, letters in groups:
            rows = np.flatnonzero(mask)
            kind = rng.choice(len(syntax), size=len(rows), p=[weight for _, weight in syntax])
            for k, (template, _) in enumerate(syntax):
                some = rows[kind == k]
                out[some] = _filled(template=template, letters=letters, n=len(some), rng=rng)
    return out


def _filled(*, template: str, letters: str, n: int, rng: np.random.Generator) -> Chars:
    out = np.zeros((n, WIDTH), np.uint8)
    sets = {"D": "0123456789", "P": "123456789", "L": letters}
    for position, char in enumerate(template):
        choices = np.frombuffer(sets.get(char, char).encode(), np.uint8)
        out[:, position] = choices[rng.integers(0, len(choices), n)]
    return out


def compact(plates: Chars) -> Chars:
    """The plates without separators, shape (n, WIDTH)."""
    separator = (plates == ord("-")) | (plates == ord(" ")) | (plates == 0)
    order = np.argsort(separator, axis=1, kind="stable")
    return np.ascontiguousarray(np.take_along_axis(np.where(separator, 0, plates), order, axis=1).astype(np.uint8))


def confusion(*, pairs: list[list[object]], odd: float) -> NDArray[np.float64]:
    """How often each character is taken for each other one.

    Args:
        pairs: (character, character, weight), both ways.
        odd: share of mistakes that end at any other character.

    Returns:
        Rows of cumulative chances over the 36 characters A to Z, 0 to 9, shape (36, 36); a row sums to 1.
    """
    weights = np.zeros((36, 36))
    for one, other, weight in pairs:
        i, j = _ALPHABET.index(str(one)), _ALPHABET.index(str(other))
        weights[i, j] += float(str(weight))
        weights[j, i] += float(str(weight))
    anything = (1 - np.eye(36)) / 35
    total = weights.sum(1, keepdims=True)
    likely = np.divide(weights, total, out=anything.copy(), where=total > 0)
    return np.cumsum((1 - odd) * likely + odd * anything, axis=1)


def misread(*, plates: Chars, confused: NDArray[np.float64], two: float, lost: float, rng: np.random.Generator) -> Chars:
    """Plates as a reader gets them wrong: one character, sometimes two, or one too few.

    Args:
        plates: shape (n, WIDTH).
        confused: as ``confusion`` makes it.
        two: share with two wrong characters.
        lost: share with a character lost instead.
        rng: where chance comes from.

    Returns:
        Other plates, none equal to its own row, shape (n, WIDTH).
    """
    out = plates.copy()
    n = len(out)
    if n == 0:
        return out
    letter = (out >= ord("A")) & (out <= ord("Z"))
    digit = (out >= ord("0")) & (out <= ord("9"))
    order = np.argsort(np.where(letter | digit, rng.random(out.shape), 2.0), axis=1)
    index = np.where(letter, out.astype(np.int64) - ord("A"), np.where(digit, out.astype(np.int64) - ord("0") + 26, 0))
    alphabet = np.frombuffer(_ALPHABET.encode(), np.uint8)
    what = rng.random(n)
    for turn in (0, 1):
        rows = np.flatnonzero(what < two) if turn else np.arange(n)
        position = order[rows, turn]
        cumulative = confused[index[rows, position]]
        new = np.minimum((cumulative < rng.random(len(rows))[:, None]).sum(1), 35)
        out[rows, position] = alphabet[new]
    rows = np.flatnonzero(what > 1 - lost)
    gone = plates[rows]
    gone[np.arange(len(rows)), order[rows, 0]] = 0
    # the rest moves up, or a zero would end the plate too early
    shift = np.argsort(np.arange(WIDTH)[None, :] == order[rows, 0][:, None], axis=1, kind="stable")
    out[rows] = np.take_along_axis(gone, shift, axis=1)
    return out
