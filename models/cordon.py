"""Cordon continuity: a vehicle that was outside and is inside next has passed a gate that did not read it (methods section 6).

Between two consecutive passages, at A and at C, that contradict each other a crossing was missed. Of vehicles that drive from A to C,
``n_AgC`` were read at gate g on the way, so that the number that was not is Poisson with mean ``sum_g n_AgC o_g``, where ``o_g`` is the
odds of missing, and ``q_g = 1 / (1 + o_g)``. Multiplicative EM finds the odds.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OUTSIDE, INSIDE, UNKNOWN = 0, 1, -1
SURE_SHARE = 0.65
"""A site lies where this share of its neighbours in time say that it lies. A site beyond the gates is contradicted by missed gates only,
up to 25 % at q = .75; on Vliet and Ravelmonde the shares were above .95."""
LEAST_NEIGHBOURS = 20
LEAST_CONTEXT = 20
"""Pairs of sites with fewer vehicles are told apart by their first site, then by what they contradict alone. Sums of Poisson counts are
Poisson: it costs knowledge, not truth."""
LONGEST_EM, SETTLED = 500, 1e-7


@dataclass(frozen=True)
class Lie:
    """Where places lie: ``before`` and ``after`` of shape (places, cordons) say on which side of a cordon a vehicle is before and after
    it passes (:data:`OUTSIDE`, :data:`INSIDE`, :data:`UNKNOWN`); ``is_gate`` where it crosses."""

    places: pd.Index
    cordons: tuple[str, ...]
    before: Ints
    after: Ints
    is_gate: NDArray[np.bool_]

    def at(self, names: pd.Series) -> Ints:
        """The numbers of places, -1 for one that is not known."""
        return self.places.get_indexer(pd.Index(names)).astype(np.int64)

    def contradiction(self, a: Ints, c: Ints) -> Ints:
        """What must have been crossed between a and c, per cordon: 1 inwards, -1 outwards, 0 nothing that is known."""
        after, before = self.after[a], self.before[c]
        return np.where((after >= 0) & (before >= 0), before - after, 0)

    def agrees(self, a: Ints, b: Ints) -> NDArray[np.bool_]:
        """Whether b may follow a directly, as far as is known."""
        result: NDArray[np.bool_] = (self.contradiction(a, b) == 0).all(axis=1)
        return result


def lie(pairs: pd.DataFrame, *, gates: pd.DataFrame) -> Lie:
    """Learn on which side of each cordon every place lies, from what was passed right before and right after it.

    Args:
        pairs: ``a``, ``c``, ``n``: how often a vehicle passed a and then c.
        gates: ``place``, ``cordon_id``, ``direction`` (``in``, ``out``); a place may be a gate of several cordons.

    Returns:
        The sides; unknown where fewer than 20 neighbours know or where they disagree.
    """
    places = pd.Index(sorted({*pairs.a, *pairs.c, *gates.place}))
    cordons = tuple(dict.fromkeys(gates.cordon_id))
    size = len(places)
    follows = np.zeros((size, size))
    np.add.at(follows, (places.get_indexer(pd.Index(pairs.a)), places.get_indexer(pd.Index(pairs.c))), pairs.n.to_numpy(float))
    before = np.full((size, len(cordons)), UNKNOWN, np.int64)
    after = before.copy()
    is_gate = np.zeros(before.shape, bool)
    for row in gates.itertuples():
        at, cordon = int(places.get_indexer([row.place])[0]), cordons.index(str(row.cordon_id))
        is_gate[at, cordon] = True
        inwards = row.direction == "in"
        before[at, cordon], after[at, cordon] = (OUTSIDE, INSIDE) if inwards else (INSIDE, OUTSIDE)
    for k in range(len(cordons)):
        free = ~is_gate[:, k]
        # What is next to gates is known first, then what is next to that.
        for _ in range(4):
            said = [
                follows[after[:, k] == side].sum(axis=0) + follows[:, before[:, k] == side].sum(axis=1)
                for side in (OUTSIDE, INSIDE)
            ]
            known = said[OUTSIDE] + said[INSIDE]
            inside = said[INSIDE] / np.maximum(known, 1)
            side = np.select([inside >= SURE_SHARE, inside <= 1 - SURE_SHARE], [INSIDE, OUTSIDE], UNKNOWN)
            side = np.where(known >= LEAST_NEIGHBOURS, side, UNKNOWN)
            before[free, k] = after[free, k] = side[free]
    return Lie(places, cordons, before, after, is_gate)


def crossings_seen(triples: pd.DataFrame, *, sides: Lie) -> pd.Series:
    """Whether b of each row ``a``, ``b``, ``c`` is what resolves the contradiction between a and c, all by itself."""
    a, b, c = (sides.at(triples[x]) for x in "abc")
    missing = sides.contradiction(a, c) != 0
    crosses = sides.is_gate[b]
    whole = missing.any(axis=1) & ~(missing & ~crosses).any(axis=1)
    return pd.Series(whole & sides.agrees(a, b) & sides.agrees(b, c), index=triples.index)


def two_crossings(triples: pd.DataFrame, pairs: pd.DataFrame, *, sides: Lie) -> pd.DataFrame:
    """Ways from a to c over two gates: ``a``, ``b``, ``b2``, ``c``, ``n``, where a and c contradict each other.

    Of two nested cordons both gates may be missed in a row, which looks like one missed gate of a road that crosses both. How many took
    two gates follows from those who were seen at three places in a row: n_abb' n_bb'c / n_bb'.
    """
    columns = ["a", "b", "b2", "c", "n"]
    t = triples.groupby(["a", "b", "c"], as_index=False).n.sum()
    a, b, c = (sides.at(t[x]) for x in "abc")
    gate: NDArray[np.bool_] = np.any(sides.is_gate, axis=1)
    t = t.assign(gate_b=gate[b], gate_a=gate[a], gate_c=gate[c])[sides.agrees(a, b) & sides.agrees(b, c)]
    first = t[t.gate_b & t.gate_c].rename(columns={"c": "b2"})[["a", "b", "b2", "n"]]
    second = t[t.gate_a & t.gate_b].rename(columns={"a": "b", "b": "b2"})[["b", "b2", "c", "n"]]
    direct = pairs.groupby(["a", "c"]).n.sum().rename("all").rename_axis(["b", "b2"]).reset_index()
    ways = first.merge(second, on=["b", "b2"], suffixes=("", "_then")).merge(direct, on=["b", "b2"])
    if ways.empty:
        return pd.DataFrame(columns=columns)
    apart = sides.contradiction(sides.at(ways.a), sides.at(ways.c)) != 0
    found: pd.DataFrame = ways.assign(n=ways.n * ways.n_then / ways["all"])[apart.any(axis=1)][columns]
    return found


def contexts(seen: pd.DataFrame, missed: pd.DataFrame, *, sides: Lie, within: list[str]) -> tuple[pd.Series, pd.Series]:
    """The context of each row of seen and missed crossings, as numbers; -1 for missed ones that nobody was seen to make.

    Args:
        seen: ``a``, ``c``, ``n`` and the columns of ``within``.
        missed: the same.
        within: columns whose values are never mixed.
    """
    both = pd.concat([seen, missed], ignore_index=True)
    codes = sides.contradiction(sides.at(both.a), sides.at(both.c)) + 1
    both["what"] = codes @ (3 ** np.arange(codes.shape[1]))
    both["is_seen"] = np.arange(len(both)) < len(seen)
    levels = [["what", *within, "a", "c"], ["what", *within, "a"], ["what", *within]]
    context = pd.Series(-1, index=both.index)
    offset = 0
    for columns in levels:
        left = both[context < 0]
        if left.empty:
            break
        number = left.groupby(columns, sort=True).ngroup()
        size = left.n.groupby(number).transform("sum")
        known = left.is_seen.groupby(number).transform("any")
        good = known & ((size >= LEAST_CONTEXT) | (columns is levels[-1]))
        context[good[good].index] = number[good] + offset
        offset += int(number.max()) + 1
    return pd.Series(context[: len(seen)].to_numpy(), seen.index), pd.Series(context[len(seen) :].to_numpy(), missed.index)


@dataclass(frozen=True)
class Odds:
    """By place, shape (places,): odds of missing and their standard error, NaN where nothing tells; passages seen that tell (``seen``)
    and misses that were laid to the place (``missed``). ``excess``: chi-square per degree of freedom over the contexts."""

    odds: Floats
    se: Floats
    seen: Floats
    missed: Floats
    excess: float
    single_share: pd.Series


def odds_of_missing(ways: pd.DataFrame, missed: pd.DataFrame, *, size: int) -> Odds:
    """Maximum likelihood by multiplicative EM; standard errors from the Fisher information.

    Args:
        ways: ``context``, ``b``, ``b2`` (numbers of places; b2 is -1 for a way over one gate), ``n``: vehicles seen that way.
        missed: ``context``, ``n``: vehicles that contradict themselves.
        size: number of places.

    Returns:
        ``single_share``: by context, the share of the misses that is laid to ways over one gate.
    """
    number = pd.Index(ways.context.unique())
    x = number.get_indexer(pd.Index(ways.context))
    m = (
        np.bincount(number.get_indexer(pd.Index(missed.context)), missed.n, len(number))
        if len(missed)
        else np.zeros(len(number))
    )
    g = ways.b.to_numpy(np.int64)
    h = np.where(ways.b2 < 0, size, ways.b2).astype(np.int64)
    n = ways.n.to_numpy(float)
    odds = np.full(size + 1, 0.1)
    odds[size] = 1.0
    for _ in range(LONGEST_EM):
        part = n * odds[g] * odds[h]
        mean = np.bincount(x, part, len(number))
        laid = part * np.divide(m, mean, out=np.zeros_like(m), where=mean > 0)[x]
        up = np.bincount(g, laid, size + 1) + np.bincount(h, laid, size + 1)
        down = np.bincount(g, n * odds[h], size + 1) + np.bincount(h, n * odds[g], size + 1)
        new = np.divide(up, down, out=odds.copy(), where=down > 0)
        new[size] = 1.0
        moved = np.abs(new - odds).max()
        odds = new
        if moved < SETTLED:
            break
    known = (np.bincount(g, n, size + 1) > 0)[:size]
    part = n * odds[g] * odds[h]
    mean = np.bincount(x, part, len(number))
    # The vehicles seen are themselves a draw: their number errs by its root, times the odds.
    variance = mean + np.bincount(x, n * (odds[g] * odds[h]) ** 2, len(number))
    se = np.full(size, np.nan)
    total = down[:size][known].sum()
    if known.any() and total:
        slope = np.zeros((len(number), size + 1))
        np.add.at(slope, (x, g), n * odds[h])
        np.add.at(slope, (x, h), n * odds[g])
        slope = slope[:, :size][:, known]
        usable = mean > 0
        slope, mean_, variance_ = slope[usable], mean[usable, None], variance[usable, None]
        # A gate that its contexts do not tell from others would be singular: nobody misses more than twice the mean by much.
        spread = 2 * max(up[:size][known].sum() / total, 1 / total)
        inverse = np.linalg.inv(slope.T @ (slope / mean_) + np.eye(known.sum()) / spread**2)
        found = inverse @ (slope.T @ (slope / mean_**2 * variance_)) @ inverse
        # A gate without a single miss has misses below one, not an error of zero.
        least = 1 / np.maximum(down[:size][known], 1)
        se[known] = np.maximum(np.sqrt(np.diag(found)), np.where(up[:size][known] < 0.5, least, 0))
    large = mean > 3
    excess = float(((m - mean)[large] ** 2 / variance[large]).mean()) if large.any() else 1.0
    one = np.bincount(x, np.where(h == size, part, 0), len(number))
    share = pd.Series(np.divide(one, mean, out=np.ones_like(mean), where=mean > 0), index=number)
    result = np.where(known, odds[:size], np.nan)
    return Odds(result, se, np.bincount(g, n, size + 1)[:size].astype(float), up[:size].astype(float), excess, share)
