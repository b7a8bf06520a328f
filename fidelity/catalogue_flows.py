"""The statistics of flows: counts, origin-destination, through traffic, stays, detection, travel times.

Definitions in full stand with the functions that measure: ``cells``, ``counts``, ``through``, ``stays``, ``detection`` and
``travel``. Intervals are judged on cells in which the mean of truth and estimate is at least 5.
"""

from fidelity.scores import Goal, Statistic

COVERED, WIDE = Goal("from", 90, 98), Goal("within", 25)
WIDTH = "Median half-width against what it takes to cover exactly 95 %: positive is too wide, negative too narrow."
EXPANDED_TOTAL = "Sum of passages_expanded against all true crossings, read or not; hours without a value left out of both."

FLOWS = (
    Statistic(
        *("gate_counted_total_pct", "Gates by hour", "counted: total error", "%"),
        "Crossings of a gate in an hour and direction, classes together; cells that the product has a value for.",
    ),
    Statistic("gate_counted_mape_pct", "Gates by hour", "counted: MAPE", "%", "Mean error of cells of 20 and more."),
    Statistic("gate_counted_geh5_pct", "Gates by hour", "counted: GEH < 5", "%", "Raw counts meet it too: no proof."),
    Statistic("gate_total_pct", "Gates by hour", "expanded: total error", "%", EXPANDED_TOTAL, Goal("within", 1)),
    Statistic("gate_expanded_total_pct", "Gates by hour", "expanded: total error, all", "%", "Both directions."),
    Statistic(
        *("gate_expanded_mape_pct", "Gates by hour", "expanded: MAPE", "%"),
        "Mean error of passages_expanded, of cells of 20 true crossings and more.",
        Goal("at most", 4),
    ),
    Statistic("gate_expanded_geh5_pct", "Gates by hour", "expanded: GEH < 5", "%", "Raw counts meet it too: no proof."),
    Statistic(
        *("gate_left_out_pct", "Gates by hour", "expanded: crossings left out", "%"),
        "True crossings in cells without an expanded value: cameras down, or q not known.",
    ),
    Statistic(
        *("gate_coverage_pct", "Gates by hour", "coverage of 95 % intervals", "%"),
        "Cells whose truth lies between low and high, or within 1.96 standard errors; those of classes added in squares.",
        COVERED,
    ),
    Statistic("gate_width_pct", "Gates by hour", "intervals too wide by", "%", WIDTH, WIDE),
    Statistic(
        *("gate_class_coverage_pct", "Gates by hour", "coverage, by vehicle class", "%"),
        "The same with classes apart: classes that cameras mistake count against it.",
    ),
    Statistic("gate_class_width_pct", "Gates by hour", "intervals by class too wide by", "%", WIDTH),
    Statistic(
        *("od_counted_total_pct", "Origin-destination", "counted: total error", "%"),
        "Trips by first and last camera site over all days; the truth is of all true passages, read or not.",
    ),
    Statistic(
        *("od_counted_error", "Origin-destination", "counted: sum of errors / truth", "1"),
        "Absolute errors of the pairs of sites over all days.",
    ),
    Statistic("od_counted_mape_pct", "Origin-destination", "counted: MAPE", "%", "Mean error of pairs of 20 and more."),
    Statistic(
        *("od_counted_hour_error", "Origin-destination", "counted: sum of errors / truth, by hour", "1"),
        "Absolute errors by pair of sites and hour of the first passage.",
    ),
    Statistic("od_expanded_total_pct", "Origin-destination", "expanded: total error", "%", "Of trips_expanded."),
    Statistic(
        *("od_expanded_error", "Origin-destination", "expanded: sum of errors / truth", "1"),
        "Absolute errors of the pairs of sites over all days.",
        Goal("at most", 0.06),
    ),
    Statistic(
        *("od_expanded_mape_pct", "Origin-destination", "expanded: MAPE", "%"),
        "Mean error of pairs of 20 true trips and more over all days.",
        Goal("at most", 10),
    ),
    Statistic(
        *("od_expanded_hour_error", "Origin-destination", "expanded: sum of errors / truth, by hour", "1"),
        "Absolute errors by pair of sites and hour of the first passage.",
        Goal("at most", 0.15),
    ),
    Statistic(
        *("od_hour_coverage_pct", "Origin-destination", "coverage of 95 % intervals, by hour", "%"),
        "Pairs of sites and hours within 1.96 standard errors of flow_od_hour.",
        COVERED,
    ),
    Statistic("od_hour_width_pct", "Origin-destination", "intervals by hour too wide by", "%", WIDTH, WIDE),
    Statistic(
        *("od_day_coverage_pct", "Origin-destination", "coverage of 95 % intervals, by day", "%"),
        "Pairs of zones and days within 1.96 standard errors of flow_zone_od_day.",
        COVERED,
    ),
    Statistic("od_day_width_pct", "Origin-destination", "intervals by day too wide by", "%", WIDTH, WIDE),
    Statistic(
        *("through_total_pct", "Through traffic", "vehicles: total error", "%"),
        "Visits of class through, expanded, against true visits that left by another gate without a stop of min_stop; hours "
        "that the product does not know left out.",
        Goal("within", 2),
    ),
    Statistic(
        *("through_pairs_error", "Through traffic", "gate pairs: sum of errors / truth", "1"),
        "Absolute errors of the pairs of gates over all days.",
        Goal("at most", 0.06),
    ),
    Statistic(
        *("through_nostop_pct", "Through traffic", "vehicles, no stop at all: total error", "%"),
        "The first, against vehicles that did not stop at all inside: cameras see neither a short stop nor its absence.",
    ),
    Statistic(
        *("through_left_out_pct", "Through traffic", "vehicles left out", "%"),
        "True vehicles that drove through, with an end in a gate's hour without an expanded value or in a cell without one.",
    ),
    Statistic(
        *("through_points", "Through traffic", "share: worst day", "points"),
        "through_share minus the true share of entries, on the day on which it is furthest off. A stop below min_stop is none.",
        Goal("within", 2),
    ),
    Statistic(
        *("through_nostop_points", "Through traffic", "share, no stop at all: worst day", "points"),
        "The same, where visit.csv says that the vehicle did not stop: short stops cannot be seen by cameras.",
    ),
    Statistic(
        *("through_coverage_pct", "Through traffic", "coverage of the share's intervals", "%"),
        "Cordons and days whose true share lies between low and high.",
    ),
    Statistic(
        *("pair_coverage_pct", "Through traffic", "coverage of gate pairs' 95 % intervals", "%"),
        "Pairs of gates by day, driving through and staying, within 1.96 standard errors of out_gate_pair_day_cell.",
        COVERED,
    ),
    Statistic("pair_width_pct", "Through traffic", "intervals of gate pairs too wide by", "%", WIDTH, WIDE),
    Statistic(
        *("dwell_median_pct", "Stays", "dwell time: median", "%"),
        "Median of stays of 30 minutes and more, against the true median.",
        Goal("within", 10),
    ),
    Statistic(
        *("dwell_p90_pct", "Stays", "dwell time: 90th percentile", "%"),
        "90th percentile of stays of 30 minutes and more, against the true one.",
        Goal("within", 10),
    ),
    Statistic(
        *("stock_error_pct", "Stays", "stock: mean error / maximum", "%"),
        "vehicles_inside by quarter of an hour against the vehicles truly inside, of those that cross the cordon that day: "
        "one that does not move all day is known to nobody. Quarters with a value.",
        Goal("at most", 10),
    ),
    Statistic(
        *("stock_all_error_pct", "Stays", "stock, parked all day too", "%"),
        "The same with vehicles that the truth knows inside from another day.",
    ),
    Statistic(
        *("detection_cordon_error", "Detection", "q: mean error on the cordon", "1"),
        "By site and day, absolute, against the share of true passages there that were read and matched while it was up.",
        Goal("at most", 0.01),
    ),
    Statistic(
        *("detection_elsewhere_error", "Detection", "q: mean error elsewhere", "1"),
        "The same at sites that are no gate.",
        Goal("at most", 0.02),
    ),
    Statistic(
        *("detection_coverage_pct", "Detection", "q: sites whose 95 % interval holds", "%"),
        "Of all sites of 50 true passages and more: one without a q is a miss.",
        Goal("at least", 90),
    ),
    Statistic(
        *("detection_unidentified_pct", "Detection", "q: sites without", "%"),
        "Of all sites of 50 true passages and more, by day.",
        Goal("at most", 10),
    ),
    Statistic(
        *("travel_median_mape_pct", "Travel time", "link medians: mean error", "%"),
        "Absolute, by pair of sites and hour, of 20 legs and more, against true drives without a stop; naive is of legs "
        "within 15 minutes.",
        Goal("at most", 3),
    ),
    Statistic(
        *("travel_tail_mape_pct", "Travel time", "link 95th percentiles: mean error", "%"),
        "The same of 40 legs and more: what planning and buffer indices rest on.",
    ),
)
