"""Flow layer, how long: stays in a cordon and drives between two sites. Closed: counts of one vehicle stand here."""

from kordon.tables.cells import (
    KEPT,
    capped,
    class_or_all,
    count,
    estimate,
    hour_ts,
    maybe,
    seconds,
    status,
    vehicle_class,
    vehicles,
    visits,
    visits_expanded,
    visits_se,
)
from kordon.tables.core import cordon_id
from kordon.tables.raw import service_day
from kordon.tables.record import CLOSED, DOUBLE, INT, STRING, Column, Table

dwell_bin_s = Column(
    "dwell_bin_s", INT, en="Lower bound of the dwell time bin", nl="Ondergrens van de verblijfsduurklasse", unit="s", at_least=0
)

flow_dwell_day = Table(
    "flow_dwell_day",
    tier=CLOSED,
    kept=KEPT,
    grain="cordon, dwell time bin and vehicle class",
    key=("service_day", "cordon_id", "vehicle_class", "dwell_bin_s"),
    columns=(
        service_day,
        cordon_id,
        vehicle_class,
        dwell_bin_s,
        visits,
        vehicles,
        visits_expanded,
        visits_se,
        capped,
        status,
    ),
)

flow_dwell_summary_day = Table(
    "flow_dwell_summary_day",
    tier=CLOSED,
    kept=KEPT,
    grain="cordon and vehicle class, and all classes together",
    key=("service_day", "cordon_id", "vehicle_class"),
    columns=(
        service_day,
        cordon_id,
        class_or_all,
        visits,
        vehicles,
        seconds("mean_s", "Mean dwell time", "Gemiddelde verblijfsduur"),
        seconds("p25_s", "25th percentile of the dwell time", "25e percentiel van de verblijfsduur"),
        seconds("p50_s", "Median dwell time", "Mediane verblijfsduur"),
        seconds("p75_s", "75th percentile of the dwell time", "75e percentiel van de verblijfsduur"),
        seconds("p90_s", "90th percentile of the dwell time", "90e percentiel van de verblijfsduur"),
    ),
    warnings=("The distribution has two humps, through traffic and stays: look at flow_dwell_day too.",),
)

travel_times = (
    seconds("mean_s", "Mean travel time", "Gemiddelde reistijd"),
    maybe(seconds("p10_s", "10th percentile of the travel time", "10e percentiel van de reistijd")),
    seconds("p25_s", "25th percentile of the travel time", "25e percentiel van de reistijd"),
    seconds("p50_s", "Median travel time", "Mediane reistijd"),
    seconds("p75_s", "75th percentile of the travel time", "75e percentiel van de reistijd"),
    maybe(seconds("p90_s", "90th percentile of the travel time", "90e percentiel van de reistijd")),
    maybe(seconds("p95_s", "95th percentile of the travel time", "95e percentiel van de reistijd")),
    maybe(
        seconds("free_flow_s", "15th percentile of the day's off-peak legs", "15e percentiel van de ritdelen buiten de spits")
    ),
    estimate("tti", "Travel time index: mean / free flow", "Reistijdindex: gemiddelde / vrije reistijd"),
    estimate("pti", "Planning time index: p95 / free flow", "Planningstijdindex: p95 / vrije reistijd"),
    Column(
        "buffer_index",
        DOUBLE,
        en="(p95 - mean) / mean: the extra time to be on time 19 times in 20",
        nl="(p95 - gemiddelde) / gemiddelde: extra tijd om 19 keer op 20 op tijd te zijn",
        unit="1",
        may_be_null=True,
    ),
)

flow_travel_time_hour = Table(
    "flow_travel_time_hour",
    tier=CLOSED,
    kept=KEPT,
    grain="pair of consecutive sites, hour of the departure and vehicle class, and all classes together",
    key=("service_day", "hour_ts", "from_site_id", "to_site_id", "vehicle_class"),
    columns=(
        service_day,
        hour_ts,
        Column("from_site_id", STRING, en="Site at the start", nl="Meetpunt aan het begin"),
        Column("to_site_id", STRING, en="Site at the end", nl="Meetpunt aan het einde"),
        class_or_all,
        count("n", "Legs driven without a stop", "Ritdelen zonder stop"),
        vehicles,
        *travel_times,
        status,
    ),
    warnings=(
        "A 95th percentile of fewer than 60 legs is one vehicle's day.",
        "A leg that takes 1.5 times as long as expected and four minutes more counts as a stop, also where the road was blocked.",
    ),
)
