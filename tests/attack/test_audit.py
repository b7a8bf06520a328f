"""The attacks of `kordon audit`, each with the release that it must catch, and the mistakes found in peers' code."""

import json

import numpy as np
import pandas as pd
import pytest

from audit.attacks import contribution_bound, differencing, known_points, schema_allow_list, suite, versions
from audit.files import read
from audit.insider import enough_vehicles
from kordon.errors import InputError
from tests.attack.folders import release

K = 10
COVERED = """
    vehicle_class | entries | through | status
    all           | 530     | 120     | ok
    car           | 500     | 100     | ok
    bus           | -       | -       | suppressed
    other         | -       | -       | suppressed
"""


def twelve(*folders, **arguments):
    return differencing([read(folder) for folder in folders], k=K, **arguments)


# Attack 8


def test_8_a_release_of_listed_files_and_columns_passes(tmp_path):
    assert schema_allow_list([read(release(tmp_path, through_day=COVERED))]).passed


def test_8_control_a_column_of_vehicles_a_pseudonym_a_stray_file_and_a_key_that_is_not_unique_are_caught(tmp_path):
    here = release(
        tmp_path,
        through_day="""
            vehicle_class | entries | through | vid | status
            all           | 530     | 120     | 7   | ok
        """,
        gate_hour=f"""
            gate_id     | passages | status
            {"0af1" * 8} | 20       | ok
            south       | 30       | ok
            south       | 40       | ok
        """,
    )
    (here / "core_read.csv").write_text("vid\n1\n")
    (here / "notes.pkl").write_bytes(b"x")
    found = schema_allow_list([read(here)])
    assert found.reached["violations"] == 5
    assert not found.passed
    assert "0af1" not in " ".join(found.examples)


def test_8_control_a_parquet_file_that_shows_what_the_csv_hides_is_caught_and_used(tmp_path):
    here = release(tmp_path, through_day=COVERED)
    shown = pd.read_csv(here / "through_day.csv", dtype=str, keep_default_na=False)
    for measure, value in (("entries", 21), ("through", 15)):
        shown[measure] = pd.to_numeric(shown[measure], errors="coerce").where(shown["vehicle_class"] != "bus", value)
    shown.to_parquet(here / "through_day.parquet")
    made = read(here)
    assert not schema_allow_list([made]).passed
    assert differencing([made], k=K).reached["exact"] >= 2


# Attack 9


def test_9_bounded_counts_pass_and_counts_that_were_not_bounded_are_caught():
    cells = pd.DataFrame({"trips": [40, 12], "vehicles": [20, 2], "bounded": [38, 4]})
    assert contribution_bound({"od_day": cells}).passed
    control = contribution_bound({"od_day": cells.assign(bounded=cells["trips"])})
    assert control.reached == {"cells_over_bound": 1, "most_times_bound": 3.0}
    assert not control.passed


def test_9_does_not_apply_without_the_lake():
    assert not contribution_bound({}).applies


# Attack 12


def test_12_two_hidden_classes_cover_each_other(tmp_path):
    found = twelve(release(tmp_path, through_day=COVERED))
    assert found.passed
    assert found.reached["hidden"] == 6
    assert found.reached["exact"] == found.reached["unsolved"] == 0


def test_12_control_a_lone_hidden_class_is_worked_out(tmp_path):
    found = twelve(
        release(tmp_path, through_day=COVERED.replace("bus           | -       | -       | suppressed", "bus | 21 | 12 | ok"))
    )
    assert found.reached["exact"] == 3
    assert not found.passed


def test_12_control_hidden_rows_of_a_small_remainder_are_narrow_though_not_exact(tmp_path):
    found = twelve(release(tmp_path, through_day=COVERED.replace("530     | 120", "505     | 103")))
    assert (found.reached["exact"], found.reached["narrow"], found.reached["narrowest"]) == (0, 6, 2)
    assert not found.passed


def test_12_what_is_not_solved_in_time_fails(tmp_path):
    found = twelve(release(tmp_path, through_day=COVERED.replace("530     | 120", "505     | 103")), seconds=0)
    assert found.reached["unsolved"] > 0
    assert not found.passed


def test_12_products_are_attacked_together(tmp_path):
    pairs = """
        entry_gate_id | exit_gate_id | kind    | visits | status
        north         | south        | through | 60     | ok
        south         | north        | through | -      | suppressed
    """
    alone = twelve(release(tmp_path / "pairs", gate_pair_day=pairs))
    together = twelve(release(tmp_path / "both", gate_pair_day=pairs, through_day=COVERED))
    assert alone.passed
    assert together.reached["exact"] == 1
    assert not together.passed


def test_12_a_gate_of_two_cordons_is_one_count(tmp_path):
    gates = [
        {"cordon_id": cordon, "gate_id": gate, "directions": ["in"], "site_ids": ["s1"]}
        for cordon, gate in (("ring", "north"), ("centre", "tunnel"))
    ]
    rows = """
        cordon_id | gate_id | passages | status
        ring      | north   | 25       | ok
        centre    | tunnel  | -        | suppressed
    """
    assert twelve(release(tmp_path / "apart", gate_hour=rows)).passed
    caught = twelve(
        release(tmp_path / "same", gate_hour=rows, layers={"gates": gates, "sites": [{"site_id": "s1", "zone_id": "z1"}]})
    )
    assert caught.reached["exact"] == 1


def test_12_a_share_in_the_report_tells_the_total(tmp_path):
    here = release(
        tmp_path,
        od_day="""
            origin_zone_id | destination_zone_id | trips | status
            z1             | z1                  | 997   | ok
            z1             | z2                  | -     | suppressed
            z2             | z1                  | -     | suppressed
        """,
    )
    assert twelve(here).passed
    package = json.loads((here / "datapackage.json").read_text())
    package["kordon"]["suppression"] = {"od_day": {"shown_count_pct": 99.7}}
    (here / "datapackage.json").write_text(json.dumps(package))
    found = twelve(here)
    assert (found.reached["narrow"], found.reached["narrowest"]) == (2, 3)


def test_12_what_everybody_knows_without_the_release_is_not_counted_against_it(tmp_path):
    gates = """
        gate_id | passages | status
        north   | -        | missing
        south   | 90       | ok
    """
    pairs = """
        entry_gate_id | exit_gate_id | visits | status
        north         | south        | -      | suppressed
        south         | south        | 70     | ok
    """
    assert twelve(release(tmp_path, gate_hour=gates, gate_pair_day=pairs)).passed
    counted = twelve(
        release(tmp_path / "control", gate_hour=gates.replace("-        | missing", "75 | ok"), gate_pair_day=pairs)
    )
    assert counted.reached["hidden"] == 1


@pytest.mark.parametrize(
    "beside",
    [
        {"gate_hour": "passages | status \n 50 | ok"},
        {"through_day": "vehicle_class | entries | through | status \n all | 50 | 20 | ok"},
    ],
)
def test_12_control_visits_by_dwell_time_are_at_most_the_entries_where_no_pairs_are_published(tmp_path, beside):
    dwells = """
        dwell_bin_s | visits | status
        0           | 45     | ok
        1800        | -      | suppressed
    """
    assert twelve(release(tmp_path / "alone", dwell_day=dwells)).passed
    found = twelve(release(tmp_path / "both", dwell_day=dwells, **beside))
    assert found.reached["narrow"] >= 1


# Attack 13

HOURS = """
    gate_id | passages | status
    north   | 100      | ok
    south   | -        | suppressed
"""


def thirteen(tmp_path, earlier, later):
    return versions([read(release(tmp_path, version=1, **earlier)), read(release(tmp_path, version=2, **later))], k=K)


@pytest.mark.parametrize("moved", [0, K, 50])
def test_13_a_figure_that_stays_or_moves_far_passes(tmp_path, moved):
    assert thirteen(tmp_path, {"gate_hour": HOURS}, {"gate_hour": HOURS.replace("100", str(100 + moved))}).passed


def test_13_control_one_vehicle_more_is_caught(tmp_path):
    found = thirteen(tmp_path, {"gate_hour": HOURS}, {"gate_hour": HOURS.replace("100", "101")})
    assert found.reached["small_changes"] == 1
    assert not found.passed


def test_13_control_what_crosses_the_threshold_is_caught(tmp_path):
    found = thirteen(tmp_path, {"gate_hour": HOURS}, {"gate_hour": HOURS.replace("-        | suppressed", "12 | ok")})
    assert found.reached["crossed"] == 1
    assert not found.passed


def test_13_control_a_total_that_moves_alone_tells_of_its_hidden_parts(tmp_path):
    """The total moved by 3 and no shown part did: 3 entries in the hidden classes. Hidden by subtraction of versions only."""
    later = COVERED.replace("530     | 120", "533     | 120")
    found = thirteen(tmp_path, {"through_day": COVERED}, {"through_day": later})
    assert found.reached["small_sums_changed"] >= 1


def test_12_versions_of_a_period_are_attacked_together(tmp_path):
    one, two = COVERED, COVERED.replace("bus           | -       | -       | suppressed", "bus | 21 | 12 | ok")
    folders = [release(tmp_path, version=1, through_day=one), release(tmp_path, version=2, through_day=two)]
    assert twelve(folders[0]).passed
    assert not twelve(*folders).passed


# Attack 17


def test_17_noisy_counts_of_the_open_tier_pass_and_raw_ones_are_caught(tmp_path):
    noisy = """
        gate_id | passages | margin95 | status
        north   | 3        | 39.6     | ok
        south   | 250      | 39.6     | ok
    """
    assert known_points([read(release(tmp_path / "noisy", tier="open", gate_hour=noisy))], k=K).passed
    raw = known_points([read(release(tmp_path / "raw", tier="open", gate_hour=noisy.replace("39.6", "0")))], k=K)
    assert raw.reached["isolated"] == 1
    assert not raw.passed


# Mistakes of peers (peers.md A.3)


def test_peers_1_a_threshold_after_scaling_is_caught_with_the_lake(tmp_path):
    """One vehicle, scaled by 0.95 and 5.4 and again, would pass a threshold on what is published."""
    made = [
        read(
            release(
                tmp_path,
                gate_hour="""
                    gate_id | passages | passages_expanded | status
                    north   | 12       | 61.6              | ok
                    south   | 12       | 12.5              | ok
                """,
            )
        )
    ]
    cells = pd.DataFrame(
        {
            "service_day": pd.Timestamp("2026-03-10").date(),
            "hour_ts": pd.Timestamp("2026-03-10 07:00", tz="UTC"),
            "cordon_id": "ring",
            "gate_id": ["north", "south"],
            "direction": "in",
            "vehicle_class": "car",
            "vehicles": [1, 12],
        }
    )
    found = enough_vehicles(made, {"gate_hour": cells}, k=K)
    assert found.reached == {"shown_rows": 2, "of_too_few_vehicles": 1}
    assert not found.passed
    assert enough_vehicles(made, {"gate_hour": cells.assign(vehicles=[10, 12])}, k=K).passed


def test_peers_2_a_companion_measure_left_in_a_hidden_row_is_caught(tmp_path):
    rows = """
        gate_id | passages | passages_expanded | status
        north   | -        | 4.1               | suppressed
    """
    found = twelve(release(tmp_path, gate_hour=rows))
    assert found.reached["values_in_hidden"] == 1
    assert not found.passed


@pytest.mark.parametrize(
    ("product", "row"),
    [
        ("gate_hour", "passages | status \n 4 | ok"),
        ("od_day", "origin_zone_id | destination_zone_id | trips | status \n a | b | 9 | ok"),
        (
            "od_month_hour",
            "day_type | hour_of_day | origin_zone_id | destination_zone_id | trips | status \n workday | 8 | a | b | 9 | ok",
        ),
        ("gate_pair_day", "entry_gate_id | exit_gate_id | visits | status \n a | b | 0 | ok"),
        ("through_day", "entries | through | status \n 40 | 1 | partial"),
        ("dwell_day", "dwell_bin_s | visits | status \n 600 | 9 | ok"),
        ("travel_time_hour", "from_site_id | to_site_id | n | p50_s | status \n a | b | 29 | 310 | ok"),
        ("site_hour", "site_id | passages | status \n a | 1 | ok"),
    ],
)
def test_peers_3_every_product_passes_the_one_gate_so_that_no_check_can_be_commented_out(tmp_path, product, row):
    found = twelve(release(tmp_path, **{product: row}))
    assert found.reached["small_shown"] == 1
    assert not found.passed


def test_peers_4_the_difference_of_two_safe_numbers_is_caught(tmp_path):
    """50 came in, 45 of them left again: five did not."""
    gates = "gate_id | passages | status \n north | 50 | ok"
    pairs = "entry_gate_id | exit_gate_id | visits | status \n north | south | 45 | ok"
    found = twelve(release(tmp_path / "five", gate_hour=gates, gate_pair_day=pairs))
    assert found.reached["exact"] == 1
    assert not found.passed
    assert twelve(release(tmp_path / "many", gate_hour=gates, gate_pair_day=pairs.replace("45", "25"))).passed
    within = twelve(release(tmp_path / "row", through_day="vehicle_class | entries | through | status \n car | 50 | 45 | ok"))
    assert within.reached["small_shown"] == 1


def test_peers_5_margins_added_up_after_redaction_are_caught(tmp_path):
    """A total of shown parts only says that everything hidden is 0."""
    found = twelve(release(tmp_path, through_day=COVERED.replace("530     | 120", "500     | 100")))
    assert found.reached["exact"] == 6
    assert not found.passed


def test_peers_6_suppressed_written_as_0_is_caught(tmp_path):
    zeros = COVERED.replace("-       | -       | suppressed", "0       | 0       | suppressed")
    found = twelve(release(tmp_path, through_day=zeros))
    assert found.reached["values_in_hidden"] == 2
    assert not found.passed
    unmarked = twelve(release(tmp_path / "ok", through_day=zeros.replace("suppressed", "ok")))
    assert unmarked.reached["small_shown"] == 2


def test_a_release_may_not_declare_a_threshold_below_the_floor(tmp_path):
    findings = suite([read(release(tmp_path, k=3, gate_hour="passages | status \n 4 | ok"))])
    assert not all(finding.passed for finding in findings)


def test_releases_of_two_cities_are_not_mixed(tmp_path):
    one, other = (read(release(tmp_path / name, gate_hour=HOURS)) for name in ("a", "b"))
    other.package["kordon"]["city"] = "elsewhere"
    with pytest.raises(InputError, match="different cities"):
        suite([one, other])


def test_a_folder_without_a_release_is_refused(tmp_path):
    with pytest.raises(InputError, match="no readable datapackage"):
        read(tmp_path)


def test_a_month_of_hours_and_its_days_are_one_count(tmp_path):
    days = [f"2026-02-{day:02d}" for day in range(1, 29)]
    od = "date | origin_zone_id | destination_zone_id | trips | status\n" + "\n".join(
        f"{day} | a | b | 20 | ok" for day in days
    )
    month = """
        month   | day_type | hour_of_day | origin_zone_id | destination_zone_id | trips | status
        2026-02 | workday  | 8           | a              | b                   | 380   | ok
        2026-02 | workday  | 9           | a              | b                   | -     | suppressed
        2026-02 | saturday | 8           | a              | b                   | 80    | ok
        2026-02 | sunday   | 8           | a              | b                   | 80    | ok
    """
    assert twelve(release(tmp_path / "month", od_month_hour=month)).passed
    found = twelve(release(tmp_path / "days", od_day=od), release(tmp_path / "both", od_month_hour=month))
    assert found.reached["exact"] == 1
    assert np.isfinite(found.reached["narrowest"])
