"""Clones: a plate that is likely on two vehicles is counted at sites and gates, but makes no origins and destinations (methods 1b).

A leg that nobody can drive gives it away. Two a day, as the literature asks, found 5 and 6 of 12 clones (Vliet, seeds 1014 and 1030); one
found 9 and 10, and flagged no other vehicle of 20,000 and of 10,000 with every fault at once.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

CLONE_SUSPECT = "clone_suspect"
"""The flag of a trip, and the reason under which flows account for it."""


def is_impossible() -> Column:
    """Whether a row of ``core_leg`` is faster than anybody drives."""
    return F.coalesce(F.col("cut_reason") == "too_fast", F.lit(False))


def is_clone_suspect() -> Column:
    """Whether a row of ``core_trip`` is one of a plate that is likely on two vehicles."""
    return F.array_contains("flags", CLONE_SUSPECT)
