"""How far one vehicle-day can move each query group: L2 sensitivities, with their proofs.

**Neighbours.** Two sets of days are neighbours when one has one vehicle-day (one ``vid`` on one service day) more. What a
vehicle-day contributes is chosen by a keyed hash of itself alone, so taking it away leaves the contributions of all others as
they were: the counts of neighbours differ by exactly the vector x >= 0 of that one vehicle-day.

**Bounds** on x per vehicle-day, over all vehicle classes together (a vehicle may be read as a car here and a van there):
6 trips, of these 2 per pair of zones; 4 crossings of each cordon; 2 visits to each cordon, each in one dwell bin.

**One lemma.** Let a query group add x up into cells c, each unit of x into one cell (or none: a masked cell, which only
lowers the norm). If the sum is at most L and each cell is at most m, then |c|^2 = sum c_i^2 <= m * sum c_i <= m * L, since
c_i <= m; with m <= L it is reached when m divides L, by L / m cells of m each.

* Pairs of zones, whatever splits them further (hour, day type, class): a cell is part of one pair, so c_i <= 2 and the sum is
  at most 6: |c|^2 <= 12.
* Pairs of districts: all 6 trips may lie in one pair of districts: c_i <= 6, |c|^2 <= 36. Where a pair of districts holds a
  single pair of zones it is less; the larger figure is used throughout.
* Gates, hours, classes: all 4 crossings of a cordon may fall in one cell: |c|^2 <= 16 a cordon. The cells of C cordons are
  apart, so their squares add: 16 C.
* Gate pairs, and dwell bins: 2 visits in one cell: |c|^2 <= 4 a cordon, 4 C in all.

**Months.** The cells of a month add days up, but a vehicle-day lies in one day: neighbours differ by the same x, so the
sensitivity of a month is that of a day. A vehicle that comes every day is many vehicle-days: see ``epsilon_habit``.

**A release** draws each query group independently with variance sigma_g^2; it is rho-zCDP with rho = sum of
sens_g^2 / (2 sigma_g^2) (Bun and Steinke 2016, Proposition 1.6 and Lemma 2.3; Canonne, Kamath and Steinke 2020, Theorem 14
for the discrete Gaussian).
"""

import math

from kordon.contribution import BOUNDS, Bounds


def sensitivity(kind: str, *, cordons: int, bounds: Bounds = BOUNDS) -> float:
    """The L2 sensitivity of a query group.

    Args:
        kind: ``zone_pair``, ``district_pair``, ``crossing`` or ``visit``; the group may split these further by hour, day type,
            class, kind or bin without changing the result.
        cordons: how many cordons the group covers.
    """
    squared = {
        "zone_pair": bounds.trips * bounds.trips_per_pair,
        "district_pair": bounds.trips**2,
        "crossing": bounds.crossings_per_cordon**2 * cordons,
        "visit": bounds.visits_per_cordon**2 * cordons,
    }
    return math.sqrt(squared[kind])
