"""A release as an outsider has it: a folder of files."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from audit.schema import KEYS, MEASURES
from kordon.errors import InputError

HIDDEN = "suppressed"
SHOWN = ("ok", "partial")
KNOWN_EMPTY = ("missing", "structural_zero")
"""Statuses of rows of which everybody knows that nothing was counted."""


@dataclass(frozen=True)
class Release:
    """What the files of one release say.

    Attributes:
        package: ``datapackage.json``.
        tables: per product its rows: keys as text, measures as numbers, ``status`` as text. A value that only one of the
            product's files shows is shown.
        layers: per reference layer the properties of its features.
        disagreeing: products whose CSV and Parquet files do not hold the same rows.
    """

    folder: Path
    package: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    layers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    disagreeing: tuple[str, ...] = ()

    @property
    def about(self) -> dict[str, Any]:
        found = self.package.get("kordon")
        return found if isinstance(found, dict) else {}

    @property
    def tier(self) -> str:
        return str(self.about.get("tier", "shared"))

    @property
    def k(self) -> int | None:
        """The threshold that the release declares."""
        k = self.about.get("k")
        return k if isinstance(k, int) else None


def read(folder: Path) -> Release:
    """Read a release.

    Raises:
        InputError: the folder holds no release, or a file of it cannot be read.
    """
    try:
        package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} has no readable datapackage.json: name the folder of one version of a release.") from error
    tables, disagreeing = {}, []
    for product in sorted(KEYS):
        forms = [_typed(frame, product) for frame in _forms(folder, product)]
        if not forms:
            continue
        tables[product] = forms[0]
        if len(forms) > 1:
            tables[product], same = _together(forms[0], forms[1])
            disagreeing += [] if same else [product]
    layers = {}
    for path in sorted(folder.glob("*.geojson")):
        features = json.loads(path.read_text(encoding="utf-8")).get("features", [])
        layers[path.stem] = [feature["properties"] for feature in features]
    return Release(folder, package, tables, layers, tuple(disagreeing))


def _forms(folder: Path, product: str) -> list[pd.DataFrame]:
    """The product as each of its files has it, all values as text."""
    csv, parquet = folder / f"{product}.csv", folder / f"{product}.parquet"
    found = []
    try:
        if csv.exists():
            found.append(pd.read_csv(csv, dtype=str, keep_default_na=False))
        if parquet.exists():
            found.append(pd.read_parquet(parquet))
    except (OSError, ValueError) as error:
        raise InputError(f"A file of {product} in {folder} cannot be read: the release is damaged.") from error
    return found


def _typed(frame: pd.DataFrame, product: str) -> pd.DataFrame:
    typed = pd.DataFrame(index=frame.index)
    for name in frame.columns:
        if name in KEYS[product] or name == "status":
            typed[name] = [value.isoformat() if hasattr(value, "isoformat") else str(value) for value in frame[name]]
        elif name in MEASURES[product]:
            typed[name] = pd.to_numeric(frame[name], errors="coerce").astype("float64")
    missing = [name for name in KEYS[product] if name not in typed]
    if missing:
        raise InputError(f"{product} has no column {', '.join(missing)}: its rows cannot be told apart.")
    if "status" not in typed:
        typed["status"] = ""
    return typed


def _together(one: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    keys = [name for name in one.columns if name in other.columns and one[name].dtype == object and name != "status"]
    if len(one) != len(other) or not one[keys].equals(other[keys]):
        return one, False
    shared = [name for name in one.columns if name in other.columns and name not in keys]
    same = one[shared].equals(other[shared])
    return (one if same else one.combine_first(other)[list(one.columns)]), same
