"""Detection probability on small cities of our own making: does q come out, does its error hold, does it say what it cannot know?"""

import numpy as np
import pandas as pd
import pytest

from models.cordon import INSIDE, OUTSIDE, UNKNOWN, contexts, crossings_seen, lie, odds_of_missing
from models.detection import detection
from models.evidence import DIRECTED, bracketing, continuity, counted
from models.leaks import leaking

PARTS = ("night", "morning", "day", "evening", "late")
NO_COUNTS = pd.DataFrame({"site": [], "matched": [], "count": []})
IN, OUT, WITHIN, BEYOND = (tuple(f"{kind}{n}" for n in range(4)) for kind in ("in", "out", "park", "road"))
GATES = pd.DataFrame(
    [(name, "ring", kind) for kind, names in (("in", IN), ("out", OUT)) for name in names],
    columns=["place", "cordon_id", "direction"],
)
SITES = [*IN, *OUT, *WITHIN, *BEYOND]
Q = dict(zip(SITES, np.tile([-0.02, -0.01, 0.01, 0.02], 4), strict=True))


def town(rng, *, vehicles, q, leak=0.0, classes=("car",), class_q=None, unseen=()):
    """Chains of vehicles that come in three times a day by a road and a gate, pass a park and leave by a gate.

    Args:
        q: mean chance of being read; sites differ by up to .02. leak: share of the entries by a way without a camera.
        class_q: by how much a class's q differs. unseen: sites that no vehicle passes.

    Returns:
        Pairs, triples and passages as the job counts them.
    """
    names = np.array(SITES)
    chance = np.array([min(q + Q[name] * 2 * (1 - q) / 0.11, 1.0) for name in SITES])
    tours = 3
    # Near gates lead to near parks more often than to others, as roads do.
    gate, park = rng.integers(0, 4, (vehicles, tours)), rng.integers(0, 4, (vehicles, tours))
    park = np.where(rng.random((vehicles, tours)) < 0.6, gate, park)
    away = np.where(rng.random((vehicles, tours)) < 0.5, park, rng.integers(0, 4, (vehicles, tours)))
    steps = np.stack([12 + gate, gate, 8 + park, 4 + away], axis=2).reshape(vehicles, -1)
    seen = rng.random(steps.shape) < chance[steps]
    kind = rng.integers(0, len(classes), vehicles)
    if class_q:
        lowered = np.array([class_q.get(c, 0.0) for c in classes])[kind]
        seen &= rng.random(steps.shape) < 1 + lowered[:, None]
    is_entry = np.arange(steps.shape[1]) % 4 == 1
    seen &= ~(is_entry & (rng.random(steps.shape) < leak))
    seen &= ~np.isin(names[steps], unseen)
    vehicle, at = np.nonzero(seen)
    rows = pd.DataFrame({"vehicle": vehicle, "c": names[steps[seen]], "vehicle_class": np.array(classes)[kind[vehicle]]})
    return counted_rows(rows.assign(at=at, half=rows.vehicle % 2))


def counted_rows(rows):
    """As the job counts them: near in time is at most one site further than the next."""
    chain = rows.groupby("vehicle")
    for steps, name in ((1, "b"), (2, "a")):
        rows = rows.assign(**{name: chain.c.shift(steps), f"{name}_at": chain["at"].shift(steps)})
    rows = rows.assign(part="day", part_b="day", down="", n=1)
    key = ["vehicle_class", "part", "half", "is_near", "down"]
    pairs = rows.dropna(subset="b").assign(a=lambda x: x.b, is_near=lambda x: x["at"] - x.b_at <= 2)
    triples = rows.dropna(subset="a").assign(is_near=lambda x: x["at"] - x.a_at <= 2)
    passages = rows.assign(site=rows.c).groupby(["site", "vehicle_class", "part"], as_index=False).n.sum()
    return (
        pairs.groupby(["a", "c", *key], as_index=False).n.sum(),
        triples.groupby(["a", "b", "c", "part_b", *key], as_index=False).n.sum(),
        passages,
    )


def true_q(q):
    return {name: min(q + Q[name] * 2 * (1 - q) / 0.11, 1.0) for name in SITES}


def detected(made, *, gates=GATES, counts=NO_COUNTS, classes=("car",), sites=SITES):
    pairs, triples, passages = made
    return detection(pairs, triples, passages, gates=gates, counts=counts, sites=sites, classes=classes, parts=PARTS)


def of_day(found):
    return found[(found.part == "day") & (found.vehicle_class == "car")].set_index("site")


@pytest.mark.parametrize("q", [0.75, 0.89, 0.97])
def test_it_is_learned_which_sites_lie_inside(q):
    pairs, _, _ = town(np.random.default_rng(1), vehicles=2000, q=q)
    sides = lie(pairs, gates=GATES)
    found = dict(zip(sides.places, sides.after[:, 0], strict=True))
    assert {found[name] for name in WITHIN} == {INSIDE}
    assert {found[name] for name in BEYOND} == {OUTSIDE}


def test_a_site_on_both_sides_is_unknown():
    pairs, _, _ = town(np.random.default_rng(1), vehicles=2000, q=0.89)
    both = pairs.assign(a=pairs.a.replace({"park0": "x", "road0": "x"}), c=pairs.c.replace({"park0": "x", "road0": "x"}))
    sides = lie(both, gates=GATES)
    assert sides.after[sides.places.get_loc("x"), 0] == UNKNOWN


@pytest.mark.parametrize("q", [0.75, 0.89, 0.97])
def test_q_of_gates_comes_out_of_continuity_and_of_other_sites_out_of_bracketing(q):
    found = of_day(detected(town(np.random.default_rng(2), vehicles=12_000, q=q)))
    error = (found.q - pd.Series(true_q(q))).abs()
    print(q, error[[*IN, *OUT]].mean(), error[[*WITHIN, *BEYOND]].mean())
    assert error[[*IN, *OUT]].mean() <= 0.01
    # The road to a gate has no way around it; to a park there is one.
    assert error[[*WITHIN, *BEYOND]].mean() <= 0.02
    assert set(found.method[[*IN, *OUT]]) == {"continuity"}
    assert set(found.method[list(WITHIN)]) == {"bracketing"}


def test_the_standard_errors_of_continuity_hold():
    errors = []
    for seed in range(30):
        pairs, triples, _ = town(np.random.default_rng(seed), vehicles=1000, q=0.89)
        sites = continuity(pairs, triples, gates=GATES).sites
        truth = pd.Series(true_q(0.89))[sites.index]
        errors.append(((sites.odds - (1 - truth) / truth) / sites.se).to_numpy())
    z = np.concatenate(errors)
    print("coverage", (np.abs(z) < 1.96).mean(), "spread", z.std(), "mean", z.mean())
    # 240 intervals: binomial noise alone is 1.4 %.
    assert 0.91 <= (np.abs(z) < 1.96).mean() <= 0.985
    assert abs(z.mean()) < 0.25


def test_who_sees_everybody_has_a_q_of_one():
    found = of_day(detected(town(np.random.default_rng(3), vehicles=3000, q=1.0)))
    assert (found.q > 0.995).all()
    assert (found.q + 1.96 * found.q_se >= 1).all()


def test_a_class_that_is_missed_more_has_its_own_q():
    made = town(np.random.default_rng(4), vehicles=12_000, q=0.93, classes=("car", "motorcycle"), class_q={"motorcycle": -0.15})
    found = detected(made, classes=("car", "motorcycle"))
    q = found[(found.part == "day") & found.site.isin([*IN, *OUT])].groupby("vehicle_class").q.mean()
    assert q["car"] == pytest.approx(0.93, abs=0.012)
    assert q["motorcycle"] == pytest.approx(0.93 * 0.85, abs=0.025)


def test_a_way_in_without_a_camera_is_found_and_said():
    made = town(np.random.default_rng(5), vehicles=12_000, q=0.93, leak=0.15)
    found = of_day(detected(made))
    assert set(found.method[list(IN)]) == {"continuity_leaking"}
    assert set(found.method[list(OUT)]) == {"continuity"}
    truth = pd.Series(true_q(0.93))
    assert ((found.q - truth).abs() < 1.96 * found.q_se)[list(IN)].all()


def test_a_tight_cordon_is_not_called_leaking():
    for seed in range(8):
        pairs, triples, _ = town(np.random.default_rng(seed), vehicles=3000, q=0.89)
        sites, others = continuity(pairs, triples, gates=GATES).sites, bracketing(pairs, triples).sites
        assert (leaking(sites, others, gates=GATES.assign(site=GATES.place)) == 0).all()


def test_a_road_around_a_site_is_not_taken_for_misses():
    made = town(np.random.default_rng(6), vehicles=12_000, q=0.93)
    rng = np.random.default_rng(7)
    pairs, triples, passages = made
    # 30 % of what was seen at park3 goes around it: the triples turn into pairs.
    around = triples.b == "park3"
    moved = rng.binomial(triples.n, np.where(around, 0.3, 0))
    direct = triples.drop(columns=["b", "part_b"]).assign(n=moved)
    pairs = pd.concat([pairs, direct[direct.n > 0]]).groupby([c for c in pairs if c != "n"], as_index=False).n.sum()
    found = of_day(detected((pairs, triples.assign(n=triples.n - moved), passages)))
    assert found.method["park3"] == "network"
    assert found.q["park3"] == pytest.approx(0.93, abs=0.03)
    assert found.q_se["park3"] > 2 * found.q_se["park2"]


def test_hours_of_a_camera_that_was_down_do_not_count():
    whole = town(np.random.default_rng(8), vehicles=6000, q=0.93)
    broken = town(np.random.default_rng(9), vehicles=6000, q=0.93, unseen=("in1",))
    told = [pd.concat([x, y.assign(down="in1")]) for x, y in zip(whole[:2], broken[:2], strict=True)]
    hidden = [pd.concat([x, y]) for x, y in zip(whole[:2], broken[:2], strict=True)]
    passages = pd.concat([whole[2], broken[2]]).groupby(["site", "vehicle_class", "part"], as_index=False).n.sum()
    truth = true_q(0.93)["in1"]
    assert of_day(detected((*told, passages))).q["in1"] == pytest.approx(truth, abs=0.015)
    assert of_day(detected((*hidden, passages))).q["in1"] < truth - 0.1


def test_a_town_without_evidence_says_so():
    pairs, triples, passages = town(np.random.default_rng(9), vehicles=1000, q=0.9)
    nothing = detected((pairs[:0], triples[:0], passages))
    assert set(nothing.method) == {"unidentified"} and nothing.q.isna().all() and nothing.q_se.isna().all()
    alone = detected((pairs[:0], triples[:0], passages), gates=GATES[:1])
    assert set(alone.method) == {"unidentified"}


def test_a_site_that_nobody_passes_twice_takes_the_mean_and_a_dead_one_nothing():
    pairs, triples, passages = town(np.random.default_rng(10), vehicles=6000, q=0.93, unseen=("park2",))
    lone = pd.DataFrame({"site": ["lone"], "vehicle_class": ["car"], "part": ["day"], "n": [400]})
    found = of_day(detected((pairs, triples, pd.concat([passages, lone])), sites=[*SITES, "lone"]))
    assert found.method["lone"] == "network" and found.method["park2"] == "unidentified"
    assert found.q["lone"] == pytest.approx(0.93, abs=0.02)
    assert found.q_se["lone"] > found.q_se["in0"]
    assert np.isnan(found.q["park2"])


def test_a_count_wins_and_counts_that_contradict_each_other_are_told():
    made = town(np.random.default_rng(11), vehicles=6000, q=0.93)
    counts = pd.DataFrame({"site": ["in0", "park0", "park0"], "matched": [800, 900, 500], "count": [1000, 1000, 1000]})
    found = of_day(detected(made, counts=counts))
    assert found.method["in0"] == "counts" and found.method["park0"] == "counts_disagree"
    assert found.q["in0"] == pytest.approx(0.8, abs=0.03)
    assert found.q_se["park0"] > 2 * found.q_se["in0"]
    more_than_there_are = counted(pd.DataFrame({"site": ["s"], "matched": [1500], "count": [1000]}))
    assert more_than_there_are.disagrees["s"]


def test_below_the_floor_nothing_is_corrected():
    made = town(np.random.default_rng(12), vehicles=6000, q=0.93)
    found = of_day(detected(made, counts=pd.DataFrame({"site": ["in0"], "matched": [100], "count": [1000]})))
    assert found.method["in0"] == "below_floor" and np.isnan(found.q["in0"])


def test_both_gates_of_nested_cordons_missed_are_not_laid_to_the_tunnel():
    rng = np.random.default_rng(13)
    vehicles = 20_000
    # Nine in ten drive over a gate of the ring and one of the centre, the others through a tunnel that is a gate of both.
    by_road = np.array(["far", "ring_in", "centre_in", "middle", "centre_out", "ring_out", "far2"])
    tunnel = np.array(["far", "tunnel", "middle", "centre_out", "ring_out", "far2"])
    rows = []
    for chain, count in ((by_road, vehicles * 9 // 10), (tunnel, vehicles // 10)):
        seen = rng.random((count, len(chain))) < 0.85
        vehicle, at = np.nonzero(seen)
        rows.append(pd.DataFrame({"vehicle": vehicle + (0 if chain is by_road else vehicles), "c": chain[at], "at": at}))
    rows = pd.concat(rows, ignore_index=True).assign(vehicle_class="car", half=0)
    pairs, triples, _ = counted_rows(rows)
    gates = pd.DataFrame(
        [
            ("ring_in", "ring", "in"),
            ("ring_out", "ring", "out"),
            ("centre_in", "centre", "in"),
            ("centre_out", "centre", "out"),
            ("tunnel", "ring", "in"),
            ("tunnel", "centre", "in"),
        ],
        columns=["place", "cordon_id", "direction"],
    )
    sites = continuity(pairs, triples, gates=gates).sites
    q = 1 / (1 + sites.odds)
    print(q.to_dict())
    assert q["tunnel"] == pytest.approx(0.85, abs=0.04)
    assert q["centre_in"] == pytest.approx(0.85, abs=0.015)


def test_a_gate_in_both_directions_counts_where_the_read_tells_which():
    pairs, triples, _ = town(np.random.default_rng(14), vehicles=8000, q=0.89)

    def turned(rows):
        names = {"in0": f"gate0{DIRECTED}in", "out0": f"gate0{DIRECTED}out"}
        return rows.assign(**{x: rows[x].replace(names) for x in "abc" if x in rows})

    gates = turned(GATES.rename(columns={"place": "a"})).rename(columns={"a": "place"})
    sites = continuity(turned(pairs), turned(triples), gates=gates).sites
    assert 1 / (1 + sites.odds["gate0"]) == pytest.approx(true_q(0.89)["in0"], abs=0.025)


def test_rare_pairs_of_sites_are_told_apart_by_less():
    pairs = pd.DataFrame({"a": ["road0", "road0", "road1"], "c": ["park0", "park1", "park1"], "n": [100, 2, 100]})
    triples = pd.DataFrame({"a": ["road0", "road1"], "b": ["in0", "in1"], "c": ["park0", "park1"], "n": [900, 900]})
    steps = [("in0", "park0"), ("in1", "park1"), ("road0", "in0"), ("road1", "in1"), ("out0", "road0"), ("out1", "road1")]
    direct = pd.DataFrame(steps, columns=["a", "c"]).assign(n=1000)
    sides = lie(pd.concat([pairs, direct]), gates=GATES)
    assert crossings_seen(triples, sides=sides).all()
    seen, missed = contexts(triples, pairs, sides=sides, within=[])
    assert missed[0] == seen[0] and missed[2] == seen[1]
    # Nobody was seen to drive from road0 to park1, nor anybody else who came from afar: the two who did tell nothing.
    assert missed[1] == -1


def test_a_gate_without_a_miss_still_has_an_error():
    ways = pd.DataFrame({"context": [0, 1], "b": [0, 1], "b2": [-1, -1], "n": [400.0, 400.0]})
    found = odds_of_missing(ways, pd.DataFrame({"context": [1], "n": [40.0]}), size=2)
    assert found.odds == pytest.approx([0, 0.1], abs=1e-6)
    assert found.se[0] >= 1 / 400
    assert found.se[1] == pytest.approx(np.sqrt(0.1 * 1.1 / 400), rel=0.05)


def fragments(rng, *, places, columns, rows):
    drawn = {c: rng.choice(places, rows) for c in columns}
    kind, part = rng.choice(["car", "truck"], rows), rng.choice(["night", "day", "mixed"], rows)
    told = {"half": rng.integers(0, 2, rows), "is_near": rng.random(rows) < 0.5, "n": rng.integers(1, 4, rows)}
    down = rng.choice(["", places[0]], rows)
    made = pd.DataFrame({**drawn, "vehicle_class": kind, "part": part, "down": down, **told})
    return made.assign(part_b=rng.choice(["night", "day"], rows)) if "b" in columns else made


@pytest.mark.parametrize("seed", range(200))
def test_whatever_little_a_day_holds_every_cell_gets_a_q_or_a_reason(seed):
    """A day of a few reads, gates without traffic, places without pairs: found by a year of a nature reserve's gates."""
    rng = np.random.default_rng(seed)
    sites = [f"S{n}" for n in range(rng.integers(1, 8))]
    chosen = [(rng.choice(sites), rng.choice(["in", "out", "both"])) for _ in range(rng.integers(0, 4))]
    gates = [
        (f"{site}{DIRECTED}{way}" if kind == "both" else site, "ring", way)
        for site, kind in chosen
        for way in (("in", "out") if kind == "both" else (kind,))
    ]
    places = [*sites, *(place for place, _, _ in gates if DIRECTED in place)]
    rows = rng.choice([0, 1, 2, 5, 40])
    passages = pd.DataFrame({"site": rng.choice(sites, rows), "vehicle_class": "car", "part": "day", "n": 1})
    found = detection(
        fragments(rng, places=places, columns=["a", "c"], rows=rows),
        fragments(rng, places=places, columns=["a", "b", "c"], rows=rng.integers(0, rows + 1)),
        passages,
        gates=pd.DataFrame(gates, columns=["place", "cordon_id", "direction"]),
        counts=NO_COUNTS,
        sites=sites,
        classes=("car", "truck"),
        parts=("night", "day"),
    )
    assert len(found) == len(sites) * 4
    assert found.q.dropna().between(0, 1, inclusive="right").all()
    assert (found.q.notna() == found.q_se.notna()).all()
    assert found.n.sum() == rows
