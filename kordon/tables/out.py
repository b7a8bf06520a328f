"""Product cells: each product's counts at its own grain, stored daily. Closed: a release is made from these, and only these."""

from kordon.tables import cells, flow, times
from kordon.tables.core import cordon_id
from kordon.tables.raw import service_day
from kordon.tables.record import CLOSED, DOUBLE, LONG, STRING, TIMESTAMP, Column, Table

KEPT = cells.KEPT

expanded = Column(
    "expanded", DOUBLE, en="Estimate of what there really was", nl="Schatting van wat er echt was", may_be_null=True, at_least=0
)
expanded_se = Column(
    "expanded_se", DOUBLE, en="Standard error of expanded", nl="Standaardfout van expanded", may_be_null=True, at_least=0
)

bounded = Column(
    "bounded",
    LONG,
    en="What the open tier counts: of each vehicle and day at most 6 trips (2 of a pair of zones), 4 crossings and 2 visits of a cordon",
    nl="Wat de open laag telt: per voertuig en dag hoogstens 6 ritten (2 per zonepaar), 4 passages en 2 bezoeken van een kordon",
    unit="1",
    at_least=0,
)
largest_share = Column(
    "largest_share",
    DOUBLE,
    en="Share of the count that the vehicle with most of it has; empty where nothing was counted",
    nl="Deel van het aantal van het voertuig met het grootste deel; leeg waar niets geteld is",
    unit="1",
    may_be_null=True,
    at_least=0,
    at_most=1,
)
top_two_share = Column(
    "top_two_share",
    DOUBLE,
    en="Share of the count that the two vehicles with most of it have",
    nl="Deel van het aantal van de twee voertuigen met het grootste deel",
    unit="1",
    may_be_null=True,
    at_least=0,
    at_most=1,
)

SENSITIVE = ("Exact counts, small ones included. Only a release may leave.",)

out_gate_hour_cell = Table(
    "out_gate_hour_cell",
    tier=CLOSED,
    kept=KEPT,
    grain="cell of the product gate_hour: gate, direction, hour and vehicle class; dense",
    key=("service_day", "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class"),
    columns=(
        service_day,
        Column("hour_ts", TIMESTAMP, en="Start of the hour, UTC", nl="Begin van het uur, UTC"),
        cordon_id,
        cells.gate_id,
        cells.direction,
        cells.vehicle_class,
        cells.maybe(cells.passages),
        cells.maybe(cells.vehicles),
        cells.maybe(bounded),
        largest_share,
        top_two_share,
        expanded,
        expanded_se,
        cells.capped,
        cells.status,
    ),
    warnings=SENSITIVE,
)

out_od_day_cell = Table(
    "out_od_day_cell",
    tier=CLOSED,
    kept=KEPT,
    grain="cell of the product od_day: pair of zones and vehicle class",
    key=("service_day", "origin_zone_id", "destination_zone_id", "vehicle_class"),
    columns=(
        service_day,
        Column("origin_zone_id", STRING, en="Zone where first seen", nl="Zone waar eerst gezien"),
        Column("destination_zone_id", STRING, en="Zone where last seen", nl="Zone waar laatst gezien"),
        cells.vehicle_class,
        cells.trips,
        cells.vehicles,
        bounded,
        largest_share,
        top_two_share,
        expanded,
        expanded_se,
    ),
    warnings=SENSITIVE,
)

out_od_month_hour_cell = Table(
    "out_od_month_hour_cell",
    tier=CLOSED,
    kept=KEPT,
    grain="pair of zones and hour of the first passage, all classes together: a day of the product od_month_hour",
    key=("service_day", "hour_ts", "origin_zone_id", "destination_zone_id"),
    columns=(
        service_day,
        Column("hour_ts", TIMESTAMP, en="Start of the hour, UTC", nl="Begin van het uur, UTC"),
        Column("origin_zone_id", STRING, en="Zone where first seen", nl="Zone waar eerst gezien"),
        Column("destination_zone_id", STRING, en="Zone where last seen", nl="Zone waar laatst gezien"),
        cells.trips,
        cells.vehicles,
        bounded,
        largest_share,
        top_two_share,
        expanded,
        expanded_se,
    ),
    warnings=SENSITIVE,
)

out_gate_pair_day_cell = Table(
    "out_gate_pair_day_cell",
    tier=CLOSED,
    kept=KEPT,
    grain="cell of the product gate_pair_day: entry gate, exit gate and kind of stay",
    key=("service_day", "cordon_id", "entry_gate_id", "exit_gate_id", "kind"),
    columns=(
        service_day,
        cordon_id,
        flow.entry_gate_id,
        flow.exit_gate_id,
        Column(
            "kind",
            STRING,
            en="Driving through, or any other visit with entry and exit",
            nl="Doorgaand, of elk ander bezoek met binnenkomst en vertrek",
            one_of=("through", "stay"),
        ),
        cells.visits,
        cells.vehicles,
        bounded,
        largest_share,
        top_two_share,
        expanded,
        expanded_se,
        cells.capped,
    ),
    warnings=SENSITIVE,
)

out_through_day_cell = Table(
    "out_through_day_cell",
    tier=CLOSED,
    kept=KEPT,
    grain="cell of the product through_day: cordon and vehicle class, and all classes together",
    key=("service_day", "cordon_id", "vehicle_class"),
    columns=(
        service_day,
        cordon_id,
        cells.class_or_all,
        Column("entries", LONG, en="Visits with an entry", nl="Bezoeken met een binnenkomst", unit="1", at_least=0),
        Column("through", LONG, en="Of these, driving through", nl="Daarvan doorgaand", unit="1", at_least=0),
        cells.vehicles,
        Column(
            "through_vehicles",
            LONG,
            en="Distinct vehicles that drove through",
            nl="Verschillende doorgaande voertuigen",
            unit="1",
            at_least=0,
        ),
        Column(
            "other_vehicles",
            LONG,
            en="Distinct vehicles that entered and did not drive through",
            nl="Verschillende voertuigen die binnenkwamen en niet doorgaand waren",
            unit="1",
            at_least=0,
        ),
        largest_share,
        top_two_share,
        *flow.through_figures,
        cells.status,
    ),
    warnings=SENSITIVE,
)

out_dwell_day_cell = Table(
    "out_dwell_day_cell",
    tier=CLOSED,
    kept=KEPT,
    grain="cell of the product dwell_day: cordon and dwell time bin",
    key=("service_day", "cordon_id", "dwell_bin_s"),
    columns=(
        service_day,
        cordon_id,
        times.dwell_bin_s,
        cells.visits,
        cells.vehicles,
        bounded,
        largest_share,
        top_two_share,
        expanded,
        expanded_se,
        cells.capped,
        cells.status,
    ),
    warnings=SENSITIVE,
)

out_travel_time_hour_cell = Table(
    "out_travel_time_hour_cell",
    tier=CLOSED,
    kept=KEPT,
    grain="cell of the product travel_time_hour: pair of consecutive sites and hour of the departure, all classes together",
    key=("service_day", "hour_ts", "from_site_id", "to_site_id"),
    columns=tuple(c for c in times.flow_travel_time_hour.columns if c.name != "vehicle_class"),
    warnings=SENSITIVE,
)

out_camera_health_day_cell = Table(
    "out_camera_health_day_cell",
    tier=CLOSED,
    kept=KEPT,
    grain="cell of the product camera_health_day: camera that hung there; no vehicle",
    key=("service_day", "camera_id"),
    columns=(
        service_day,
        Column("camera_id", STRING, en="Camera", nl="Camera"),
        Column(
            "uptime_pct",
            DOUBLE,
            en="Share of the day that the camera worked",
            nl="Deel van de dag dat de camera werkte",
            unit="%",
            at_least=0,
            at_most=100,
        ),
        Column("incidents", LONG, en="Times that it went down", nl="Keren dat ze uitviel", unit="1", at_least=0),
    ),
)
