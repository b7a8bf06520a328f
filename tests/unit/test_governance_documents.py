"""What the documents say: measured figures with their dates, the city's own words, and nothing that was not measured."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kordon.city import load
from kordon.errors import ConfigError
from privacy.governance import figures, render
from privacy.governance.documents import build
from privacy.governance.risks import RISKS

ROOT = Path(__file__).resolve().parents[2]
ON = date(2026, 3, 14)


@pytest.fixture(scope="module")
def vliet():
    return load(ROOT / "cities" / "vliet")


@pytest.fixture(scope="module")
def texts(vliet):
    return build(vliet, {})


def all_measured():
    return {w.id: figures.Measured(1000 + n, ON, f"suite_{n}.py", f"control {n}") for n, w in enumerate(figures.WANTED)}


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_assessment_names_every_measured_figure_with_its_date_and_its_control(vliet, language):
    text = build(vliet, all_measured())[f"dpia.{language}.md"]
    rows = [line for line in text.splitlines() if str(ON) in line and "suite_" in line]
    assert len(rows) == len(figures.WANTED)
    for n, wanted in enumerate(figures.WANTED):
        row = next(line for line in rows if f"`suite_{n}.py`" in line)
        assert wanted.name.of(language) in row
        assert render.number(1000 + n, language) in row
        assert f"control {n}" in row
    assert not re.search(r"[|:] (not measured|niet gemeten)", text)


def test_a_figure_that_nobody_measured_is_called_so_and_never_filled_in(texts):
    rows = [line for line in texts["dpia.en.md"].splitlines() if re.match(r"\| \d* \| ", line)]
    assert len(rows) == len(figures.WANTED)
    assert all("| not measured |" in row and "goal" not in row for row in rows)
    assert sum("| niet gemeten |" in line for line in texts["dpia.nl.md"].splitlines()) == len(figures.WANTED)


def test_a_figure_that_misses_its_goal_says_so_beside_its_risk_too(vliet):
    bad = {"hidden_counts_found": figures.Measured(3, ON, "a.py"), "hidden_count_width": figures.Measured(9, ON, "a.py")}
    text = build(vliet, bad)["dpia.en.md"]
    assert text.count("MISSES THE GOAL") == 4
    good = {"hidden_counts_found": figures.Measured(0, ON, "a.py"), "hidden_count_width": figures.Measured(10, ON, "a.py")}
    assert build(vliet, good)["dpia.en.md"].count("meets the goal") == 2
    stricter = replace(vliet, sdc=vliet.sdc.model_copy(update={"k": 11}))
    assert build(stricter, good)["dpia.en.md"].count("MISSES THE GOAL") == 2


def test_every_figure_stands_beside_a_risk_or_is_a_cost():
    beside = {name for risk in RISKS for name in risk.figures}
    assert beside == {wanted.id for wanted in figures.WANTED} - {"hmac_cost"}


def test_suites_write_figures_beside_each_other_and_the_newest_stands(tmp_path):
    file = tmp_path / "figures.json"
    figures.record(file, "plate_residue", 2, on=date(2026, 3, 1), by="old")
    figures.record(file, "key_leaks", 0, on=ON, by="keys", control="3 channels")
    figures.record(file, "plate_residue", 0, on=ON, by="new")
    assert figures.read(file) == {
        "plate_residue": figures.Measured(0, ON, "new"),
        "key_leaks": figures.Measured(0, ON, "keys", "3 channels"),
    }
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "holds no measured figures"),
        ("[]", "holds no measured figures"),
        ('{"figures": {"luck": {"value": 1, "on": "2026-03-14", "by": "x"}}}', "names no figure 'luck'"),
        ('{"figures": {"key_leaks": {"value": "0", "on": "2026-03-14", "by": "x"}}}', "has no number"),
        ('{"figures": {"key_leaks": {"value": true, "on": "2026-03-14", "by": "x"}}}', "has no number"),
        ('{"figures": {"key_leaks": {"value": NaN, "on": "2026-03-14", "by": "x"}}}', "has no number"),
        ('{"figures": {"key_leaks": {"value": 0, "by": "x"}}}', "on which day"),
        ('{"figures": {"key_leaks": {"value": 0, "on": "yesterday", "by": "x"}}}', "on which day"),
        ('{"figures": {"key_leaks": {"value": 0, "on": "2026-03-14"}}}', "what measured it"),
    ],
)
def test_a_figure_without_number_day_or_source_is_refused(tmp_path, content, says):
    file = tmp_path / "figures.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match=says):
        figures.read(file)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.tags, self.words, self.language = [], set(), [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        self.language = dict(attrs).get("lang", self.language) if tag == "html" else self.language

    def handle_data(self, data):
        self.words.append(data)


def test_every_page_opens_without_network_says_its_language_and_links_to_files_that_exist(texts):
    pages = {name: Page(text) for name, text in texts.items() if name.endswith(".html")}
    assert len(pages) == 14
    for name, page in pages.items():
        assert page.language == name.split(".")[1]
        assert set(page.links) <= set(texts), name
        assert "script" not in page.tags
    reachable = {link for name in ("index.en.html", "index.nl.html") for link in pages[name].links}
    assert reachable | {"index.en.html", "index.nl.html"} >= set(texts)


def test_dutch_pages_say_the_city_s_words_in_dutch(vliet, texts):
    for name in ("dpia", "transparency", "tender", "register"):
        for dutch, english in zip(vliet.governance.nl.purposes, vliet.governance.purposes, strict=True):
            assert dutch in texts[f"{name}.nl.md"]
            assert english not in texts[f"{name}.nl.md"]
            assert english in texts[f"{name}.en.md"]
    silent = vliet.governance.model_copy(update={"nl": type(vliet.governance.nl)()})
    assert vliet.governance.purposes[0] in build(replace(vliet, governance=silent), {})["dpia.nl.md"]


def test_both_languages_say_the_same_numbers(texts):
    for name in ("dpia", "breach", "tender", "transparency", "access", "register"):
        english, dutch = (re.findall(r"\d+", re.sub(r"`[^`]*`", "", texts[f"{name}.{code}.md"])) for code in ("en", "nl"))
        assert sorted(english) == sorted(dutch), name


def test_a_name_with_markup_breaks_no_table_and_brings_no_tag(vliet):
    name = "<script>alert(1)</script> | **x** [y](javascript:z)\n# T"
    governance = vliet.governance.model_copy(
        update={"controller": name, "purposes": (name,), "nl": type(vliet.governance.nl)()}
    )
    odd = build(replace(vliet, name=name, governance=governance), {})
    for file, text in odd.items():
        if file.endswith(".html"):
            page = Page(text)
            assert "script" not in page.tags
            assert not any("javascript" in link for link in page.links)
    said = "".join(Page(odd["register.en.html"]).words)
    assert "<script>alert(1)</script> | **x** [y](javascript:z) # T" in said
    rows = list(csv.DictReader(io.StringIO(odd["register.csv"])))
    assert {row["controller"] for row in rows} == {name}
    assert json.loads(odd["register.jsonld"])["@graph"][1]["dct:title"] == [name]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=40))
def test_an_escaped_value_reads_as_it_was_written(value):
    text = "Says: " + str(render.escaped(value)) + "."
    shown = "".join(Page(MarkdownIt("commonmark", {"html": False}).render(text)).words)
    assert re.sub(r"\s+", " ", shown).strip() == re.sub(r"\s+", " ", f"Says: {value}.").strip()


def test_longer_keys_are_pointed_out_to_the_officer(vliet, texts):
    assert "Longer keys" not in texts["dpia.en.md"]
    weekly = replace(vliet, keys=vliet.keys.model_copy(update={"period": "week", "dpia_covers_period": True}))
    longer = build(weekly, {})
    assert "A vehicle can be followed for one week" in longer["dpia.en.md"].replace("a vehicle", "A vehicle")
    assert "Langere sleutels" in longer["dpia.nl.md"]
    assert "De code geldt één week." in longer["transparency.nl.md"]


def test_the_page_on_attackers_names_tests_that_exist():
    page = (ROOT / "docs" / "officer" / "attackers.md").read_text()
    named = re.findall(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`", page)
    assert len(named) > 15
    for file, test in named:
        assert re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE), f"{file} has no {test}"
    attackers = ["Insider with the lake", "Insider with keys", "Administrator", "Neighbour", "Data broker", "Somebody with two"]
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        next(line for line in page.splitlines() if line.startswith(f"## {name}")) for name in attackers
    ]
