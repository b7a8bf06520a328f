"""What is loaded again, in any order, gives the same rows; what is not new is not touched."""

import datetime as dt
import gzip
import hashlib
import itertools

import pytest

from kordon.errors import ConfigError, InputError
from tests.cityfolder import city_folder, ingest, loads, put, refused

SOURCE = """
files = "**/*.csv"
format = "csv"
[columns]
camera_id = "camera"
captured_at = "time"
plate = "plate"
"""
WITH_IDS = SOURCE.replace("[columns]", '[columns]\nread_id = "id"')
CAMERAS = ["a1,alfa,1,s1,,", "b1,beta,1,s2,,"]
HEADER, HEADER_IDS = "camera,time,plate\n", "camera,time,plate,id\n"
NINE, TEN = "2026-03-10T09:00:00Z", "2026-03-12T10:00:00Z"
DAY, LATER = dt.date(2026, 3, 10), dt.date(2026, 3, 12)


@pytest.fixture
def city(tmp_path):
    return city_folder(tmp_path / "city", sources={"alfa": SOURCE, "beta": WITH_IDS}, cameras=CAMERAS)


def content(lake, *columns):
    rows = lake.read("raw_read").select(*(columns or ("source", "file", "line", "read_id", "is_duplicate"))).collect()
    return sorted(tuple(row) for row in rows)


def accounts(lake):
    return {(row.service_day, row.reason): row.rows for row in lake.read("ops_reconciliation").collect()}


def test_nothing_new_writes_nothing(spark, city, tmp_path):
    put(tmp_path / "landing", "alfa/1.csv", HEADER + f"1,{NINE},1ABC123\n")
    first = ingest(spark, city, landing=tmp_path / "landing", lake=tmp_path / "lake")
    again = ingest(spark, city, landing=tmp_path / "landing", lake=tmp_path / "lake", run_id="r2")
    assert (first.touched_days, again.touched_days, again.versions, again.accounts) == ({DAY}, set(), {}, [])


def test_the_made_read_id_and_the_accounts(spark, city, tmp_path):
    text = HEADER + f"1,{NINE},1ABC123\n1,{TEN},\n1,{TEN},\n"
    put(tmp_path / "landing", "alfa/x/1.csv", text)
    run = ingest(spark, city, landing=tmp_path / "landing", lake=tmp_path / "lake")
    sha = hashlib.sha256(text.encode()).hexdigest()
    ids = {line: hashlib.sha256(f"alfa|{sha}|{line}".encode()).hexdigest() for line in (2, 3, 4)}
    stands = min((3, 4), key=lambda line: ids[line])
    assert content(run.lake, "line", "read_id", "is_duplicate") == [(n, ids[n], n in (3, 4) and n != stands) for n in (2, 3, 4)]
    assert accounts(run.lake) == {(DAY, "in"): 1, (DAY, "out"): 1, (LATER, "in"): 2, (LATER, "out"): 1, (LATER, "duplicate"): 1}


def test_deliveries_in_any_order_give_the_same_rows_and_counts(spark, city, tmp_path):
    files = {
        "alfa/1.csv": HEADER + f"1,{NINE},1ABC123\n1,{TEN},1ABC124\n",
        "alfa/2.csv": HEADER + f"1,{NINE},1ABC123\n1,{NINE},\nbad\n",
        "beta/3.csv": HEADER_IDS + f"1,{NINE},1ABC123,x\n1,{NINE},1ABC124,x\n1,{NINE},1ABC123,\n1,{NINE},1ABC123,\n",
        "alfa/sub/1.csv": HEADER + f"1,{NINE},1ABC123\n1,{TEN},1ABC124\n",
    }
    found = []
    names = list(files)
    for number, deliveries in enumerate([[names], [names[:2], names[2:]], [names[3:], names[:1], names[1:3]]]):
        folder = tmp_path / str(number)
        for delivery in deliveries:
            for file in delivery:
                put(folder / "landing", file, files[file])
            lake = ingest(spark, city, landing=folder / "landing", lake=folder / "lake", run_id=delivery[0]).lake
        counts = sorted((f, r.accepted, r.duplicate, r.quarantined) for f, r in loads(lake).items())
        found.append((content(lake), counts, refused(lake)))
    assert found[0] == found[1] == found[2]
    rows, counts, _ = found[0]
    # One of the three lines of alfa at nine, the plateless one, one of two at ten, id x once, one of two without an id.
    assert sum(not r[-1] for r in rows) == 5
    assert [c[1] + c[2] for c in counts] == [2, 2, 2, 4]


def test_a_changed_file_replaces_its_rows_on_all_their_days(spark, city, tmp_path):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    put(landing, "alfa/it's.csv", HEADER + f"1,{NINE},1ABC123\n1,{TEN},1ABC124\nbad\n")
    put(landing, "alfa/other.csv", HEADER + f"1,{NINE},1ABC123\n1,2026-03-11T10:00:00Z,1ABC124\n")
    ingest(spark, city, landing=landing, lake=lake)
    put(landing, "alfa/it's.csv", HEADER + f"1,{NINE},1ABC999\n")
    run = ingest(spark, city, landing=landing, lake=lake, run_id="r2")
    assert run.touched_days == {DAY, LATER}
    assert content(run.lake, "file", "line", "is_duplicate") == [
        ("alfa/it's.csv", 2, False),
        ("alfa/other.csv", 2, False),
        ("alfa/other.csv", 3, False),
    ]
    state = {file: (row.accepted, row.duplicate, row.run_id) for file, row in loads(run.lake).items()}
    assert state["alfa/it's.csv"] == (1, 0, "r2")
    assert state["alfa/other.csv"][:2] == (2, 0)
    assert refused(run.lake) == {}


def test_a_file_that_disappears_stays_loaded(spark, city, tmp_path):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    path = put(landing, "alfa/1.csv", HEADER + f"1,{NINE},1ABC123\n")
    before = content(ingest(spark, city, landing=landing, lake=lake).lake)
    path.unlink()
    put(landing, "alfa/2.csv", HEADER + f"1,{NINE},1ABC124\n")
    assert set(before) < set(content(ingest(spark, city, landing=landing, lake=lake, run_id="r2").lake))


def test_lines_of_a_closed_day_are_counted_and_not_kept(spark, city, tmp_path):
    put(tmp_path / "landing", "alfa/1.csv", HEADER + f"1,{NINE},1ABC123\n1,{TEN},1ABC124\n")
    run = ingest(spark, city, landing=tmp_path / "landing", lake=tmp_path / "lake", closed={DAY})
    assert run.touched_days == {LATER}
    assert content(run.lake, "service_day", "line") == [(LATER, 3)]
    assert {reason: rows for (day, reason), rows in accounts(run.lake).items() if day == DAY} == {"in": 1, "key_destroyed": 1}
    assert loads(run.lake)["alfa/1.csv"].accepted == 2


def test_a_run_that_died_between_the_commits_is_mended_by_the_next(spark, city, tmp_path):
    from kordon.lake import Lake

    landing, lake = tmp_path / "landing", tmp_path / "lake"
    put(landing, "alfa/1.csv", HEADER + f"1,{NINE},1ABC123\n1,{TEN},1ABC124\n")
    whole = content(ingest(spark, city, landing=landing, lake=lake).lake)
    Lake(spark, str(lake)).replace("ops_load", Lake(spark, str(lake)).rows("ops_load", []), where="true", metadata={})
    again = ingest(spark, city, landing=landing, lake=lake, run_id="r2")
    assert content(again.lake) == whole
    assert loads(again.lake)["alfa/1.csv"].accepted == 2


def test_a_file_that_grows_while_it_is_read_is_refused_and_tried_again(spark, city, tmp_path, monkeypatch):
    from jobs import s01_ingest

    landing, lake = tmp_path / "landing", tmp_path / "lake"
    path, found = put(landing, "alfa/1.csv", HEADER + f"1,{NINE},1ABC123\n"), s01_ingest.new_files

    def grows(run, known):
        files = found(run, known)
        path.write_text(path.read_text() + f"1,{TEN},1ABC124\n")
        return files

    with monkeypatch.context() as patch:
        patch.setattr(s01_ingest, "new_files", grows)
        first = ingest(spark, city, landing=landing, lake=lake)
    assert (first.touched_days, content(first.lake)) == (set(), [])
    assert refused(first.lake) == {"alfa/1.csv": {1: "changed_while_reading", 2: "changed_while_reading"}}
    loads(first.lake)
    again = ingest(spark, city, landing=landing, lake=lake, run_id="r2")
    assert (loads(again.lake)["alfa/1.csv"].accepted, refused(again.lake)) == (2, {})


def test_an_empty_landing_folder_names_what_was_looked_for(spark, city, tmp_path):
    (tmp_path / "landing").mkdir()
    with pytest.raises(InputError, match=r"alfa/\*\*/\*\.csv, beta"):
        ingest(spark, city, landing=tmp_path / "landing", lake=tmp_path / "lake")
    with pytest.raises(InputError, match="not there"):
        ingest(spark, city, landing=tmp_path / "nowhere", lake=tmp_path / "lake")


def test_only_unusable_files_end_with_input_error_until_a_usable_one_was_loaded(spark, city, tmp_path):
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    put(landing, "alfa/1.csv", "nonsense\nKANARI1\n")
    with pytest.raises(InputError, match="missing_column") as error:
        ingest(spark, city, landing=landing, lake=lake)
    assert "KANARI1" not in str(error.value)
    put(landing, "alfa/2.csv", HEADER)
    ingest(spark, city, landing=landing, lake=lake)
    put(landing, "alfa/3.csv", gzip.compress(b"x"))
    assert loads(ingest(spark, city, landing=landing, lake=lake).lake)["alfa/3.csv"].error_code == "gzip_without_gz_name"


def test_a_pattern_that_spark_does_not_know_is_refused_before_any_file(spark, tmp_path):
    source = SOURCE + '[time]\nformats = ["yyyy-MM-ddTHH:mm"]\n'
    city = city_folder(tmp_path / "city", sources={"alfa": source}, cameras=CAMERAS[:1])
    put(tmp_path / "landing", "alfa/1.csv", HEADER + f"1,{NINE},1ABC123\n")
    with pytest.raises(ConfigError, match=r"sources/alfa\.toml"):
        ingest(spark, city, landing=tmp_path / "landing", lake=tmp_path / "lake")


def test_preview_counts_and_shows_no_value(spark, city, tmp_path):
    from jobs.suppliers.preview import preview

    landing = tmp_path / "landing"
    put(landing, "alfa/1.csv", HEADER + f"1,{NINE},1ABC123\n9,{NINE},1ABC123\n\n" + HEADER)
    put(landing, "alfa/2.csv", "nonsense\n1ABC123\n")
    put(landing, "beta/3.csv", HEADER_IDS + "".join(f"1,{NINE},1ABC123,{n}\n" for n in itertools.repeat(1, 50)))
    put(landing, "beta/4.csv", b"")
    shown = {row["file"]: row for row in preview(spark=spark, city=city, landing=landing, lines_per_file=11)}
    first, second = shown["alfa/1.csv"], shown["alfa/2.csv"]
    assert (first["lines"], first["accepted"], first["blank"], first["header_lines"]) == (5, 1, 1, 1)
    assert first["errors"] == {"unknown_camera": 1, "repeated_header": 1}
    assert (second["problem"], second["errors"]) == ("missing_column", {"missing_column": 1})
    assert (shown["beta/3.csv"]["lines"], shown["beta/3.csv"]["accepted"], shown["beta/4.csv"]["lines"]) == (11, 10, 0)
    assert "1ABC123" not in str(shown)
