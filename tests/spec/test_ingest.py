"""What a supplier's words become: stamps, plates, classes; and which read stands."""

import datetime as dt
from functools import partial

import pytest

from jobs.suppliers.duplicates import with_duplicates
from jobs.suppliers.parse import reads
from jobs.suppliers.supplier_time import has_offset, text_lengths, with_instant
from kordon.city.source import FIELDS

BRUSSELS = "Europe/Brussels"
CAMERAS = "supplier_camera_id string, device_0 struct<camera_id string, site_id string, valid_from bigint, valid_to bigint>"


@pytest.fixture
def instants(spark, spec):
    def run(*, then, formats, zone=BRUSSELS):
        """A table of ``stamp | stamp_ts | stamp_skipped``: the first column is given, the others are expected."""
        given = [(line.split("|")[0].strip(),) for line in then.strip().splitlines()[1:]]
        rows = spark.createDataFrame(given, "stamp string")
        spec(with_instant, given=rows, column="stamp", formats=formats, zone=zone, then=then)

    return run


def test_iso_stamps_with_and_without_an_offset(instants):
    instants(
        formats=["iso"],
        then="""
            stamp                          | stamp_ts | stamp_skipped
            2026-03-10T09:00:00            | 08:00:00 | False
            2026-03-10 09:00               | 08:00:00 | False
            2026-03-10T09:00:00,25         | 08:00:00 | False
            2026-03-10T08:00:00Z           | 08:00:00 | False
            2026-03-10t08:00:00.5z         | 08:00:00 | False
            2026-03-10T10:00:00+02:00      | 08:00:00 | False
            2026-03-10T10:00:00 +0200      | 08:00:00 | False
            2026-03-10 03:00:00.123456789-05 | 08:00:00 | False
            2026                           | -        | False
            12:30                          | -        | False
            2026-03-10                     | -        | False
            2026-02-30T08:00:00            | -        | False
            now                            | -        | False
            1970-01-01T00:00:00Z           | -        | False
        """,
    )


def test_a_local_stamp_is_the_earlier_instant_of_a_repeated_hour_and_none_of_a_skipped_one(instants):
    instants(
        formats=["dd/MM/yyyy HH:mm:ss.SSS", "dd/MM/yyyy HH:mm:ss"],
        then="""
            stamp                   | stamp_ts            | stamp_skipped
            29/03/2026 01:59:59     | 2026-03-29 00:59:59 | False
            29/03/2026 02:00:00     | -                   | True
            29/03/2026 02:59:59.999 | -                   | True
            29/03/2026 03:00:00     | 2026-03-29 01:00:00 | False
            25/10/2026 02:30:00     | 2026-10-25 00:30:00 | False
            25/10/2026 03:00:00     | 2026-10-25 02:00:00 | False
            31/02/2026 10:00:00     | -                   | False
            1/3/2026 10:00:00       | -                   | False
        """,
    )


def test_epochs_and_formats_in_order(instants):
    instants(
        formats=["epoch_s", "epoch_ms", "iso"],
        then="""
            stamp                   | stamp_ts | stamp_skipped
            1773129600              | 08:00:00 | False
            1773129600.75           | 08:00:00 | False
            1773129600,75           | 08:00:00 | False
            1773129600123           | 08:00:00 | False
            2026-03-10T09:00:00     | 08:00:00 | False
            -1773129600             | -        | False
            999999999999999999999   | -        | False
            1e9                     | -        | False
        """,
    )


def test_patterns_say_whether_they_hold_an_offset_and_how_long_their_stamps_are():
    assert [has_offset(p) for p in ("yyyy-MM-dd HH:mm:ssXXX", "yyyy-MM-dd'X'HH:mm:ss", "dd/MM/yyyy HH:mm z")] == [
        True,
        False,
        True,
    ]
    assert text_lengths("dd/MM/yyyy HH:mm:ss.SSS") == (21, 23)
    assert text_lengths("yyyyMMddHHmmss") == (14, 14)
    assert [text_lengths(p) for p in ("d/M/yyyy HH:mm", "dd MMM yyyy HH:mm", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd[ HH:mm]")] == [
        None
    ] * 4


def test_a_variable_fraction_fits_its_pattern(instants):
    instants(
        formats=["yyyy-MM-dd HH:mm:ss.SSS"],
        zone="UTC",
        then="""
            stamp                   | stamp_ts | stamp_skipped
            2026-03-10 08:00:00.1   | 08:00:00 | False
            2026-03-10 08:00:00.123 | 08:00:00 | False
        """,
    )


@pytest.fixture
def words(spark, spec):
    def run(*, given, then, **changed):
        lines = [[cell.strip() for cell in line.split("|")] for line in given.strip().splitlines()]
        fixed = {**dict.fromkeys(FIELDS), "camera_id": "1", "captured_at": "2026-03-10T08:00:00Z"}
        columns = ["uri", "block", "row_id", "outcome", *fixed, *lines[0]]
        columns = list(dict.fromkeys(columns))
        rows = []
        for line in lines[1:]:
            cells = {"uri": "u", "block": 0, "row_id": 0, "outcome": None, **fixed, **dict(zip(lines[0], line, strict=True))}
            rows.append(tuple(cells[name] for name in columns))
        schema = ", ".join(f"{name} {'bigint' if name in ('block', 'row_id') else 'string'}" for name in columns)
        arguments = {
            "cameras": spark.createDataFrame([("1", ("c1", "s1", None, None))], CAMERAS),
            "formats": ["iso"],
            "zone": BRUSSELS,
            "decimal": ".",
            "scale": 1.0,
            "minimum": 0.0,
            "classes": {},
            "countries": {},
            "directions": {},
            "plate_kind": "plate",
            "unread": [""],
            "timezone": BRUSSELS,
            "loaded_at": dt.datetime(2026, 4, 1, tzinfo=dt.UTC),
        }
        # The spec's own argument has the name of this one.
        given_constants = partial(reads, constants=changed.pop("constants", {}))
        spec(given_constants, given=spark.createDataFrame(rows, schema), then=then, **{**arguments, **changed})

    return run


def test_plates_are_upper_case_letters_and_digits_and_say_what_they_are_worth(words):
    words(
        unread=["", "no plate", "?"],
        given="""
            plate
            1-abc-123
            AB
            1ABC1234567
            AAAAAA
            ...
            NO PLATE
            no plate
            ?
        """,
        then="""
            plate       | plate_quality
            1ABC123     | generic
            AB          | invalid
            1ABC1234567 | invalid
            AAAAAA      | invalid
            -           | unread
            -           | unread
            -           | unread
            -           | unread
        """,
    )


def test_tags_are_kept_as_they_are(words):
    words(
        plate_kind="tag",
        given="""
            plate
            20150501-0a#
            x
        """,
        then="""
            plate        | plate_quality
            20150501-0a# | generic
            x            | generic
        """,
    )


def test_a_plate_below_the_least_confidence_is_unread(words):
    words(
        scale=100.0,
        minimum=0.2,
        decimal=",",
        given="""
            plate   | confidence
            1ABC123 | 19,9
            1ABC123 | 20
            1ABC123 | 101
            1ABC123 |
        """,
        then="""
            plate   | plate_quality | confidence | outcome
            -       | unread        | 0.199      | -
            1ABC123 | generic       | 0.2        | -
            1ABC123 | generic       | 1.01       | bad_confidence
            1ABC123 | generic       | -          | -
        """,
    )


def test_words_are_mapped_and_what_is_optional_may_be_nonsense(words):
    words(
        classes={"PW": "car"},
        countries={"BEL": "BE"},
        directions={"naar": "in"},
        given="""
            plate   | vehicle_class | country | direction | speed_kmh | lane | received_at
            1ABC123 | PW            | BEL     | naar      | 50.5      | L1   | 2026-03-10T08:00:01Z
            1ABC124 | truck         | nl      | weg       | -3        |      | yesterday
            1ABC125 |               | XYZ     |           | fast      |      |
        """,
        then="""
            plate   | vehicle_class | country | direction | speed_kmh | lane | received_at | is_class_unmapped | outcome
            1ABC123 | car           | BE      | in        | 50.5      | L1   | 08:00:01    | False             | -
            1ABC124 | unknown       | NL      | -         | -         | -    | -           | True              | -
            1ABC125 | unknown       | -       | -         | -         | -    | -           | False             | -
        """,
    )


def test_a_constant_may_be_one_of_kordons_own_words(words):
    words(
        constants={"vehicle_class": "truck", "direction": "out", "country": "BE"},
        given="""
            plate   | vehicle_class | direction | country
            1ABC123 | truck         | out       | BE
        """,
        then="""
            plate   | vehicle_class | direction | country | is_class_unmapped
            1ABC123 | truck         | out       | BE      | False
        """,
    )


def test_the_service_day_begins_at_four_local_time(words):
    words(
        given="""
            plate   | captured_at
            1ABC123 | 2026-03-10T03:59:59
            1ABC124 | 2026-03-10T04:00:00
            1ABC125 | 2026-03-29T03:30:00
        """,
        then="""
            plate   | service_day
            1ABC123 | 2026-03-09
            1ABC124 | 2026-03-10
            1ABC125 | 2026-03-28
        """,
    )


GIVEN = """
    source | read_id | camera_id | captured_at | plate | file | sha256 | line
    alfa   | q       | c1        | 08:00:00    | A     | f1   | s1     | 2
    alfa   | p       | c1        | 08:00:00    | A     | f2   | s2     | 9
    alfa   | r       | c1        | 08:00:00    | -     | f1   | s1     | 3
    alfa   | s       | c1        | 08:00:00    | -     | f1   | s1     | 4
    alfa   | t       | c1        | 08:00:01    | A     | f1   | s1     | 5
    alfa   | u       | c2        | 08:00:00    | A     | f1   | s1     | 6
    beta   | q       | c3        | 08:00:00    | A     | f3   | s3     | 2
    beta   | q       | c4        | 09:00:00    | B     | f3   | s3     | 1
    beta   | w       | c3        | 08:00:00    | A     | f3   | s3     | 4
"""
THEN = """
    source | file | line | is_duplicate
    alfa   | f1   | 2    | True
    alfa   | f2   | 9    | False
    alfa   | f1   | 3    | False
    alfa   | f1   | 4    | True
    alfa   | f1   | 5    | False
    alfa   | f1   | 6    | False
    beta   | f3   | 2    | True
    beta   | f3   | 1    | False
    beta   | f3   | 4    | False
"""


@pytest.mark.parametrize("most", [0, 1000])
def test_the_smallest_of_reads_that_repeat_stands(spec, monkeypatch, most):
    monkeypatch.setattr("jobs.suppliers.duplicates.BROADCAST_HASHES", most)
    spec(with_duplicates, with_ids=["beta"], given=GIVEN, then=THEN, constants={"service_day": "2026-03-10"})


def test_reads_of_two_days_do_not_repeat_each_other(spec):
    spec(
        with_duplicates,
        with_ids=["beta"],
        given="""
            service_day | source | read_id | camera_id | captured_at | plate | file | sha256 | line
            2026-03-10  | beta   | q       | c1        | 08:00:00    | A     | f1   | s1     | 2
            2026-03-11  | beta   | q       | c1        | 2026-03-11 08:00:00 | A | f1 | s1   | 3
        """,
        then="""
            line | is_duplicate
            2    | False
            3    | False
        """,
    )
