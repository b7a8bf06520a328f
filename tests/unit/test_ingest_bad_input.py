"""Bad input: every line of every bad file is accounted for, nothing stops the others, no value is told.

All files are in one landing folder and one run; each test looks at its own.
"""

import zlib

import pytest

from tests.cityfolder import city_folder, ingest, loads, refused
from tests.unit.bad_files import CAMERAS, CANARY, SOURCES, write_files


@pytest.fixture(scope="module")
def bad_and_log(spark, tmp_path_factory, request):
    """The run over all bad files, and what it and its Java process wrote to standard output and error."""
    folder = tmp_path_factory.mktemp("bad")
    city = city_folder(folder / "city", sources=SOURCES, cameras=CAMERAS)
    write_files(folder / "landing")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    capture.read_global_capture()
    run = ingest(spark, city, landing=folder / "landing", lake=folder / "lake")
    spark._jvm.System.err.println("the control")
    return run.lake, "".join(capture.read_global_capture()), folder / "landing"


@pytest.fixture(scope="module")
def bad(bad_and_log):
    return bad_and_log[0]


@pytest.fixture(scope="module")
def landing(bad_and_log):
    return bad_and_log[2]


@pytest.fixture(scope="module")
def load(bad):
    return loads(bad)


@pytest.fixture(scope="module")
def codes(bad):
    return refused(bad)


def counts(row):
    return (row.lines, row.header_lines, row.blank_lines, row.accepted, row.duplicate, row.quarantined)


def state(row):
    return (row.status, row.error_code)


def test_every_file_is_accounted_for_and_every_refused_line_is_named(load, codes, bad):
    for file, row in load.items():
        assert len(codes.get(file, {})) == row.quarantined, file
        assert row.status in ("ok", "truncated") or row.error_code, file
    kept = {r.file: r["count"] for r in bad.read("raw_read").groupBy("file").count().collect()}
    assert kept == {file: row.accepted + row.duplicate for file, row in load.items() if row.accepted + row.duplicate}


@pytest.mark.parametrize("file", ["good", "extra_column", "other_order", "bom", "späce %20#1 [a]{b}'q\""])
def test_columns_are_found_by_name_whatever_else_is_there(load, file):
    assert counts(load[f"trafico/{file}.csv"]) == (2, 1, 0, 1, 0, 0)


def test_a_header_without_a_required_column_refuses_every_line(load, codes):
    assert state(load["trafico/missing_column.csv"]) == ("unreadable", "missing_column")
    assert codes["trafico/missing_column.csv"] == {2: "missing_column", 3: "missing_column"}
    assert codes["trafico/twice_column.csv"] == {2: "duplicate_column"}


def test_too_few_and_too_many_columns(load, codes):
    assert codes["trafico/counts.csv"] == {2: "bad_columns", 3: "bad_columns"}
    assert load["trafico/counts.csv"].accepted == 1
    assert codes["trafico/delimiters.csv"] == {2: "bad_columns"}


def test_bytes_that_are_no_text(load, codes):
    assert codes["trafico/bytes.csv"] == {2: "bad_encoding"}
    assert state(load["trafico/utf16.csv"]) == ("unreadable", "missing_column")
    assert codes["latin/good.csv"] == {3: "bad_encoding"}
    assert state(load["latin/wrong.csv"]) == ("unreadable", "missing_column")


def test_half_a_gzip_gives_the_lines_before_the_break(load, landing):
    half_gzip = (landing / "trafico/half.csv.gz").read_bytes()
    half = load["trafico/half.csv.gz"]
    assert state(half) == ("truncated", "gzip_truncated")
    assert 1000 < half.accepted + half.duplicate < 7200
    assert half.lines == half.accepted + half.duplicate + 1
    assert half.lines == zlib.decompressobj(31).decompress(half_gzip).count(b"\n")
    assert state(load["trafico/stub.csv.gz"]) == ("unreadable", "gzip_truncated")
    assert state(load["trafico/damaged.csv.gz"]) == ("truncated", "gzip_corrupt")
    # Java checks the sum with the last block that it inflates, which is lost with it.
    assert 6000 < load["trafico/damaged.csv.gz"].lines <= 7201


def test_a_name_that_lies_about_gzip_is_refused(load, codes):
    assert state(load["trafico/no_gzip.csv.gz"]) == ("unreadable", "not_gzip")
    assert state(load["trafico/gzip_by_stealth.csv"]) == ("unreadable", "gzip_without_gz_name")
    assert codes["trafico/no_gzip.csv.gz"] == {1: "not_gzip", 2: "not_gzip"}


@pytest.mark.parametrize(
    ("file", "lines"), [("empty.csv", 0), ("empty.csv.gz", 0), ("header_only.csv", 1), ("header_unended.csv", 1)]
)
def test_an_empty_file_and_a_header_alone_are_no_fault(load, file, lines):
    assert state(load[f"trafico/{file}"]) == ("ok", None)
    assert counts(load[f"trafico/{file}"]) == (lines, lines, 0, 0, 0, 0)


def test_blank_lines_are_counted(load):
    assert counts(load["trafico/blank.csv"]) == (5, 1, 3, 1, 0, 0)


def test_nul_bytes_and_lines_of_ten_megabytes(load, codes):
    assert codes["trafico/nul.csv"] == {2: "nul_byte"}
    assert codes["trafico/long.csv"] == {2: "line_too_long"}
    assert load["trafico/long.csv"].accepted == 1
    assert state(load["trafico/long_first.csv"]) == ("unreadable", "bad_header")


def test_mixed_line_endings(load, codes):
    assert counts(load["trafico/endings.csv"]) == (7, 1, 1, 4, 0, 1)
    assert codes["trafico/endings.csv"] == {4: "bad_columns"}


def test_bad_dates(codes, load):
    assert codes["trafico/dates.csv"] == dict.fromkeys(range(2, 11), "bad_time")


def test_hours_in_which_the_clock_changes(bad, load, codes):
    assert codes["trafico/skipped.csv"] == {3: "time_skipped"}
    repeated = {r.line: str(r.captured_at) for r in bad.read("raw_read").filter("file = 'trafico/repeated.csv'").collect()}
    assert repeated == {2: "2025-10-26 00:30:00", 3: "2025-10-26 01:30:00"}


def test_a_confidence_outside_its_scale(codes, load):
    assert codes["trafico/confidence.csv"] == dict.fromkeys(range(2, 7), "bad_confidence")
    assert load["trafico/confidence.csv"].accepted == 3


def test_cameras_unknown_or_outside_their_validity(codes):
    assert codes["trafico/cameras.csv"] == {2: "unknown_camera", 3: "camera_not_valid", 5: "camera_not_valid"}


def test_reads_from_the_future(codes, load):
    assert codes["trafico/future.csv"] == {2: "time_future", 4: "time_future"}
    assert load["trafico/future.csv"].accepted == 1


def test_unbalanced_quotes(codes, load):
    assert codes["trafico/quotes.csv"] == {2: "bad_columns"}
    assert load["trafico/quotes.csv"].accepted == 2


def test_a_header_in_the_middle_is_refused(codes):
    assert codes["trafico/repeated_header.csv"] == {3: "repeated_header"}


def test_random_bytes(load):
    assert state(load["trafico/random.csv"]) == ("unreadable", "missing_column")
    noise = load["oculus/random.jsonl.gz"]
    assert noise.quarantined + noise.blank_lines == noise.lines > 10
    assert state(load["parket/random.parquet"]) == ("unreadable", "bad_parquet")


def test_names_that_cannot_be_read_are_refused_and_stop_nothing(load):
    for name, code in {
        ".hidden": "hidden_name",
        "_hidden": "hidden_name",
        "co:lon": "unsupported_name",
        "folder": "is_directory",
        "nowhere": "not_a_file",
    }.items():
        assert state(load[f"trafico/{name}.csv"]) == ("unreadable", code)


def test_json_lines_that_are_not_one_object(codes, load):
    wrong = dict.fromkeys(range(7, 13), "bad_json")
    assert codes["oculus/objects.jsonl"] == {
        4: "bad_time",
        5: "bad_time",
        6: "bad_time",
        **wrong,
        13: "unknown_camera",
        14: "bad_confidence",
    }
    assert load["oculus/objects.jsonl"].accepted == 3


def test_epochs_have_parts_of_a_second(bad):
    rows = {r.line: str(r.captured_at) for r in bad.read("raw_read").filter("file = 'oculus/objects.jsonl'").collect()}
    assert rows == {1: "2026-03-10 07:00:00", 2: "2026-03-10 07:00:00.250000", 3: "2026-03-10 07:00:00.007000"}


def test_without_a_header_the_width_of_most_lines_counts(codes, load):
    assert codes["bare/damaged_first.txt"] == {1: "bad_columns"}
    assert state(load["bare/narrow.txt"]) == ("unreadable", "missing_column")


def test_parquet(codes, load, bad):
    assert codes["parket/good.parquet"] == {2: "bad_time"}
    assert str(bad.read("raw_read").filter("source = 'parket'").first().captured_at) == "2026-03-10 07:00:00"
    assert codes["parket/missing.parquet"] == {1: "missing_column"}
    assert state(load["parket/empty.parquet"]) == ("unreadable", "bad_parquet")


def test_two_suppliers_may_use_the_same_camera_number(bad):
    found = {(r.source, r.camera_id) for r in bad.read("raw_read").select("source", "camera_id").distinct().collect()}
    assert {("trafico", "c1"), ("oculus", "o1"), ("latin", "l1"), ("bare", "b1"), ("parket", "p1")} <= found


def test_no_value_of_a_refused_line_is_logged(bad_and_log, request):
    log = bad_and_log[1]
    assert "the control" in log or request.config.getoption("capture") == "no"
    assert CANARY not in log
    assert "1-ABC-123" not in log


def test_no_value_of_a_refused_line_is_kept_anywhere(bad):
    for name in ("ops_load", "ops_quarantine", "raw_read"):
        rows = bad.read(name).toPandas().to_csv()
        assert CANARY not in rows, name
        assert "1-ABC-123" not in rows, name
