"""Plates: templates of each country, quality, and the repair of one twin."""

import random

import pytest
from pyspark.sql import functions as F

from jobs.plates.syntax import TWINS, normalised, quality, repaired
from jobs.plates.templates import LONGEST, SHORTEST, countries, expanded, shapes
from jobs.suppliers.parse import _tidy
from kordon.errors import ConfigError

# From the pages that templates.toml cites where they show a plate, else built by the syntax.
RIGHT = {
    "BE": "1-ABC-234, 1-WPZ-001, 2-AAA-001, ABC-123, OAB-123, 123-ABC, O-AAA-001, M-AAA-001, Q-AAA-001, T-XAA-001, T-LAA-001, Z-AAA-001",
    "NL": "DB-01-99, 01-99-DB, 12-AB-34, DB-01-BB, DB-BB-01, 60-NFH-1, 1-KGF-23, PR-005-T, N-001-SB, GBB-01-B, MB-01-BB, 1-VB-001",
    "FR": "AA-001-AA, AA-229-AA, AB-126-FD, 123 AB 45, 1234 QA 75, 123 ABC 75, 11 AAA 59, 123 AB 2A",
    "DE": "M-AE 2821, R-WI 282, MY-RS 9999, FS-LL 777, OF-PS 309E, FFB-AM 483, TÖL-BA 218, HH-A 1, B-MW 1H",
    "LU": "XY 3456, BA 4001, CA 5001, XY 0008, MK 286, P 1234, 12345, 1234",
    "GB": "AB51 ABC, AA07 ENU, BD26 SMR, A123 ABC, J46 UAR, EDW 412D, CAB 846E, AKZ 1234, KIA 4321",
    "PL": "DW 12345, DW 1234A, DW 123AA, WE 1A234, BLM A123, BLM 12AC, BLM 1A23, BLM 12A3, BLM 1AC2, BLM AC12",
    "RO": "CJ 12 ABC, B 12 ABC, B 123 ABC, BN 07 XYZ, IS 99 RON, SV 10 GIO",
    "IT": "AA 000 AA, BF 146 ZM, DJ 234 ZY, DJ 135 WC, GM 123 AB, AB 12345",
    "ES": "0000 BBB, 0681 VBH, 1234 MVD, M-6814-ZX, B-1234-WN, TE-1234-I, A-9999-Z",
}
WRONG = {
    "BE": "1ABC23, 11BC234, 0ABC123, 7ABC123, AIC123, ABQ123, ABCD123, TABC123",
    "NL": "AB123CD, 1234AB5, DA01BB, C001BB, 12ABC34, ABCDEF",
    "FR": "AI123BC, AB12CDE, AB1234CD, 0123AB75, 1ABC234, ABC123",
    "DE": "M0123, AB012, ABCDEF12, ABC12345, OFPS1309E, 1AB234, ABC123K",
    "LU": "IA1234, AO1234, AB12345, ABC123, 123456, 01234",
    "GB": "AB41ABC, QA51ABC, AB51QBC, AB51AB, I123ABC, 1ABC234",
    "PL": "DQ12345, BLMB123, DW00A12, DW123456, BLM0A23, 1ABC234",
    "RO": "XX12ABC, CJ123ABC, B12IAB, CJ12OAA, CJ1ABC, B12ABQ",
    "IT": "AI123BC, AA00AAA, AO123BC, AA1234A, QA123BC, 1ABC234",
    "ES": "1234ABC, 1234BQC, 123BBB, XX1234AB, M1234AA, 1ABC234",
}

REPAIRS = """
    BE | 18BC123 | 1BBC123   | 8 in the place of a letter is B
    BE | 1ABC12B | 1ABC128   | and back
    BE | IABC123 | 1ABC123   | I is 1
    BE | LABC123 | 1ABC123   | L too
    BE | 1ABC1O3 | 1ABC103   | O is 0
    BE | 1ABC1Q3 | 1ABC103   | Q too
    BE | 14BC123 | 1ABC123   | 4 is A
    BE | 1A5C1Z3 | -         | two wrong ones stay: one of them may be a wrong guess
    BE | 10BC123 | -         | D, O or Q, and the series since 2010 may have each
    BE | 1A1C123 | -         | I or L
    BE | A0C123  | ADC123    | the series from 1973 has no O and Q in this place
    BE | 0BC123  | -         | but as its first letter: old-timers and trailers
    BE | 13BC123 | -         | 3 has no twin
    BE | ZABC123 | -         | fits already, as a dealer's
    BE | 7ABC123 | -         | a 1 misread much more often than a taxi
    BE | 1ABC234 | -         | fits already
    -  | 18BC123 | 1BBC123   | without a country the city's
    -  | AB123CD | -         | fits elsewhere
    CH | ZH12345 | -         | no templates
    NL | N00158  | -         | neither N001SB nor any other is one twin away
    NL | N0015B  | -         | N001SB, or ND015B of another series
    NL | N3315B  | N331SB    | 5 is S
    NL | G8801B  | -         | both 8 are B, which is two
    FR | A8123CD | AB123CD   | 8 is B
    FR | A0123CD | -         | D or Q; O is not used
    DE | HHA81234| HHAB1234  | 8 is B
    DE | H8A1234 | HBA1234   | 8 is B, and with A for 4 nothing fits
    GB | AB1ZCDE | AB12CDE   | Z is 2
    UK | AB5ICDE | AB51CDE   | the same country by its other code
    GB | A851CDE | -         | AB51CDE misread perhaps, but it fits the prefix series
    IT | AB12SCD | AB125CD   | S is 5
    ES | 1Z34BCD | 1234BCD   | Z is 2
    RO | 8123ABC | B123ABC   | Bucharest
    -  | -       | -         | unread
"""


def _plates(texts):
    return [(country, plate.strip()) for country, line in texts.items() for plate in line.split(",")]


def _qualities(spark, rows):
    frame = spark.createDataFrame(rows, "country string, plate string")
    found = frame.select("country", "plate", quality(plate=normalised(F.col("plate")), country=F.col("country")))
    return [tuple(row) for row in found.collect()]


def test_every_country_has_a_source_right_plates_and_wrong_ones():
    assert set(countries()) == set(RIGHT) == set(WRONG)
    for code, country in countries().items():
        assert country.source
        assert len(RIGHT[code].split(",")) >= 6
        assert len(WRONG[code].split(",")) >= 4


def test_right_plates_match_their_country(spark):
    assert [row for row in _qualities(spark, _plates(RIGHT)) if row[2] != "match"] == []


def test_wrong_plates_do_not(spark):
    assert [row for row in _qualities(spark, _plates(WRONG)) if row[2] == "match"] == []


def test_without_a_country_a_plate_may_be_of_any(spark):
    rows = [(None, plate) for _, plate in _plates(RIGHT)]
    assert {row[2] for row in _qualities(spark, rows)} == {"match"}


@pytest.mark.parametrize(
    ("country", "plate", "expected"),
    [
        ("CH", "ZH 123456", "generic"),
        ("BE", "ZH 123456", "generic"),
        (None, "ZZZ999ZZZ9", "generic"),
        (None, "ZZZ999ZZZ99", "invalid"),
        ("BE", "1AB", "invalid"),
        ("BE", "JESUS", "invalid"),
        ("BE", "0000000", "invalid"),
        ("BE", "1111", "invalid"),
        ("BE", "", "invalid"),
        ("BE", None, "unread"),
        (None, None, "unread"),
    ],
)
def test_what_fits_no_template_is_generic_or_invalid(spark, country, plate, expected):
    assert _qualities(spark, [(country, plate)]) == [(country, plate, expected)]


def test_accents_are_folded_and_plain_text_is_what_ingest_makes_of_it(spark):
    folded = {
        "tö-l ba 218": "TOLBA218",
        "ŁÓDŹ 1": "LODZ1",
        "ŠÉÑ·Ø1": "SENO1",
        "ＡＢ１２": "AB12",
        "st\u0327ß 1": "STSS1",
        "ı1İ": "I1I",
    }
    frame = spark.createDataFrame([(text,) for text in folded], "plate string")
    assert dict(frame.select("plate", normalised(F.col("plate"))).collect()) == folded
    plain = [(text,) for text in ("1-abc-234", " 2 AAA.001 ", "", "ab_12/cd", None, "UNKNOWN")]
    frame = spark.createDataFrame(plain, "plate string")
    assert frame.where(~normalised(F.col("plate")).eqNullSafe(_tidy(F.col("plate")))).count() == 0


def test_one_twin_is_exchanged_where_only_one_result_fits(spark):
    rows = [[cell.strip().replace("-", "") or None for cell in line.split("|")[:3]] for line in REPAIRS.strip().splitlines()]
    frame = spark.createDataFrame(rows, "country string, plate string, expected string")
    found = frame.withColumn("repaired", repaired(plate=F.col("plate"), country=F.col("country"), home="BE"))
    assert [tuple(row) for row in found.where("not repaired <=> expected").collect()] == []


def test_of_twin_misreads_of_belgian_plates_hardly_any_is_repaired_wrong(spark, capsys):
    """2,000 plates by the syntax of the series that drive, each with one character read as its twin."""
    draw = random.Random(4)
    back = {letter: digit for digit, letters in TWINS.items() for letter in letters}
    series = {"1LLL999": 0.47, "2LLL999": 0.42, "LLL999": 0.07, "999LLL": 0.04}
    rows = []
    while len(rows) < 2000:
        (pattern,) = draw.choices(list(series), list(series.values()))
        old = "ABCDEFGHJKLNPRSTUVXYZ"
        letters = old if len(pattern) == 6 else old + "MWOQ"
        classes = {"L": letters, "9": "0123456789"}
        plate = "".join(draw.choice(classes.get(character, character)) for character in pattern)
        places = [n for n, character in enumerate(plate) if character in TWINS or character in back]
        if places:
            place = draw.choice(places)
            twin = back.get(plate[place]) or draw.choice(TWINS[plate[place]])
            rows.append((plate, plate[:place] + twin + plate[place + 1 :]))
    frame = spark.createDataFrame(rows, "written string, plate string").withColumn("country", F.lit("BE"))
    found = frame.withColumn("repaired", repaired(plate=F.col("plate"), country=F.col("country"), home="BE"))
    right, wrong = found.select(F.count_if(F.expr("repaired = written")), F.count_if(F.expr("repaired <> written"))).first()
    with capsys.disabled():
        print(f"\n2,000 Belgian plates with one twin misread: {right / 20:.1f} % repaired right, {wrong / 20:.2f} % wrong")
    assert wrong <= 2
    assert right >= 1400


def test_a_pattern_becomes_an_expression_and_shapes():
    assert expanded("1A99", letters="ABCX") == "[1-9][A-CX][0-9]{2}"
    assert expanded("{county}9s", letters="A", sets={"s": "EH"}, lists={"county": ["B", "CJ"]}) == "(?:B|CJ)[0-9][EH]"
    assert shapes("{county}9s", sets={"s": "EH"}, lists={"county": ["B", "CJ"]}) == ("A9A", "AA9A")


def test_templates_describe_plates_of_a_plates_length():
    lengths = {len(shape) for country in countries().values() for template in country.templates for shape in template.shapes}
    assert min(lengths) >= SHORTEST
    assert max(lengths) <= LONGEST


@pytest.mark.parametrize(
    ("series", "rest", "words"),
    [
        ('{ patterns = ["A-99"], since = 2000 }', "", "pattern A-99: '-'"),
        ('{ patterns = ["A99q"], since = 2000 }', "", "no set 'q'"),
        ('{ patterns = ["{x}99"], since = 2000 }', "", "no list 'x'"),
        ('{ patterns = ["A99"], since = 2000 }', "", "has 3 characters"),
        ('{ patterns = ["A999"], since = 2000, until = 1999 }', "", "exchange the years"),
        ('{ patterns = ["A999"], since = 2000, til = 2001 }', "", "a series has til"),
        ('{ patterns = ["A999"], since = 2000 }', '[XX.sets]\ns = "A1"', "letters and digits"),
        ('{ patterns = ["A999"], since = 2000 }', '[XX.sets]\ns = "a"', "must be capitals"),
    ],
)
def test_a_template_file_that_means_nothing_is_refused_in_a_sentence(tmp_path, series, rest, words):
    path = tmp_path / "templates.toml"
    path.write_text(f'[XX]\nname = "X"\nletters = "ABC"\nsource = ["from memory"]\nseries = [{series}]\n{rest}\n')
    with pytest.raises(ConfigError, match=words):
        countries(path)


def test_a_country_without_a_source_is_refused(tmp_path):
    path = tmp_path / "templates.toml"
    path.write_text('[XX]\nname = "X"\nletters = "ABC"\nseries = []\n')
    with pytest.raises(ConfigError, match="from memory"):
        countries(path)
