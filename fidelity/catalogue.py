"""Every statistic of the report in its order, what it means, and the goal of the project where there is one.

Definitions in full stand with the functions that measure: ``boundaries``, ``identity``, ``clones``, ``clocks``, ``outages``
and ``passages``; those of flows in ``catalogue_flows``. "min_stop" is the city's ``min_stop_s``.
"""

from fidelity.catalogue_flows import FLOWS
from fidelity.scores import Goal, Measures, Score, Statistic

STATISTICS = (
    Statistic(
        *("boundary_f1", "Trips", "boundary F1", "1"),
        "Consecutive seen passages of a vehicle: cut where it stopped for min_stop, joined elsewhere; "
        "stops from 3 minutes to min_stop left out. A vehicle torn apart counts as cut.",
        Goal("at least", 0.97),
    ),
    Statistic(
        *("boundary_f1_strict", "Trips", "boundary F1, strict", "1"),
        "The same over every pair, whatever the length of the stop.",
        Goal("at least", 0.965),
    ),
    Statistic("boundary_precision", "Trips", "  precision", "1", "Of the cuts, those where it stopped."),
    Statistic("boundary_recall", "Trips", "  recall", "1", "Of the stops, those that were cut."),
    Statistic(
        *("boundary_f1_identity", "Trips", "boundary F1, strict, incl. identity errors", "1"),
        "Strict, and every uncut leg between two true vehicles is one more false boundary.",
    ),
    Statistic(
        *("boundary_f1_bridged", "Trips", "boundary F1, set aside is unseen", "1"),
        "As the first, but a passage that is in no trip counts as not seen, not as two cuts.",
    ),
    Statistic(
        *("boundary_f1_legs", "Trips", "boundary F1, own legs of one vehicle", "1"),
        "As the first, over legs in the product between passages of one true vehicle: cuts alone, identity aside.",
    ),
    Statistic(
        *("trips_error_pct", "Trips", "trips against true trips that were seen", "%"),
        "Trips, more or fewer than true chains of seen passages split at stops of min_stop.",
        Goal("within", 5),
    ),
    Statistic(
        *("misreads_joined_pct", "Identity", "misreads joined to their vehicle", "%"),
        "Misreads under the vid of their vehicle's right reads, of those on vehicle-days that have any.",
        Goal("at least", 70),
    ),
    Statistic(
        *("misreads_elsewhere_pct", "Identity", "misreads joined to another vehicle", "%"),
        "Misreads under the vid of another vehicle's right reads.",
    ),
    Statistic(
        *("misreads_set_aside_pct", "Identity", "misreads set aside", "%"),
        "Misreads without a vid: not joined, and not taken for a vehicle.",
    ),
    Statistic(
        *("damaged_pct", "Identity", "good vehicle-days damaged", "%"),
        "Vehicle-days with right reads and a plate of their own that were split, share a vid, or swallowed another's read.",
        Goal("at most", 0.2),
    ),
    Statistic("split_pct", "Identity", "  split", "%", "A right read is not under the vid of the vehicle's day."),
    Statistic("shared_pct", "Identity", "  shared", "%", "Two vehicles with different plates have one vid."),
    Statistic("swallowed_pct", "Identity", "  swallowed", "%", "A read of another vehicle is under its vid."),
    Statistic("ok_set_aside_pct", "Identity", "right reads wrongly set aside", "%", "Reads of the right plate without a vid."),
    Statistic(
        *("twins_apart_pct", "Identity", "same plate, kept apart", "%"),
        "Vehicle-days whose plate characters are another vehicle's too (clones, two countries) under a vid of their own.",
    ),
    Statistic(
        *("clones_flagged_pct", "Identity", "cloned plates flagged", "%"),
        "Plates of one country that several vehicles carried on a day, with a trip flagged clone_suspect. A clone that never "
        "drives where its original cannot be is not to be told.",
    ),
    Statistic(
        *("clones_wrong", "Identity", "vehicles wrongly flagged", "vehicle-days"),
        "Vehicle-days with a flagged trip whose plate nobody else carried.",
    ),
    Statistic(
        *("clock_median_s", "Clocks", "wrong clocks: median error", "s"),
        "Camera-hours with an estimate and usable delivery times of cameras that are more than 5 s wrong at some time: "
        "estimated offset against the true mean of the hour.",
        Goal("at most", 2),
    ),
    Statistic("clock_worst_s", "Clocks", "wrong clocks: worst hour", "s", "The largest of these errors.", Goal("at most", 10)),
    Statistic(
        *("clock_instant_s", "Clocks", "wrong clocks: worst instant", "s"),
        "The same against the worst moment within the hour: more where a clock was set right in it.",
    ),
    Statistic(
        *("good_clocks_corrected", "Clocks", "good clocks corrected by more than 5 s", "camera-days"),
        "Camera-days never more than 2 s wrong with an estimate above 5 s in some hour.",
        Goal("at most", 0),
    ),
    Statistic(
        *("clock_usable_told_pct", "Clocks", "usable camera-hours with an estimate", "%"),
        "Usable: 5 reads or more, the quickest twentieth received within a minute of the passage.",
        Goal("at least", 95),
    ),
    Statistic("clock_few_told_pct", "Clocks", "camera-hours of 5 reads with an estimate", "%", "Whatever their delivery."),
    Statistic("clock_told_pct", "Clocks", "camera-hours with an estimate", "%", "Of all camera-hours of the truth."),
    Statistic(
        *("read_time_median_s", "Clocks", "time of reads: median error", "s"),
        "read_ts against the true passage, absolute; naive is captured_at.",
    ),
    Statistic("read_time_p95_s", "Clocks", "time of reads: 95th percentile", "s", "95 % of reads are less wrong than this."),
    Statistic(
        *("read_time_worst_s", "Clocks", "time of reads: worst camera-hour", "s"),
        "The largest median error of the reads of a camera-hour, of at least 5 reads.",
    ),
    Statistic(
        *("dead_busy_flagged_pct", "Outages", "dead busy camera-hours flagged", "%"),
        "Down the whole hour while 20 vehicles or more passed: is_up false, or down_s of 3000 and more.",
        Goal("at least", 100),
    ),
    Statistic("dead_flagged_pct", "Outages", "dead camera-hours flagged", "%", "Quiet hours too."),
    Statistic(
        *("partial_close_pct", "Outages", "partial outages measured", "%"),
        "Down for 5 minutes and more of the hour, not all of it: down_s within 5 minutes of the truth.",
    ),
    Statistic(
        *("false_outage_pct", "Outages", "false outage hours", "%"),
        "Flagged, of camera-hours truly up throughout; naive flags each hour without a read.",
        Goal("at most", 0.2),
    ),
    Statistic("false_partial_pct", "Outages", "up, said to be down for 5 minutes", "%", "Of camera-hours truly up throughout."),
    Statistic(
        *("left_per_1000", "Passages", "doubles, opposite lane, phantoms left", "per 1,000"),
        "Passages that are no crossing of their own, all three kinds, of all passages in the product.",
        Goal("at most", 2),
    ),
    Statistic("double_per_1000", "Passages", "  double captures", "per 1,000", "Beyond the first of one true crossing."),
    Statistic("opposite_per_1000", "Passages", "  opposite-lane reads", "per 1,000", "The first read is of the other lane."),
    Statistic("phantom_per_1000", "Passages", "  phantoms", "per 1,000", "The first read is of no vehicle."),
    Statistic("lost_per_1000", "Passages", "crossings lost", "per 1,000", "Crossings with a right read and no passage."),
    Statistic("unknown_per_1000", "Passages", "passages unknown to the truth", "per 1,000", "First read not in read.csv."),
    *FLOWS,
)


def scores(measured: Measures) -> list[Score]:
    """The rows of the report; a statistic that was not measured is absent, one measured by part has a row a part."""
    rows = []
    for s in STATISTICS:
        keys = [key for key in measured if key.partition(":")[0] == s.key] or [s.key]
        for key in keys:
            part = key.partition(":")[2]
            value, naive, n = measured.get(key, (None, None, None))
            name = f"{s.name}, {part}" if part else s.name
            rows.append(Score(key, s.group, name, value, s.unit, n, s.explanation, s.goal, naive))
    return rows
