"""Small releases as folders of files, written from text tables without the code that makes real ones."""

import json
from pathlib import Path

import pandas as pd

from audit.schema import KEYS

DAY = "2026-03-10"


def table(product: str, text: str) -> pd.DataFrame:
    """Rows as a person writes them; ``-`` is an empty field, keys that are left out get a value that is the same in all rows."""
    header, *lines = [[field.strip() for field in line.split("|")] for line in text.strip().splitlines()]
    frame = pd.DataFrame(lines, columns=header).replace("-", "")
    constants = {"date": DAY, "month": DAY[:7], "cordon_id": "ring", "vehicle_class": "car", "kind": "stay", "direction": "in"}
    constants |= {"hour": f"{DAY}T08:00:00+01:00", "gate_id": "north"}
    for key in KEYS[product]:
        if key not in frame:
            frame.insert(0, key, constants[key])
    return frame


def release(
    folder: Path,
    *,
    version: int = 1,
    k: int = 10,
    tier: str = "shared",
    layers: dict[str, list[dict]] | None = None,
    **products: str,
) -> Path:
    """Write a release.

    Args:
        layers: per reference layer the properties of its features.
        products: per product its rows as text.
    """
    here = folder / f"v{version}"
    here.mkdir(parents=True)
    about = {"tier": tier, "k": k, "city": "town", "version": version, "period": {"first_day": DAY, "last_day": DAY}}
    (here / "datapackage.json").write_text(json.dumps({"kordon": about}))
    for product, text in products.items():
        table(product, text).to_csv(here / f"{product}.csv", index=False)
    for name, features in (layers or {}).items():
        content = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": f} for f in features]}
        (here / f"{name}.geojson").write_text(json.dumps(content))
    return here
