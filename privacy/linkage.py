"""What a vehicle's habits give away to who holds rows of vehicles: reported in the impact assessment, gated nowhere.

Changing keys does not hide a routine, so no row of a vehicle leaves the closed tables, whatever the key.
"""

import numpy as np
import pandas as pd
from scipy import sparse


def relinked(first: pd.DataFrame, second: pd.DataFrame) -> tuple[float, float]:
    """Match the vehicles of two key periods by where and when they were seen.

    Each vehicle is a vector over pairs of place and hour of the day, weighted by how rare a pair is; the match is the nearest by cosine.
    Source: privacy.md 1.3, after TF-IDF retrieval.

    Args:
        first, second: ``vehicle``, ``place``, ``hour``; the same vehicle has the same name in both, which the match does not see.

    Returns:
        The share of the vehicles seen in both periods whose nearest match is themselves, and the share that chance gives.
    """
    pairs = pd.MultiIndex.from_frame(pd.concat([first, second])[["place", "hour"]].drop_duplicates())
    names_a, a = _vectors(first, pairs)
    names_b, b = _vectors(second, pairs)
    rarity = np.log(a.shape[0] / np.maximum(1, a.getnnz(axis=0)))
    a, b = _unit(a.multiply(rarity).tocsr()), _unit(b.multiply(rarity).tocsr())
    similar = (a @ b.T).tocsr()
    both = set(names_a) & set(names_b)
    hits = 0.0
    for row, name in enumerate(names_a):
        if name in both:
            scores = similar[row]
            if scores.nnz:
                best = names_b[scores.indices[scores.data == scores.data.max()]]
                hits += (name in best) / len(best)
    return (hits / len(both), 1 / len(names_b)) if both else (0.0, 0.0)


def unicity(seen: pd.DataFrame, *, points: int, sample: int, rng: np.random.Generator) -> float:
    """How many vehicles are the only one at some of the places and hours where they were seen.

    Source: de Montjoye et al. 2013, Unique in the Crowd.

    Args:
        seen: ``vehicle``, ``place``, ``hour``.
        points: how many of a vehicle's pairs of place and hour an attacker knows.
        sample: how many vehicles are tried, among those that have so many pairs.

    Returns:
        The share of the vehicles tried that no other vehicle agrees with.
    """
    pairs = seen[["vehicle", "place", "hour"]].drop_duplicates()
    at = pairs.groupby(["place", "hour"]).vehicle.agg(set).to_dict()
    of: dict[object, list[tuple[object, object]]] = {}
    for vehicle, place, hour in pairs.itertuples(index=False, name=None):
        of.setdefault(vehicle, []).append((place, hour))
    able = [vehicle for vehicle, known in of.items() if len(known) >= points]
    tried: list[int] = rng.choice(len(able), size=min(sample, len(able)), replace=False).tolist() if able else []
    alone = 0
    for number in tried:
        known = of[able[number]]
        chosen = rng.choice(len(known), size=points, replace=False)
        alone += len(set.intersection(*(at[known[one]] for one in chosen))) == 1
    return alone / len(tried) if tried else 0.0


def _vectors(seen: pd.DataFrame, pairs: pd.MultiIndex) -> tuple[np.ndarray, sparse.csr_matrix]:
    codes, names = pd.factorize(seen.vehicle, sort=True)
    columns = pairs.get_indexer(pd.MultiIndex.from_frame(seen[["place", "hour"]]))
    ones = np.ones(len(seen))
    return np.asarray(names), sparse.csr_matrix((ones, (codes, columns)), shape=(len(names), len(pairs)))


def _unit(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.diags(1 / np.maximum(length, 1e-12)) @ rows
