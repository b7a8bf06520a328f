"""The share of a month that drives through, in the open tier: worked out from two releases that are drawn, so that it costs nothing.

Of what really drove through, both ends were read for q², of what entered one end for q: the share is T / (q E) of what was counted. q is
what the city declares from counts of its own (``[dp] public_q``): the lake's would tell of its vehicles without noise.
"""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kordon.errors import ConfigError
from kordon.state import uri_of
from kordon.tables import TABLES
from privacy.ledger import Ledger
from privacy.ledger.chain import COMMITTED
from privacy.open_tier import DATASETS, DELTA, Drawn, unpack
from privacy.open_tier.noise import epsilon
from publication import open_files, staging, versions
from publication.approval import purpose_of
from publication.charts import shares_with_range
from publication.open_plan import THROUGH, Planned
from publication.products import MONTH, Product
from publication.staging import Terms

if TYPE_CHECKING:
    from kordon.city import City

SOURCES = ("gate_pair_month", "gate_month_hour")
Z95 = 1.96
KNOWN = 5
"""Standard errors that the entries must be: the range is a linear one, and below this a ratio is not."""


def _columns(*names: str) -> tuple[Any, ...]:
    found = {column.name: column for column in TABLES["out_through_day_cell"].columns}
    return tuple(found[name] for name in names)


_SHARE, _LOW, _HIGH = _columns("through_share", "through_share_low", "through_share_high")
TABLE = Product(
    THROUGH,
    "Share of what enters a cordon that drives through, per month",
    "Deel van wat een kordon binnenrijdt dat doorrijdt, per maand",
    "out_through_day_cell",
    (MONTH, *_columns("cordon_id")),
    (
        open_files.renamed(
            _SHARE, "through_share", en="Share of entries that drive through", nl="Deel van de binnenkomsten dat doorrijdt"
        ),
        open_files.renamed(_LOW, "low", en=_LOW.en, nl=_LOW.nl),
        open_files.renamed(_HIGH, "high", en=_HIGH.en, nl=_HIGH.nl),
    ),
    "through_share",
    None,
    ("The range is that of the noise; that of the declared detection probability, and what bounding leaves out, come on top.",),
    ("Het bereik is dat van de ruis; dat van de opgegeven detectiekans, en wat begrenzing weglaat, komt erbij.",),
)


def through_month(pairs: Drawn, gates: Drawn, *, q: float) -> pd.DataFrame:
    """The share of each cordon with its 95 % range, from noisy figures alone.

    Args:
        pairs, gates: what was drawn for ``gate_pair_month`` and ``gate_month_hour`` of the same month.
        q: the detection probability that the city declares.

    Returns:
        ``month``, ``cordon_id``, ``through_share``, ``low``, ``high``, ``status``: ``missing`` where a gate or a pair was down all month,
        or where noise leaves too little of the entries.
    """
    through = pairs.tables["cordon_month"].query("kind == 'through'")
    entries = gates.tables["gate_month"].query("direction == 'in'")
    rows = []
    for (month, cordon), visits in through.groupby(["month", "cordon_id"], sort=False):
        entered = entries[entries["cordon_id"] == cordon]
        states = {*visits["status"], *entered["status"]}
        t, e = float(visits["visits_unbiased"].sum()), float(entered["passages_unbiased"].sum())
        # Gates share no measurement with each other, so the errors of their estimates are independent.
        se_t, se_e = (np.sqrt(np.square(table["margin95"].astype(float) / Z95).sum()) for table in (visits, entered))
        share, half = (t / (q * e), Z95 * np.hypot(se_t / (q * e), t * se_e / (q * e**2))) if e > 0 else (np.nan, np.nan)
        status = "missing" if "missing" in states or e < KNOWN * se_e else "partial" if "partial" in states else "ok"
        ends = (share, share - half, share + half) if status != "missing" else (np.nan,) * 3
        rows.append((month, cordon, *np.round(np.clip(ends, 0, 1), 4), status))
    return pd.DataFrame(rows, columns=["month", "cordon_id", "through_share", "low", "high", "status"])


def stage_through(
    *,
    lake: str | Path,
    city: "City",
    days: list[date],
    out: Path,
    policy: str,
    created_at: datetime,
    ledger: Ledger,
    attack: Callable[[Path, list[Path]], None],
) -> Planned:
    """Stage the month's shares, worked out from what was drawn.

    Raises:
        ConfigError: the city declares no ``public_q``, or what the shares follow from is not released.
        PrivacyError: an attack gets through.
    """
    first, last = days[0], days[-1]
    q = city.dp.public_q
    if q is None:
        raise ConfigError(
            f"{THROUGH} needs public_q in [dp] of city.toml: a detection probability that {city.name} knows from counts of its own, never "
            "from this lake. Without it the share is not published."
        )
    pairs, gates = (_drawn(ledger, name, first=first, last=last) for name in SOURCES)
    rows = through_month(pairs, gates, q=q)
    series = f"{city.id}-open-{THROUGH}"
    period = out.absolute() / series / versions.period_name(first, last)
    newest = versions.latest(period)
    version = newest[0] + 1 if newest else 1
    terms = Terms(
        city=city.id,
        tier="open",
        series=series,
        first_day=str(first),
        last_day=str(last),
        version=version,
        out=uri_of(out),
        policy=policy,
        created_at=created_at.isoformat(),
    )
    rho = float(pairs.metadata["rho"]) + float(gates.metadata["rho"])
    metadata = {
        "release_id": f"{city.id}.{THROUGH}.{first}.{last}.v{version}",
        "dataset": THROUGH,
        "mechanism": f"worked out from {pairs.metadata['release_id']} and {gates.metadata['release_id']}; nothing is drawn for it",
        "preset": city.dp.preset,
        "rho": rho,
        "delta": DELTA,
        "epsilon": epsilon(rho, delta=DELTA),
        "epsilon_habit": epsilon(rho * len(days) ** 2, delta=DELTA),
        "public_q": q,
        "levels": [],
        "pooled": {},
        "bias": "What bounding leaves out of entries and of through traffic may differ a little.",
    }
    said: dict[str, Any] = {"plan": metadata, "budget": None}
    told: dict[str, Any] = {"config_hash": city.config_hash, "runs": [], "overrides": [], "correction": None, "budget": None}

    def fill(folder: Path) -> bool:
        open_files.write(
            folder,
            {THROUGH: rows},
            products=[TABLE],
            metadata={"measure": "through_share", **metadata},
            subject=("through traffic, with noise", "doorgaand verkeer, met ruis"),
            chart=shares_with_range(rows),
            city=city,
            terms=terms,
            told=told,
        )
        if newest and versions.is_same_data(folder, newest[1]):
            return False
        attack(folder, versions.with_files(period))
        return True

    staged = staging.stage(lake, terms=terms, purpose=purpose_of(city), fill=fill)
    if staged is None:
        assert newest is not None
        return Planned(newest[1], newest[0], False, said)
    return Planned(staged.folder, version, True, said)


def _drawn(ledger: Ledger, dataset: str, *, first: date, last: date) -> Drawn:
    rows = [r for r in ledger.rows() if (r.dataset, r.first_day, r.last_day, r.state) == (dataset, first, last, COMMITTED)]
    content = ledger.stored(rows[-1].release_id) if rows else None
    if content is None:
        raise ConfigError(
            f"{THROUGH} of {first:%Y-%m} follows from {' and '.join(SOURCES)}, and {dataset} was not released: release it first "
            f"(--dataset {dataset}, by the {DATASETS[dataset].unit})."
        )
    return unpack(content)
