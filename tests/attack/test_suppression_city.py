"""A day of invented traffic, counted from single vehicles, and proof that its tables obey the sums that attacks rely on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kordon import city as cities
from kordon.city import City, Gate, Site, Zone
from kordon.tables import TABLES
from kordon.tables.record import LONG

VLIET = Path(__file__).resolve().parents[2] / "cities" / "vliet"
DAY = date(2026, 3, 10)
SHARES = {"car": 0.74, "van": 0.12, "truck": 0.06, "bus": 0.02, "motorcycle": 0.02, "other": 0.005, "unknown": 0.035}
BY_HOUR = np.array([2, 6, 20, 60, 90, 60, 45, 45, 50, 50, 50, 60, 80, 95, 80, 50, 35, 28, 22, 16, 9, 4, 2, 1], float)


def vliet() -> City:
    return cities.load(VLIET)


def small(*, seed: int) -> City:
    """A city of a few sites with everything that ties gates together: nested and adjacent cordons, gates of both directions,
    gates that share some of their sites, gates of one direction."""
    draw = np.random.default_rng(seed)
    zones = [f"z{n}" for n in range(int(draw.integers(1, 4)))]
    sites = tuple(
        Site(f"s{n}", f"site {n}", 4 + n / 100, 51.0, None, None, "", str(draw.choice(zones)), None)
        for n in range(int(draw.integers(4, 8)))
    )
    ids = [site.site_id for site in sites]
    gates = []
    for cordon in ("outer", "inner", "next")[: int(draw.integers(1, 4))]:
        for number, site in enumerate(draw.permutation(ids)[: int(draw.integers(2, len(ids)))]):
            gate = f"{cordon[0]}{number // int(draw.integers(1, 3))}"
            gates.append(Gate(cordon, gate, gate, str(site), str(draw.choice(["in", "out", "both"], p=[0.3, 0.3, 0.4]))))
        # A cordon that nobody can leave or enter has no pairs.
        for way in ("in", "out"):
            if not any(g.cordon_id == cordon and g.direction in (way, "both") for g in gates):
                gates.append(
                    Gate(
                        cordon,
                        f"{cordon[0]}{way}",
                        way,
                        next(i for i in ids if i not in {g.site_id for g in gates if g.cordon_id == cordon}),
                        way,
                    )
                )
    polygon = {"type": "Polygon", "coordinates": [[[4.0, 50.9], [4.1, 50.9], [4.1, 51.1], [4.0, 50.9]]]}
    return replace(
        vliet(),
        sites=sites,
        gates=tuple(gates),
        zones=tuple(Zone(z, z, None, polygon) for z in zones),
        vehicle_classes=("car", "van", "unknown"),
    )


def cells(city: City, *, days: list[date], vehicles: int, seed: int, absent: tuple[str, ...] = ()) -> dict[str, pd.DataFrame]:
    """Product cells of some days of traffic: whole visits at gates, exits that nobody saw, trips between the sites passed.

    Every vehicle crosses each gate that it passes in every cordon that has the gate, so the tables agree as real ones do.
    """
    draw = np.random.default_rng(seed)
    crossings, visits, trips = [], [], []
    gates = pd.DataFrame(
        [(g.cordon_id, g.gate_id, g.site_id, g.direction) for g in city.gates],
        columns=["cordon_id", "gate_id", "site_id", "direction"],
    )
    zone = {s.site_id: s.zone_id for s in city.sites}
    # A few gates carry most of the traffic.
    weight = {site: draw.pareto(1.2) + 0.05 for site in sorted(set(gates.site_id))}
    at_site = {
        site: list(rows[["cordon_id", "gate_id", "direction"]].itertuples(index=False, name=None))
        for site, rows in gates.groupby("site_id")
    }
    inwards, outwards = ([s for s in at_site if any(d in (way, "both") for _, _, d in at_site[s])] for way in ("in", "out"))

    def pick(sites: list[str]) -> str:
        p = np.array([weight[s] for s in sites])
        return sites[draw.choice(len(sites), p=p / p.sum())]

    classes = [c for c in city.vehicle_classes if c not in absent]
    for day in days:
        start = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
        for vid in range(vehicles):
            cls = draw.choice(classes, p=np.array([SHARES[c] for c in classes]) / sum(SHARES[c] for c in classes))
            times = 25 if cls == "bus" and draw.random() < 0.3 else draw.poisson(0.9) + 1
            for _ in range(times):
                hour = start + timedelta(hours=int(draw.choice(24, p=BY_HOUR / BY_HOUR.sum())))
                entry, leave = pick(inwards), pick(outwards)
                seen = draw.random() < 0.93
                fast = draw.random() < (0.5 if cls == "truck" else 0.25)
                inside: dict[str, str] = {}
                for site, way in ((entry, "in"), (leave, "out"))[: 2 if seen else 1]:
                    for cordon, gate, only in at_site[site]:
                        direction = way if only == "both" else only
                        crossings.append((day, hour, cordon, gate, direction, cls, vid, site))
                        if direction == "in":
                            if cordon in inside:  # entered twice: the first visit was not seen to end
                                visits.append((day, cordon, cls, inside[cordon], None, None, vid))
                            inside[cordon] = gate
                        else:
                            came = inside.pop(cordon, None)
                            kind = None if came is None else "through" if fast and came != gate else "stay"
                            visits.append((day, cordon, cls, came, gate, kind, vid))
                visits += [(day, cordon, cls, gate, None, None, vid) for cordon, gate in inside.items()]
                trips.append((day, zone[entry], zone[leave] if seen else zone[entry], cls, vid))
    crossed = pd.DataFrame(
        crossings, columns=["service_day", "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class", "vid", "site_id"]
    )
    visited = pd.DataFrame(
        visits, columns=["service_day", "cordon_id", "vehicle_class", "entry_gate_id", "exit_gate_id", "kind", "vid"]
    )
    visited["dwell_bin_s"] = draw.choice(city.methods.dwell_bins_s, len(visited))
    travelled = pd.DataFrame(trips, columns=["service_day", "origin_zone_id", "destination_zone_id", "vehicle_class", "vid"])
    gate_hour = _counted(crossed, ["service_day", "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class"], "passages")
    pairs = _counted(
        visited.dropna(subset=["kind"]), ["service_day", "cordon_id", "entry_gate_id", "exit_gate_id", "kind"], "visits"
    )
    od = _counted(travelled, ["service_day", "origin_zone_id", "destination_zone_id", "vehicle_class"], "trips")
    dwells = _counted(visited.dropna(subset=["kind"]), ["service_day", "cordon_id", "dwell_bin_s"], "visits")
    counted = {
        "gate_hour": (gate_hour.assign(status="ok"), "passages"),
        "gate_pair_day": (pairs, "visits"),
        "od_day": (od, "trips"),
        "dwell_day": (dwells, "visits"),
    }
    whole = {name: _expanded(rows, measure) for name, (rows, measure) in counted.items()}
    whole |= {
        "through_day": _through(visited),
        "travel_time_hour": _travel_times(crossed),
        "camera_health_day": _health(city, days),
    }
    return {name: _as_stored(rows, f"out_{name}_cell") for name, rows in whole.items()}


def _as_stored(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    """With every column of the table's record; those that no attack looks at are empty, or 0."""
    columns = TABLES[table].columns
    absent = {c.name: None if c.may_be_null else 0 if c.type == LONG else 0.0 for c in columns if c.name not in rows}
    return rows.assign(**absent | ({"status": "ok"} if "status" in absent else {}))[[c.name for c in columns]]


def _expanded(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """As if nine of ten were read everywhere."""
    return rows.assign(expanded=rows[measure] / 0.9, expanded_se=np.sqrt(rows[measure] * 0.1) / 0.9)


def _counted(rows: pd.DataFrame, keys: list[str], measure: str) -> pd.DataFrame:
    found = rows.groupby(keys)["vid"].agg(["size", "nunique"]).reset_index()
    return found.rename(columns={"size": measure, "nunique": "vehicles"})


def _travel_times(sited: pd.DataFrame) -> pd.DataFrame:
    """Between a site and the next one in the list, as many drives as passages there."""
    sites = sorted(sited.site_id.unique())
    onwards = dict(zip(sites, [*sites[1:], sites[0]], strict=True))
    sited = sited.drop_duplicates(["hour_ts", "site_id", "vid"])
    rows = _counted(sited, ["service_day", "hour_ts", "site_id"], "n").rename(columns={"site_id": "from_site_id"})
    times = {"p25_s": 100.0, "p50_s": 121.0, "p75_s": 150.0, "p95_s": 300.0, "buffer_index": 1.47}
    return rows.assign(to_site_id=rows.from_site_id.map(onwards), **times)


def _health(city: City, days: list[date]) -> pd.DataFrame:
    """Every camera was up all day."""
    names = dict.fromkeys(camera.camera_id for camera in city.cameras)
    rows = [(day, name, 100.0, 0) for day in days for name in names]
    return pd.DataFrame(rows, columns=["service_day", "camera_id", "uptime_pct", "incidents"])


def _through(visited: pd.DataFrame) -> pd.DataFrame:
    entered = visited.dropna(subset=["entry_gate_id"])
    both = pd.concat([entered, entered.assign(vehicle_class="all")])
    keys = ["service_day", "cordon_id", "vehicle_class"]
    through, other = both[both.kind == "through"], both[both.kind != "through"]
    found = both.groupby(keys)["vid"].agg(entries="size", vehicles="nunique")
    found["through"] = through.groupby(keys).size()
    found["through_vehicles"] = through.groupby(keys)["vid"].nunique()
    found["other_vehicles"] = other.groupby(keys)["vid"].nunique()
    found = found.fillna(0).astype(int).reset_index()
    share = found.through / found.entries
    return found.assign(through_share=share, through_share_low=share - 0.02, through_share_high=share + 0.02)


@pytest.fixture(scope="session")
def day_cells() -> dict[str, pd.DataFrame]:
    return cells(vliet(), days=[DAY], vehicles=3000, seed=7)


def test_the_invented_tables_obey_the_sums_that_attacks_rely_on(day_cells):
    gates, pairs, through = (day_cells[name] for name in ("gate_hour", "gate_pair_day", "through_day"))
    for cordon in vliet().cordons:
        of_cordon = through[through.cordon_id == cordon].set_index("vehicle_class")
        entered = gates[(gates.cordon_id == cordon) & (gates.direction == "in")].groupby("vehicle_class").passages.sum()
        assert (entered == of_cordon.entries.drop("all")).all()
        driven = pairs[(pairs.cordon_id == cordon) & (pairs.kind == "through")].visits.sum()
        assert driven == of_cordon.through["all"] == of_cordon.through.drop("all").sum()
    tunnel = [gates[gates.gate_id == gate].passages.sum() for gate in ("g_sluis", "c_sluis")]
    assert tunnel[0] == tunnel[1] > 0
