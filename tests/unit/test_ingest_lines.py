"""Line numbers equal those of an editor, whatever Spark's splits are."""

import gzip
import random
import re

import pytest
from pyspark.sql import functions as F

from jobs.suppliers.file_content import LineCount, content_of
from jobs.suppliers.line_numbers import blocks, contents, numbered, path_of, survey
from jobs.suppliers.lines import text_lines

ENDINGS = [b"\n", b"\r\n", b"\r"]


def python_lines(text):
    found = re.split(rb"\r\n|\n|\r", text)
    return found if found[-1] else found[:-1]


def texts():
    chance = random.Random(3)
    fixed = {
        "empty lines": b"\n\n\r\r\n\n",
        "no end": b"a\nb",
        "carriage returns": b"".join(b"%d\r" % n for n in range(60)),
        "crlf": b"".join(b"%d\r\n" % n for n in range(60)),
        "long": b"x" * 500 + b"\r\n" + b"y" * 500 + b"\n",
        "bom": b"\xef\xbb\xbfa\nb\n",
        "bom alone": b"\xef\xbb\xbf",
    }
    for n in range(6):
        lines = [b"%d" % chance.randrange(10 ** chance.randint(1, 12)) * chance.randint(0, 2) for _ in range(80)]
        fixed[f"mixed {n}"] = b"".join(line + chance.choice(ENDINGS) for line in lines) + chance.choice([b"", b"last"])
    # Every place of a CR LF against the border of a split.
    for n in range(8):
        fixed[f"border {n}"] = b"z" * n + b"\r\n" + b"".join(b"%06d\r\n" % i for i in range(20))
    return fixed


@pytest.mark.parametrize("split_bytes", [16, 64, 1 << 27])
def test_numbers_equal_those_of_an_editor(spark, tmp_path, split_bytes):
    expected = {}
    for name, text in texts().items():
        for path, content in ((tmp_path / f"{name}.csv", text), (tmp_path / f"{name}.csv.gz", gzip.compress(text))):
            path.write_bytes(content)
            expected[str(path)] = python_lines(text.removeprefix(b"\xef\xbb\xbf"))
    before = {name: spark.conf.get(name) for name in ("spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes")}
    spark.conf.set("spark.sql.files.maxPartitionBytes", split_bytes)
    spark.conf.set("spark.sql.files.openCostInBytes", 1)
    try:
        nothing = F.lit(None).cast("timestamp").alias("captured_at")
        lines = text_lines(spark, list(expected)).select(
            "*", F.lit(None).cast("string").alias("outcome"), nothing, F.current_date().alias("service_day")
        )
        lines = lines.persist()
        surveyed = survey(lines)
        if split_bytes < 100:
            assert len(surveyed) > 2 * len(expected), "the files were not split"
        rows = numbered(lines, blocks(surveyed), files={path: ("s", path, "x") for path in expected})
        found = {path: {} for path in expected}
        for row in rows.select("file", "line", F.col("value").cast("binary").alias("value")).collect():
            assert row.line not in found[row.file]
            found[row.file][row.line] = bytes(row.value)
        lines.unpersist()
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)
    for path, wanted in expected.items():
        assert found[path] == dict(enumerate(wanted, start=1)), path


def test_a_file_of_many_blocks_adds_the_lines_before():
    class Row:
        def __init__(self, uri, block, first_id, rows):
            self.uri, self.block, self.first_id, self.rows = uri, block, first_id, rows
            self.outcome, self.service_day, self.first_us, self.last_us = "x", None, None, None

    surveyed = [Row("file:/a", 100, 50, 3), Row("file:/a", 0, 7, 2), Row("file:/a", 0, 9, 4), Row("file:/b", 0, 90, 1)]
    assert [(b.uri, b.block, b.shift) for b in blocks(surveyed)] == [
        ("file:/a", 0, -6),
        ("file:/a", 100, -43),
        ("file:/b", 0, -89),
    ]
    assert {path: file.rows for path, file in contents(surveyed).items()} == {"/a": 9, "/b": 1}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_the_driver_counts_lines_in_chunks_of_any_size(size):
    for text in texts().values():
        count = LineCount()
        for start in range(0, len(text), size):
            count.feed(text[start : start + size])
        assert count.total() == len(python_lines(text))


def test_a_gzip_in_several_members_and_padding_is_whole():
    whole = gzip.compress(b"a\nb\n") + gzip.compress(b"c\nd\n") + b"\0" * 512
    content = content_of([whole[:10], whole[10:31], whole[31:]])
    assert (content.lines, content.broken.value, content.head) == (4, "", b"a\nb\nc\nd\n")


def test_a_gzip_bomb_is_streamed():
    bomb = gzip.compress(b"0" * 50_000_000)
    content = content_of([bomb])
    assert (content.lines, content.broken.value, content.head_is_whole) == (1, "", False)
    assert len(content.head) < 1_000_000


def test_uris_lead_back_to_paths():
    assert path_of("file:/data/a%20b/100%25%23.csv") == "/data/a b/100%#.csv"
    assert path_of("file:///tmp/ü.csv") == "/tmp/ü.csv"
