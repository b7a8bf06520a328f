"""Flow layer, what only analysts read: no product is made of these tables. Closed: counts of one vehicle stand here."""

from kordon.tables.cells import (
    KEPT,
    capped,
    class_or_all,
    count,
    estimate,
    share,
    status,
    trips_expanded,
    trips_se,
    vehicle_class,
    vehicles,
)
from kordon.tables.core import cordon_id
from kordon.tables.raw import service_day
from kordon.tables.record import CLOSED, DOUBLE, INT, STRING, STRINGS, Column, Table

entries = count("entries", "Entries seen", "Geziene binnenkomsten")
entries_expanded = estimate(
    "entries_expanded", "Estimate of all entries, read or not", "Schatting van alle binnenkomsten, gelezen of niet"
)
entries_se = estimate("entries_se", "Standard error of entries_expanded", "Standaardfout van entries_expanded")

flow_chain_day = Table(
    "flow_chain_day",
    tier=CLOSED,
    kept=KEPT,
    grain="frequent chain of sites: at least two, seen of at least ten vehicles; the 1,000 most driven of a day",
    key=("service_day", "site_ids"),
    columns=(
        service_day,
        Column("site_ids", STRINGS, en="Sites of the trip in time order", nl="Meetpunten van de rit in tijdsvolgorde"),
        count("trips", "Trips seen on exactly this chain", "Ritten gezien op precies deze keten"),
        vehicles,
        trips_expanded,
        trips_se,
        status,
    ),
    warnings=(
        "A trip of which a camera missed a passage is seen on a shorter chain: compare trips_expanded, not trips.",
        "Chains are of cameras, not of streets: what was driven between two of them is not known.",
        "Rare chains are not here: the rows do not add up to all trips.",
        "Errors of chains that share sites are not independent.",
    ),
)

flow_repeat_visit_day = Table(
    "flow_repeat_visit_day",
    tier=CLOSED,
    kept=KEPT,
    grain="cordon, vehicle class and number of entries of a vehicle in the service day, 1 to 5 or more",
    key=("service_day", "cordon_id", "vehicle_class", "entries"),
    columns=(
        service_day,
        cordon_id,
        vehicle_class,
        Column(
            "entries",
            INT,
            en="Entries of the vehicle that day; 5: five and more",
            nl="Binnenkomsten van het voertuig die dag; 5: vijf en meer",
            unit="1",
            at_least=1,
            at_most=5,
        ),
        count("vehicles", "Vehicles seen to enter so often", "Voertuigen die zo vaak gezien zijn"),
        estimate("vehicles_expanded", "Estimate of those who entered so often", "Schatting van wie zo vaak binnenkwam"),
        estimate("vehicles_se", "Standard error of vehicles_expanded", "Standaardfout van vehicles_expanded"),
        status,
    ),
    warnings=(
        "Only returns of the same service day: with longer keys a return on another day is not counted here.",
        "Who was missed now and then is seen to come less often: compare vehicles_expanded. It takes misses to be independent, so a "
        "vehicle whose plate is always hard to read seems to come less often than it does.",
        "A misread plate is a vehicle that came once: vehicles with one entry are too many by those.",
        "The class is that of the first entry seen.",
    ),
)

flow_mix_day = Table(
    "flow_mix_day",
    tier=CLOSED,
    kept=KEPT,
    grain="cordon, vehicle class and country of the plate",
    key=("service_day", "cordon_id", "vehicle_class", "country"),
    columns=(
        service_day,
        cordon_id,
        vehicle_class,
        Column("country", STRING, en="Country of the plate, ISO 3166 alpha-2, or unknown", nl="Land van de plaat, of unknown"),
        entries,
        vehicles,
        entries_expanded,
        entries_se,
        share("share", "Share of all entries of the cordon, expanded", "Deel van alle binnenkomsten van het kordon, opgehoogd"),
        share("share_low", "Lower bound of its 95 % interval", "Ondergrens van het 95 %-interval"),
        share("share_high", "Upper bound of its 95 % interval", "Bovengrens van het 95 %-interval"),
        capped,
        status,
    ),
    warnings=(
        "q is that of the class, not of the country: plates that cameras read badly are too few by what they are missed more.",
        "What cameras take for another class or country is in the error as 8 % of a cell; a rare class may be off by more.",
        "The plate tells where a vehicle is registered, not where its driver lives; leased and company cars are elsewhere.",
        "The errors of the cells of a cordon are not independent: their shares add up to 1.",
    ),
)

flow_access_day = Table(
    "flow_access_day",
    tier=CLOSED,
    kept=KEPT,
    grain="car-free zone (a cordon with windows in access.csv) and vehicle class",
    key=("service_day", "cordon_id", "vehicle_class"),
    columns=(
        service_day,
        cordon_id,
        vehicle_class,
        entries,
        count("entries_outside", "Of these, outside the windows of the class", "Daarvan buiten de venstertijden van de klasse"),
        vehicles,
        count("vehicles_outside", "Vehicles seen to enter outside", "Voertuigen die erbuiten binnenkwamen"),
        entries_expanded,
        entries_se,
        estimate("outside_expanded", "Estimate of all entries outside", "Schatting van alle binnenkomsten erbuiten"),
        estimate("outside_se", "Standard error of outside_expanded", "Standaardfout van outside_expanded"),
        share("compliance", "Share of entries within the windows, expanded", "Deel binnen de venstertijden, opgehoogd"),
        share("compliance_low", "Lower bound of its 95 % interval", "Ondergrens van het 95 %-interval"),
        share("compliance_high", "Upper bound of its 95 % interval", "Bovengrens van het 95 %-interval"),
        capped,
        status,
    ),
    warnings=(
        "Outside a window is no offence: permits, residents and emergency services are not known here, and no vehicle may be judged by it.",
        "Only entering is looked at: who enters within a window and stays beyond it counts as within.",
        "A clock that is off moves entries across the edge of a window; a class that the camera takes for another has other windows.",
        "Where a camera was down, what it missed is taken to be spread over the day as elsewhere, within and outside the windows alike.",
    ),
)

flow_count_fit_day = Table(
    "flow_count_fit_day",
    tier=CLOSED,
    kept=KEPT,
    grain="site with a count for the service day in counts.csv, and counted class",
    key=("service_day", "site_id", "vehicle_class"),
    columns=(
        service_day,
        Column("site_id", STRING, en="Site", nl="Meetpunt"),
        class_or_all,
        count("counted", "What the city counted in the service day", "Wat de stad telde op de dienstdag"),
        estimate("passages_prior", "Passages there by the trips of flow_zone_od_day", "Passages volgens flow_zone_od_day"),
        estimate("passages_fitted", "The same after the fit", "Hetzelfde na de aanpassing"),
        estimate(
            "factor",
            "What the fit multiplies trips by that pass here, between .5 and 3",
            "Waarmee de aanpassing ritten vermenigvuldigt die hier passeren, tussen .5 en 3",
        ),
        Column(
            "reason",
            STRING,
            en="capped: factor at its cap, count not met; unmet: not met in 2,000 sweeps; impossible: no trips can meet it together with "
            "the others; refused: the day is not fitted because of impossible ones; partial_day, overlapping: not one count of the whole "
            "service day; unidentified: no estimate on this day",
            nl="capped: factor op zijn grens, telling niet gehaald; unmet: niet gehaald in 2.000 rondes; impossible: geen ritten halen "
            "haar samen met de andere; refused: dag niet aangepast door onmogelijke tellingen; partial_day, overlapping: geen telling van "
            "precies de dienstdag; unidentified: geen schatting op die dag",
            may_be_null=True,
            one_of=("capped", "unmet", "impossible", "refused", "partial_day", "overlapping", "unidentified"),
        ),
    ),
    warnings=(
        "A count is taken as true: its own error is not known.",
        "A factor far from 1 says that count and cameras disagree, not which of them is wrong.",
    ),
)

flow_zone_od_fit_day = Table(
    "flow_zone_od_fit_day",
    tier=CLOSED,
    kept=KEPT,
    grain="zone of the first and of the last site, and vehicle class, on a day that was fitted to counts",
    key=("service_day", "origin_zone_id", "destination_zone_id", "vehicle_class"),
    columns=(
        service_day,
        Column("origin_zone_id", STRING, en="Zone where first seen", nl="Zone waar eerst gezien"),
        Column("destination_zone_id", STRING, en="Zone where last seen", nl="Zone waar laatst gezien"),
        vehicle_class,
        trips_expanded,
        trips_se,
        Column(
            "factor",
            DOUBLE,
            en="trips_fitted / trips_expanded: the factors of the counts that its trips pass, on average",
            nl="trips_fitted / trips_expanded: gemiddeld de factoren van de tellingen die haar ritten passeren",
            unit="1",
            at_least=0,
        ),
        estimate("trips_fitted", "trips_expanded fitted to the counts", "trips_expanded aangepast aan de tellingen"),
        estimate(
            "trips_fitted_se",
            "Standard error of trips_fitted: relative as that of trips_expanded, because a count binds sums and not cells",
            "Standaardfout van trips_fitted: relatief zoals die van trips_expanded, want een telling bindt sommen en geen cellen",
        ),
    ),
    warnings=(
        "Fitted to counts that are taken as true: look at flow_count_fit_day first, at capped ones above all.",
        "Zones of the first and last camera, not of the true origin and destination.",
        "Nobody was seen in a cell that is 0, and the fit leaves it at 0.",
    ),
)
