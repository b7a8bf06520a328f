"""What check-city prints, and what the documentation says of the settings."""

import pytest

from kordon.city import Dp, Governance, KeyPolicy, Methods, Publication, Retention, Sdc, check, load
from kordon.city.reference import table_of
from kordon.city.report import render
from kordon.city.settings import Identity, Products
from kordon.city.source import ConfidenceSection, PlatesSection, SourceFile, TimeSection
from tests.unit.test_city import VLIET, write


def test_the_report_counts_what_the_folder_holds(tmp_path):
    write(tmp_path, gates_csv="cordon_id,gate_id,site_id,direction\nring,g1,s1,in\n")
    text = render(check(tmp_path), load(tmp_path))
    assert "warning  gates.csv:2: direction: cordon 'ring' has only gates of direction 'in'" in text
    assert "3 sites, 3 cameras, 1 gates, 2 zones" in text and "0 errors, 1 warning" in text
    assert "1 error, 0 warnings" in render(check(tmp_path / "none"), None)


SECTIONS = [Identity, Governance, KeyPolicy, Methods, Sdc, Dp, Retention, Publication, Products]
SECTIONS += [SourceFile, TimeSection, ConfidenceSection, PlatesSection]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_documentation_shows_every_key_with_its_default(section):
    page = (VLIET.parents[1] / "docs" / "engineer" / "city-folder.md").read_text()
    assert table_of(section) in page
