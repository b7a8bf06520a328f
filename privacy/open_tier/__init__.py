"""The open tier: differentially private tables of a fixed cell set.

A release goes through five calls: ``plan`` (cells, levels, noise, price), ``reserve`` (pay), ``draw`` (noise, once),
``audit`` and ``Ledger.commit`` (keep for good); ``release_once`` does the last four and returns what is kept when there is something.
"""

from privacy.open_tier.budget import DELTA, Preset, preset
from privacy.open_tier.checking import audit
from privacy.open_tier.datasets import DATASETS
from privacy.open_tier.drawing import Drawn, draw
from privacy.open_tier.places import Places, places_of
from privacy.open_tier.planning import Plan, plan
from privacy.open_tier.releasing import pack, release_once, reserve, unpack

__all__ = [
    "DATASETS",
    "DELTA",
    "Drawn",
    "Places",
    "Plan",
    "Preset",
    "audit",
    "draw",
    "pack",
    "places_of",
    "plan",
    "preset",
    "release_once",
    "reserve",
    "unpack",
]
