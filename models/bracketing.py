"""Bracketing: at a site that everybody passes between two others, who was seen at both and not there was missed (methods 1d B).

A way around the site looks like a miss, so the share seen is a lower bound; taking the pairs of sites with the highest shares makes it
too high again. Half of the vehicles therefore choose the pairs, and the other half measure the share there.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

KEY = ["a", "b", "c"]
LEAST_TO_CHOOSE = 8
TOLERANCE_SD = 1.0
"""A pair of sites is believed to have no way around while its share lies less than this below the best ones."""
CAUTION = 1.4
"""Errors against truth were 1.0 to 1.4 times the binomial ones (Vliet, seeds 41 to 43): some pairs do have a way around."""


def bracket(between: pd.DataFrame, direct: pd.DataFrame) -> pd.DataFrame:
    """Choose pairs of sites around each site, and say what was seen and missed there.

    Args:
        between: ``a``, ``b``, ``c``, ``half`` (0 or 1), ``n``: vehicles of that half seen at a, b and c in a row, soon after another.
        direct: the same for vehicles seen at a and c in a row, once for each b that may lie between them.

    Returns:
        ``a``, ``b``, ``c``, ``half``: the pairs around b by which that half of the vehicles is to be judged.
    """
    table = _by_half(between).join(_by_half(direct), lsuffix="_seen", rsuffix="_missed").fillna(0.0).reset_index()
    chosen = []
    for _, rows in table.groupby("b"):
        for judge, half in ((0, 1), (1, 0)):
            keep = _without_way_around(rows[f"{judge}_seen"].to_numpy(float), rows[f"{judge}_missed"].to_numpy(float))
            chosen.append(rows.loc[keep, KEY].assign(half=half))
    return pd.concat(chosen, ignore_index=True) if chosen else pd.DataFrame(columns=[*KEY, "half"])


def _by_half(rows: pd.DataFrame) -> pd.DataFrame:
    table = rows.groupby([*KEY, "half"]).n.sum().unstack(fill_value=0).reindex(columns=[0, 1], fill_value=0.0)
    return table.rename(columns=str)


def _without_way_around(seen: Floats, missed: Floats) -> Flags:
    total = seen + missed
    usable: Flags = total >= LEAST_TO_CHOOSE
    if not usable.any():
        return usable
    share = (seen + 0.5) / (total + 1)
    low = np.where(usable, share - np.sqrt(share * (1 - share) / (total + 1)), 0)
    best = low.max()
    keep: Flags = low == best
    for _ in range(10):
        deviation = (seen - total * best) / np.sqrt(np.maximum(total * best * (1 - best), 1e-9))
        keep = usable & (deviation > -TOLERANCE_SD)
        if not keep.any():
            best_alone: Flags = low == low.max()
            return best_alone
        new = (seen[keep].sum() + 0.5) / (total[keep].sum() + 1)
        if abs(new - best) < 1e-6:
            break
        best = new
    return keep
