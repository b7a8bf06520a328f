"""Repair, by example: what becomes of a plate before it becomes a pseudonym."""

from pyspark.sql import functions as F

from jobs.plates.lone import in_order, joins, neighbours, plates_of
from jobs.s02_repair import CONTEXT, mended, readable, untouched


def repaired_reads(raw, *, home, tag_sources):
    """Without where and when a plate was read, which syntax does not ask."""
    nowhere = {"site_id": F.lit("a"), "captured_at": F.lit("2026-03-10 08:00").cast("timestamp"), "confidence": F.lit(0.9)}
    rows = raw.withColumns(nowhere)
    plates = mended(readable(rows, tag_sources=tag_sources), home=home).drop(*CONTEXT)
    return plates.unionByName(untouched(rows, tag_sources=tag_sources))


def joined(reads):
    """Some lone plates among the traffic of a morning: forty vehicles from a by b to c, 100 s a leg."""
    spark = reads.sparkSession
    rows = []
    for n in range(40):
        plate, start = f"{1 + n % 9}{chr(65 + n % 26)}XQ{100 + 17 * n}", 7 * 3600 + 60 * n
        for k, site in enumerate("abc"):
            rows.append((f"t{n}{site}", site, float(start + 100 * k), plate))
    traffic = spark.createDataFrame(rows, "read_id string, site_id string, s double, plate string")
    every = reads.select("read_id", "site_id", F.col("s").cast("double"), "plate").unionByName(traffic)
    constant = {
        "service_day": F.lit("2026-03-10").cast("date"),
        "source": F.lit("alfa"),
        "captured_at": F.timestamp_seconds(F.lit(1773100800) + F.col("s")),
        "country": F.lit("BE"),
        "plate_quality": F.lit("match"),
        "repair": F.lit("none"),
        "confidence": F.lit(None).cast("double"),
    }
    reads = in_order(every.withColumns(constant))
    plates = plates_of(reads)
    return joins(reads, plates=plates, pairs=neighbours(plates))


def test_one_character_is_mended_by_the_syntax_of_the_country_and_only_where_one_mending_fits(spec):
    spec(
        repaired_reads,
        home="BE",
        tag_sources=(),
        given="""
            service_day | source | read_id | plate   | country | plate_quality
            2026-03-10  | alfa   | r1      | 1ABC123 | BE      | generic
            2026-03-10  | alfa   | r2      | IABC123 | BE      | generic
            2026-03-10  | alfa   | r3      | 1A8C123 | BE      | generic
            2026-03-10  | alfa   | r4      | 1ABCI2B | BE      | generic
            2026-03-10  | alfa   | r5      |         | BE      | unread
        """,
        then="""
            source | read_id | plate   | country | plate_quality | repair
            alfa   | r1      | 1ABC123 | BE      | match         | none
            alfa   | r2      | 1ABC123 | BE      | match         | syntax
            alfa   | r3      | 1ABC123 | BE      | match         | syntax
            alfa   | r4      | 1ABCI2B | BE      | generic       | none
            alfa   | r5      |         | BE      | unread        | none
        """,
    )


def test_the_country_of_a_plate_is_the_one_of_most_of_its_reads(spec):
    spec(
        repaired_reads,
        home="BE",
        tag_sources=(),
        given="""
            service_day | source | read_id | plate   | country | plate_quality
            2026-03-10  | alfa   | r1      | 1ABC123 | BE      | generic
            2026-03-10  | alfa   | r2      | 1ABC123 | FR      | generic
            2026-03-10  | beta   | r3      | 1ABC123 |         | generic
            2026-03-10  | alfa   | r4      | 1ABC123 | BE      | generic
        """,
        then="""
            source | read_id | plate   | country | plate_quality | repair
            alfa   | r1      | 1ABC123 | BE      | match         | none
            alfa   | r2      | 1ABC123 | BE      | match         | none
            beta   | r3      | 1ABC123 | BE      | match         | none
            alfa   | r4      | 1ABC123 | BE      | match         | none
        """,
    )


def test_a_tag_has_no_syntax(spec):
    spec(
        repaired_reads,
        home="BE",
        tag_sources=("tol",),
        given="""
            service_day | source | read_id | plate    | country | plate_quality
            2026-03-10  | tol    | r1      | I1ABC123 |         | generic
        """,
        then="""
            source | read_id | plate    | country | plate_quality | repair
            tol    | r1      | I1ABC123 |         | generic       | none
        """,
    )


def test_a_lone_plate_is_joined_to_the_neighbour_that_was_on_its_way_and_to_no_other(spec):
    """r2 is r1 and r3's vehicle at b; r5 has the neighbour r4, who was never near; r7 could be r6's or r8's vehicle."""
    spec(
        joined,
        given="""
            service_day | read_id | site_id | s     | plate
            2026-03-10  | r1      | a       | 28000 | 1ABC123
            2026-03-10  | r2      | b       | 28100 | 1ABC128
            2026-03-10  | r3      | c       | 28200 | 1ABC123
            2026-03-10  | r4      | a       | 20000 | 1DEF456
            2026-03-10  | r4b     | b       | 20100 | 1DEF456
            2026-03-10  | r5      | a       | 28050 | 1DEF466
            2026-03-10  | r6      | a       | 29000 | 1GHI711
            2026-03-10  | r6c     | c       | 29200 | 1GHI711
            2026-03-10  | r7      | b       | 29100 | 1GHI717
            2026-03-10  | r8      | a       | 29000 | 1GHI777
            2026-03-10  | r8c     | c       | 29200 | 1GHI777
        """,
        then="""
            read_id | plate   | country | plate_quality
            r2      | 1ABC123 | BE      | match
        """,
    )
