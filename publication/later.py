"""A later version of a shared release: figures that moved too little are those of the version before, what was hidden stays hidden.

What the rows of a version rest on (exact counts, numbers of vehicles) is kept, closed, in the folder in which it was staged. A row
that repeats an earlier figure keeps what that one rested on, so that small movements cannot add up unseen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kordon.errors import ConfigError
from kordon.state import uri_of
from privacy.day_relations import Crossing
from privacy.disclosure import SHOWN, SUPPRESSED
from privacy.relations import Bools
from privacy.repetition import EXACT, moved_enough, settled
from publication import staging, versions
from publication.approval import approval_of
from publication.products import MONTHLY, PRODUCTS

PREFIX = "exact_"


@dataclass(frozen=True)
class Before:
    """The version before, from what was kept of it.

    Attributes:
        rows: per product its published rows.
        exact: per product, row by row, what they rest on.
        was_withdrawn: whether its files are gone: then what may not be shown any more is hidden, and not repeated.
    """

    rows: Mapping[str, pd.DataFrame]
    exact: Mapping[str, pd.DataFrame]
    was_withdrawn: bool

    def hidden(self) -> dict[str, Bools]:
        """The rows that were suppressed, by product."""
        return {product: (self.rows[product]["status"] == SUPPRESSED).to_numpy() for product in self.exact}


def keep(folder: Path, *, rows: Mapping[str, pd.DataFrame], exact: Mapping[str, pd.DataFrame]) -> None:
    """Keep what a version's rows rest on, in the folder in which it is staged."""
    folder.mkdir(mode=staging.OWNER_ONLY)
    for product, counts in exact.items():
        rows[product].join(counts.add_prefix(PREFIX)).to_parquet(folder / f"{product}.parquet", index=False)


def exact_of(true: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The exact counts and numbers of vehicles of all rows that count vehicles."""
    return {
        product: table[[*dict.fromkeys(EXACT[product])]].reset_index(drop=True)
        for product, table in true.items()
        if product in EXACT
    }


def before(published: Path, *, lake: str | Path, true: Mapping[str, pd.DataFrame]) -> Before:
    """What was kept of a published version.

    Args:
        true: per product the dense cells of the new version.

    Raises:
        ConfigError: nothing was kept in this lake, or the version has other rows.
    """
    kept = staging.area(lake) / Path(str(approval_of(published).get("staged"))).name / staging.BASIS
    rows, exact = {}, {}
    for product in (p for p in (*PRODUCTS, *MONTHLY) if p.name in true and p.name in EXACT):
        path = kept / f"{product.name}.parquet"
        if not path.is_file():
            raise ConfigError(
                f"{uri_of(kept)} does not hold what {product.name} of {uri_of(published)} rests on, so a new version cannot be "
                "compared with it: release from the lake that published it. Nothing is released."
            )
        found, keys = pd.read_parquet(path), product.key_names
        if not true[product.name][keys].astype(str).equals(found[keys].astype(str)):
            raise ConfigError(
                f"{product.name} of {uri_of(published)} has other rows than the city folder gives now (gates, zones, classes): a period "
                "keeps its rows in every version. Release it with the city folder of that version."
            )
        rows[product.name] = found[[column.name for column in product.columns]]
        exact[product.name] = found[[PREFIX + name for name in dict.fromkeys(EXACT[product.name])]].rename(
            columns=lambda name: name.removeprefix(PREFIX)
        )
    return Before(rows, exact, versions.withdrawal_of(published) is not None)


def succeed(
    earlier: Before,
    *,
    rows: Mapping[str, pd.DataFrame],
    true: Mapping[str, pd.DataFrame],
    known: Sequence[Crossing],
    zone_of: Mapping[str, str],
    k: int,
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The rows of the new version, and the exact counts that they rest on.

    Args:
        rows: per product its rows as they would be published if nothing had been before; what was suppressed is so in them.
        true: the dense cells that they were made of.
    """
    exact = exact_of(true)
    was_shown, shown, changes = {}, {}, {}
    for product, table in earlier.rows.items():
        was_shown[product] = table["status"].isin(SHOWN).to_numpy()
        shown[product] = rows[product]["status"].isin(SHOWN).to_numpy()
        moved = moved_enough(product, exact[product], earlier.exact[product], k=k)
        # Of what had no value before, such as hours in which cameras were down, every figure is new.
        changes[product] = shown[product] & (moved | ~was_shown[product])
    given = {product: true[product].reset_index(drop=True) for product in earlier.rows}
    changes = settled(given, earlier.exact, changes=changes, known=known, zone_of=zone_of, k=k)
    out, rests_on = dict(rows), dict(exact)
    for product, then in earlier.rows.items():
        repeats = was_shown[product] & ~changes[product]
        if earlier.was_withdrawn:
            repeats &= shown[product]
        hides = ~was_shown[product] & shown[product] & ~changes[product]
        table = _mixed(rows[product], then, repeats)
        table.loc[hides, "status"] = SUPPRESSED
        table.loc[hides, _measures(product)] = None
        out[product] = table
        rests_on[product] = _mixed(exact[product], earlier.exact[product], repeats)
    return out, rests_on


def _mixed(now: pd.DataFrame, then: pd.DataFrame, repeats: Bools) -> pd.DataFrame:
    """The rows of now, but for those that repeat."""
    both = pd.concat([now[~repeats], then[repeats].astype(dict(now.dtypes))])
    return both.sort_index()


def _measures(product: str) -> list[str]:
    return next(p.measure_names for p in (*PRODUCTS, *MONTHLY) if p.name == product)
