"""The audit as the gate before a release: what Kordon publishes passes, what it would publish with a protection off does not."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from audit.attacks import schema_allow_list
from audit.files import read
from audit.intervals import SOLVED, intervals
from audit.system import System
from kordon.cli import main
from kordon.commands.audit import gate
from kordon.errors import ConfigError, PrivacyError
from privacy import disclosure, suppression
from privacy.governance import policy
from tests import releases
from tests.attack.folders import release
from tests.attack.test_suppression_city import DAY, cells, small, vliet

K = 10
HELD_ONLY_BY_PROGRAMS = (53,)
"""Small cities in which bounds of single sums and row reduction leave a count that a linear program finds."""


def published(city, out, *, vehicles, seed, **arguments):
    return releases.published(
        city,
        out,
        cells=cells(city, days=[DAY], vehicles=vehicles, seed=seed),
        days=[DAY],
        said=[],
        created_at=datetime(2026, 3, 14, 9, tzinfo=UTC),
        **arguments,
    )


def in_small_city(out, *, seed, chosen=None, **arguments):
    city = small(seed=seed)
    if chosen:
        products = city.publication.products.model_copy(update={"shared": chosen})
        city = replace(city, publication=city.publication.model_copy(update={"products": products}))
    return published(city, out, vehicles=[15, 60, 200, 800][seed % 4], seed=seed, **arguments)


def test_a_release_of_vliet_passes_and_holds_its_report(tmp_path, measured):
    made = published(vliet(), tmp_path, vehicles=3000, seed=3, audit=gate)
    report = json.loads((made.path / "privacy_report.json").read_text())
    assert report["passed"]
    reached_by = {attack["number"]: attack["reached"] for attack in report["attacks"]}
    (made.path / "vehicles.csv").write_text("vid\n9f86d081884c7d659a2feaa0c55ad015\n")
    strange = schema_allow_list([read(made.path)]).reached["violations"]
    assert strange
    measured("vehicle_rows_published", reached_by[8]["violations"], control=f"{strange} with a file of one pseudonym beside it")
    reached = reached_by[12]
    assert reached["hidden"] > 5000
    measured(
        "hidden_counts_found",
        reached["exact"] + reached["narrow"] + reached["unsolved"],
        control="attack 12 without suppression",
    )
    if reached["narrowest"] is not None:
        # None when all are certified: what is sure needs no program.
        measured("hidden_count_width", reached["narrowest"])
    assert {name: reached[name] for name in ("exact", "narrow", "unsolved")} == {
        "exact": 0,
        "narrow": 0,
        "unsolved": 0,
    }
    assert "Privacyverslag" in (made.path / "privacy.html").read_text()
    about = json.loads((made.path / "datapackage.json").read_text())["kordon"]
    assert about["status"] == "audited"
    assert "privacy.html" in (made.path / "index.html").read_text()


@pytest.mark.parametrize("seed", [6, *HELD_ONLY_BY_PROGRAMS])
def test_releases_of_small_tangled_cities_pass(tmp_path, seed):
    assert in_small_city(tmp_path, seed=seed, audit=gate).is_new


@pytest.mark.parametrize("seed", HELD_ONLY_BY_PROGRAMS)
def test_control_without_the_last_look_of_suppression_the_gate_closes(tmp_path, seed, monkeypatch):
    monkeypatch.setattr(suppression, "held", lambda *_, **__: [])
    with pytest.raises(PrivacyError, match="attack 12"):
        in_small_city(tmp_path, seed=seed, audit=gate)


def test_control_without_complementary_suppression_nothing_is_published_and_no_file_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(disclosure, "hide_more", lambda _, *, hidden_rows, k: hidden_rows)
    with pytest.raises(PrivacyError, match="exact"):
        published(vliet(), tmp_path, vehicles=3000, seed=3, audit=gate)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [policy.FILE]


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["audit", *map(str, arguments)])
    return left.value.code, capsys.readouterr()


GOOD = """
    vehicle_class | entries | through | status
    all           | 530     | 120     | ok
    car           | 500     | 100     | ok
    bus           | -       | -       | suppressed
    other         | -       | -       | suppressed
"""


def test_the_command_prints_a_table_writes_the_report_and_ends_with_0(tmp_path, capsys):
    here = release(tmp_path, through_day=GOOD)
    code, printed = run(capsys, here)
    assert code == 0
    assert "Hidden counts stay hidden" in printed.out
    assert json.loads((here / "privacy_report.json").read_text())["passed"]


def test_the_command_ends_with_5_and_names_the_rows_when_something_gets_through(tmp_path, capsys):
    here = release(tmp_path, through_day=GOOD.replace("bus           | -       | -       | suppressed", "bus | 21 | 12 | ok"))
    code, printed = run(capsys, here, "--json", "--out", tmp_path / "report")
    assert code == 5
    assert "gives something away" in printed.err
    found = json.loads(printed.out)
    assert not found["passed"]
    assert any("other" in example for attack in found["attacks"] for example in attack["examples"])
    assert not (here / "privacy_report.json").exists()
    assert (tmp_path / "report" / "privacy.html").exists()


def test_the_command_takes_the_other_releases_that_an_attacker_has(tmp_path, capsys):
    one = release(tmp_path, version=1, through_day=GOOD)
    two = release(tmp_path, version=2, through_day=GOOD.replace("500     | 100", "501     | 100").replace("530", "531"))
    assert run(capsys, two)[0] == 0
    code, printed = run(capsys, two, "--also", one)
    assert code == 5
    assert "attack 13" in printed.err


def test_intervals_are_those_of_two_programs_for_each_count():
    """Random tables with their margins, some cells hidden; each count's interval against the plain way of finding it."""
    draw = np.random.default_rng(5)
    checked = 0
    for _ in range(25):
        shape = draw.integers(2, 5, size=2)
        true = draw.poisson(draw.choice([2, 12]), size=shape).astype(float)
        sums = [*(np.eye(shape[0])[i][:, None] * np.ones(shape) for i in range(shape[0]))]
        sums += [np.ones(shape) * np.eye(shape[1])[j][None, :] for j in range(shape[1])]
        matrix = np.array([[*part.ravel(), *-np.eye(len(sums))[n]] for n, part in enumerate(sums)])
        margins = np.array([(part * true).sum() for part in sums])
        hidden = np.concatenate([draw.random(true.size) < 0.6, draw.random(len(sums)) < 0.2])
        values = np.where(hidden, np.nan, np.concatenate([true.ravel(), margins]))
        size = len(values)
        system = System(
            matrix=sparse.csr_array(matrix),
            names=[str(n) for n in range(size)],
            values=values,
            low=np.zeros(size),
            high=np.full(size, np.inf),
            is_cell=hidden,
            is_rest=np.zeros(size, bool),
            is_public=np.zeros(size, bool),
            relation=np.zeros(len(sums), np.int64),
            relations=["margin"],
            exact=np.array([True]),
            dropped=(),
        )
        found = intervals(system, k=K, seconds=60)
        right = -(matrix @ np.where(hidden, 0.0, values))
        for place, column in enumerate(np.flatnonzero(hidden)):
            ends = []
            for sign in (1, -1):
                objective = np.zeros(hidden.sum())
                objective[place] = sign
                plain = linprog(objective, A_eq=matrix[:, hidden], b_eq=right, bounds=(0, None))
                ends.append(sign * plain.fun if plain.status == 0 else np.inf)
            assert (ends[1] - ends[0] >= K - 1e-6) == (found.high[column] - found.low[column] >= K - 1e-6)
            if found.how[column] == SOLVED:
                assert (found.low[column], found.high[column]) == pytest.approx((ends[0], min(ends[1], found.high[column])))
            checked += 1
    assert checked > 100


@pytest.mark.parametrize(
    "chosen",
    [
        ("gate_hour", "dwell_day"),
        ("dwell_day", "through_day"),
        ("gate_hour", "gate_pair_day", "dwell_day"),
        ("od_day",),
        ("camera_health_day", "travel_time_hour"),
    ],
)
def test_a_city_publishes_the_products_that_it_chose_and_they_pass(tmp_path, chosen):
    made = in_small_city(tmp_path, seed=6, audit=gate, chosen=chosen)
    assert {path.stem for path in made.path.glob("*.csv")} == set(chosen)
    assert {path.stem for path in made.path.glob("*.parquet")} == set(chosen)
    about = json.loads((made.path / "datapackage.json").read_text())["kordon"]
    assert set(about["suppression"]) == set(chosen) - {"camera_health_day"}


def test_a_city_that_chose_nothing_publishes_nothing(tmp_path):
    with pytest.raises(ConfigError, match=r"products\.shared"):
        in_small_city(tmp_path, seed=6, chosen=("od_month_hour",))
    assert not (tmp_path / "vliet-shared").exists()
