"""Chains of sites: which observed chain can be the rest of which true one, and in how many ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_MISSED = 4
"""A trip of which more cameras are missed is taken for another one: with q = .75 that is one passage chain in a thousand."""
AT_ONCE = 2_000_000
"""Pairs that are looked at in one go, which bounds the memory."""


@dataclass(frozen=True)
class Chains:
    """Distinct chains of sites as numbers.

    ``sites``: shape (chains, longest), -1 after the end. ``length``: shape (chains,). ``visits``: how often a chain passes a
    site, shape (chains, number of sites).
    """

    sites: Ints
    length: Ints
    visits: Floats

    @classmethod
    def of(cls, chains: Sequence[Sequence[str]], *, number: Mapping[str, int]) -> "Chains":
        """Encode chains, none of them empty, by the number of each site."""
        length = np.array([len(chain) for chain in chains], np.int64)
        sites = np.full((len(chains), int(length.max(initial=0))), -1, np.int64)
        sites[np.arange(sites.shape[1]) < length[:, None]] = [number[site] for chain in chains for site in chain]
        visits = np.zeros((len(chains), len(number)))
        row, column = np.nonzero(sites >= 0)
        np.add.at(visits, (row, sites[row, column]), 1.0)
        return cls(sites, length, visits)

    def __len__(self) -> int:
        return len(self.length)

    @property
    def first(self) -> Ints:
        return self.sites[:, 0]

    @property
    def last(self) -> Ints:
        return self.sites[np.arange(len(self)), self.length - 1]


def embeddings(chains: Chains) -> sp.csr_matrix:
    """In how many ways each chain is what remains of each other when at most :data:`MOST_MISSED` passages are missed.

    Returns:
        Shape (chains, chains): row the observed chain, column the true one; 1 on the diagonal. Where no site is passed twice
        an entry is 1.
    """
    observed, true = _candidates(chains)
    ways = np.empty(len(observed))
    order = np.argsort(chains.length[true], kind="stable")
    step = max(1, AT_ONCE // max(chains.sites.shape[1], 1))
    for start in range(0, len(order), step):
        part = order[start : start + step]
        ways[part] = _ways(chains, observed[part], true[part])
    kept = ways > 0
    return sp.csr_matrix((ways[kept], (observed[kept], true[kept])), shape=(len(chains), len(chains)))


def _candidates(chains: Chains) -> tuple[Ints, Ints]:
    """Pairs (observed, true) of which the true one passes every site of the other and is not much longer.

    A chain is compared only with those that pass its rarest site; sets of sites are bits of 64-bit words.
    """
    passes = chains.visits > 0
    padded = np.pad(passes, ((0, 0), (0, -passes.shape[1] % 64)))
    words = np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
    users = passes.sum(0)
    rarest = np.where(passes, users, len(chains) + 1).argmin(1)
    observed, true = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for site in np.unique(rarest):
        mine, others = np.flatnonzero(rarest == site), np.flatnonzero(passes[:, site])
        step = max(1, AT_ONCE // len(others))
        for start in range(0, len(mine), step):
            rows = mine[start : start + step]
            longer = chains.length[others] - chains.length[rows][:, None]
            fits = (longer >= 0) & (longer <= MOST_MISSED)
            for word in range(words.shape[1]):
                fits &= (words[rows, word][:, None] & ~words[others, word]) == 0
            a, b = np.nonzero(fits)
            observed.append(rows[a])
            true.append(others[b])
    return np.concatenate(observed), np.concatenate(true)


def _ways(chains: Chains, observed: Ints, true: Ints) -> Floats:
    """Number of embeddings of each pair: a passage is read as the next one of the observed chain, or missed."""
    short = chains.sites[observed, : chains.length[observed].max(initial=1)]
    ways = np.zeros((len(observed), short.shape[1] + 1))
    ways[:, 0] = 1.0
    for step in range(int(chains.length[true].max(initial=0))):
        site = chains.sites[true, step][:, None]
        ways[:, 1:] += np.where((short == site) & (site >= 0), ways[:, :-1], 0.0)
    return np.asarray(ways[np.arange(len(observed)), chains.length[observed]])
