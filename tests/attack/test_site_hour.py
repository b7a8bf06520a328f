"""Why there is no shared site_hour (docs/adr/0008): beside gate_hour it tells of unread plates, or of hidden crossings."""

import pytest

from audit.attacks import differencing
from audit.files import read
from tests.attack.folders import release

LAYERS = {
    "sites": [{"site_id": "s1", "zone_id": "z1", "direction": None}],
    "gates": [
        {
            "cordon_id": "ring",
            "gate_id": "north",
            "directions": ["in", "out"],
            "site_ids": ["s1"],
            "sites_in": ["s1"],
            "sites_out": ["s1"],
        }
    ],
}
BOTH_SHOWN = """
    direction | passages | status
    in        | 40       | ok
    out       | 30       | ok
"""
ONE_HIDDEN = """
    direction | passages | status
    in        | 40       | ok
    out       | -        | suppressed
"""


def attack(tmp_path, **products):
    return differencing([read(release(tmp_path, layers=LAYERS, **products))], k=10)


def test_the_crossings_of_a_gate_alone_tell_nothing_of_what_is_hidden(tmp_path):
    assert attack(tmp_path / "both", gate_hour=BOTH_SHOWN).passed
    assert attack(tmp_path / "one", gate_hour=ONE_HIDDEN).passed


@pytest.mark.parametrize(
    ("gates", "passages", "what"),
    [
        # With unread plates, as flow_site_hour counts: 73 - 40 - 30 are the three that nobody could read.
        (BOTH_SHOWN, 73, "rest of crossings at a site"),
        # Of read plates only: 47 - 40 are the seven that were hidden.
        (ONE_HIDDEN, 47, "gate_hour passages"),
    ],
)
def test_with_the_passages_of_its_site_few_vehicles_are_found(tmp_path, gates, passages, what):
    found = attack(tmp_path, gate_hour=gates, site_hour=f"site_id | passages | status \n s1 | {passages} | ok")
    assert not found.passed
    assert found.reached["narrow"] >= 1
    assert any(what in example for example in found.examples)
