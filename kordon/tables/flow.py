"""Flow layer: exact aggregates. Closed: counts of one vehicle stand here. What only analysts read is in ``analysis``."""

from kordon.tables.cells import (
    KEPT,
    capped,
    class_or_all,
    count,
    direction,
    estimate,
    gate_id,
    hour_ts,
    maybe,
    passages,
    passages_expanded,
    passages_se,
    share,
    site_id,
    status,
    trips,
    trips_expanded,
    trips_se,
    vehicle_class,
    vehicles,
    visit_class,
    visits,
    visits_expanded,
    visits_se,
)
from kordon.tables.core import cordon_id
from kordon.tables.raw import service_day
from kordon.tables.record import CLOSED, DOUBLE, STRING, TIMESTAMP, Column, Table

flow_site_hour = Table(
    "flow_site_hour",
    tier=CLOSED,
    kept=KEPT,
    grain="site, hour and vehicle class; dense",
    key=("service_day", "hour_ts", "site_id", "vehicle_class"),
    columns=(
        service_day,
        hour_ts,
        site_id,
        vehicle_class,
        count("passages", "Passages, unreadable ones included", "Passages, ook onleesbare", may_be_null=True),
        count("unread", "Passages whose plate could not be read", "Passages met onleesbare plaat", may_be_null=True),
        maybe(vehicles),
        passages_expanded,
        passages_se,
        capped,
        Column(
            "up_share",
            DOUBLE,
            en="Share of the hour that the site's cameras were up",
            nl="Deel van het uur dat de camera's van het meetpunt aan waren",
            unit="1",
            at_least=0,
            at_most=1,
        ),
        status,
    ),
    warnings=("Expanded from the passages with a plate, by the chance to be matched: do not divide passages by it again.",),
)

flow_gate_hour = Table(
    "flow_gate_hour",
    tier=CLOSED,
    kept=KEPT,
    grain="gate, direction, hour and vehicle class; dense",
    key=("service_day", "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class"),
    columns=(
        service_day,
        hour_ts,
        cordon_id,
        gate_id,
        direction,
        vehicle_class,
        maybe(passages),
        maybe(vehicles),
        passages_expanded,
        passages_se,
        capped,
        status,
    ),
    warnings=(
        "Crossings that no camera read are not in passages; passages_expanded estimates them.",
        "Errors of hours do not add up in squares: those of q and of the model are the same for all hours of a gate.",
    ),
)

flow_od_hour = Table(
    "flow_od_hour",
    tier=CLOSED,
    kept=KEPT,
    grain="first and last site, hour of the first passage and vehicle class",
    key=("service_day", "hour_ts", "origin_site_id", "destination_site_id", "vehicle_class"),
    columns=(
        service_day,
        hour_ts,
        Column("origin_site_id", STRING, en="Site where first seen", nl="Meetpunt waar eerst gezien"),
        Column("destination_site_id", STRING, en="Site where last seen", nl="Meetpunt waar laatst gezien"),
        vehicle_class,
        trips,
        vehicles,
        trips_expanded,
        trips_se,
        status,
    ),
    warnings=(
        "A trip of one passage has the same origin and destination.",
        "A cell may have no trips seen and some expanded: their first or last passage was not read.",
        "Hours and classes share part of their error: a sum has a larger one than the root of the summed squares.",
    ),
)

flow_zone_od_day = Table(
    "flow_zone_od_day",
    tier=CLOSED,
    kept=KEPT,
    grain="zone of the first and of the last site, and vehicle class",
    key=("service_day", "origin_zone_id", "destination_zone_id", "vehicle_class"),
    columns=(
        service_day,
        Column("origin_zone_id", STRING, en="Zone where first seen", nl="Zone waar eerst gezien"),
        Column("destination_zone_id", STRING, en="Zone where last seen", nl="Zone waar laatst gezien"),
        vehicle_class,
        trips,
        vehicles,
        trips_expanded,
        trips_se,
        status,
    ),
    warnings=("Zones of the first and last camera, not of the true origin and destination.",),
)

entry_gate_id = Column("entry_gate_id", STRING, en="Gate of entry", nl="Poort van binnenkomst")
exit_gate_id = Column("exit_gate_id", STRING, en="Gate of exit", nl="Poort van vertrek")

flow_gate_pair_hour = Table(
    "flow_gate_pair_hour",
    tier=CLOSED,
    kept=KEPT,
    grain="entry gate, exit gate, class of the stay, hour of the entry and vehicle class",
    key=("service_day", "hour_ts", "cordon_id", "entry_gate_id", "exit_gate_id", "visit_class", "vehicle_class"),
    columns=(
        service_day,
        hour_ts,
        cordon_id,
        entry_gate_id,
        exit_gate_id,
        visit_class,
        vehicle_class,
        visits,
        vehicles,
        visits_expanded,
        visits_se,
        capped,
        status,
    ),
    warnings=(
        "visits are only those with both ends seen.",
        "The hour of an entry may lie before the service day of the visit.",
    ),
)

through_figures = (
    estimate("entries_expanded", "Estimate of all entries, exit seen or not", "Schatting van alle binnenkomsten"),
    estimate("entries_se", "Standard error of entries_expanded", "Standaardfout van entries_expanded"),
    estimate("through_expanded", "Estimate of all that drove through", "Schatting van alle doorgaande"),
    estimate("through_se", "Standard error of through_expanded", "Standaardfout van through_expanded"),
    share("through_share", "through_expanded / entries_expanded", "through_expanded / entries_expanded"),
    share("through_share_low", "Lower bound of its 95 % interval", "Ondergrens van het 95 %-interval"),
    share("through_share_high", "Upper bound of its 95 % interval", "Bovengrens van het 95 %-interval"),
    share("through_share_short", "The share if a stop were 120 s shorter", "Het aandeel als een stop 120 s korter was"),
    share("through_share_long", "The share if a stop were 120 s longer", "Het aandeel als een stop 120 s langer was"),
    capped,
)

flow_through_day = Table(
    "flow_through_day",
    tier=CLOSED,
    kept=KEPT,
    grain="cordon and vehicle class, and all classes together",
    key=("service_day", "cordon_id", "vehicle_class"),
    columns=(
        service_day,
        cordon_id,
        class_or_all,
        count("entries", "Visits with an entry", "Bezoeken met een binnenkomst"),
        count("through", "Of these, driving through; u-turns are not through", "Daarvan doorgaand; keerders niet"),
        vehicles,
        *through_figures,
        status,
    ),
    warnings=(
        "The share is that of the expanded figures; where these are empty there is none, and through / entries is too low.",
        "A stop of under ten minutes (min_stop_s) is part of driving through.",
    ),
)

flow_stock_15min = Table(
    "flow_stock_15min",
    tier=CLOSED,
    kept=KEPT,
    grain="cordon and quarter of an hour; dense",
    key=("service_day", "slot_ts", "cordon_id"),
    columns=(
        service_day,
        Column("slot_ts", TIMESTAMP, en="Start of the quarter of an hour, UTC", nl="Begin van het kwartier, UTC"),
        cordon_id,
        estimate(
            "vehicles_inside",
            "Estimate of the vehicles inside at slot_ts, parked ones included",
            "Schatting van de voertuigen binnen op slot_ts, ook geparkeerde",
        ),
        estimate("opening_stock", "The same at the start of the service day", "Hetzelfde bij het begin van de dienstdag"),
        Column(
            "residual",
            DOUBLE,
            en="(in - out) / their mean over the day, expanded, before they are balanced",
            nl="(in - uit) / hun gemiddelde over de dag, opgehoogd, voor ze in evenwicht gebracht zijn",
            unit="1",
            may_be_null=True,
        ),
        Column(
            "reason",
            STRING,
            en="residual: in and out differ by more than 5 %; no figure: camera_down, unidentified (q not known), leaks (more than 15 %)",
            nl="residual: in en uit verschillen meer dan 5 %; geen cijfer: camera_down, unidentified (q onbekend), leaks (meer dan 15 %)",
            may_be_null=True,
            one_of=("residual", "camera_down", "unidentified", "leaks"),
        ),
    ),
    warnings=("With day keys a vehicle that does not move all day is not inside.",),
)

flow_country_day = Table(
    "flow_country_day",
    tier=CLOSED,
    kept=KEPT,
    grain="gate, direction and country of the plate",
    key=("service_day", "cordon_id", "gate_id", "direction", "country"),
    columns=(
        service_day,
        cordon_id,
        gate_id,
        direction,
        Column("country", STRING, en="Country of the plate, ISO 3166 alpha-2, or unknown", nl="Land van de plaat, of unknown"),
        passages,
        vehicles,
    ),
)
