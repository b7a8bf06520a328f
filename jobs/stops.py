"""When a gap between two passages of a vehicle means that it stopped: the one rule of trips, driving through and driving times."""

from pyspark.sql import Column
from pyspark.sql import functions as F

SLOW_FACTOR = 1.5
STOP_MARGIN_S = 240
"""A stop of min_stop_s shows as that much more than the reference, plus the time to park and leave (methods S8, section 6);
ADR 4 says what other margins do."""
SENSITIVITY_S = 120
"""The limit is a definition: through traffic is given for a shorter and a longer one too (methods section 6)."""


def is_stop(*, min_stop_s: int, longer_s: int = 0) -> Column:
    """Whether ``gap_s`` is longer than ``reference_s`` and a stop of under ``min_stop_s`` explain, with 0 whether it is any stop.

    Args:
        longer_s: the limit is to be so many seconds longer.
    """
    reference = F.col("reference_s")
    return F.col("gap_s") > F.greatest(SLOW_FACTOR * reference, reference + min_stop_s + STOP_MARGIN_S) + longer_s
