"""Repair: one plate, one country and one quality for each read, before plates become pseudonyms.

After the pseudonym one wrong character is another vehicle, so whatever can be mended is mended here, inside the secured zone.
"""

from collections.abc import Collection

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.plates.aside import likely_misreads, lone_with_look, looks
from jobs.plates.country import country_of
from jobs.plates.lone import in_order, joins, neighbours, plates_of
from jobs.plates.syntax import normalised, quality, repaired
from kordon.accounts import all_accounts, counted
from kordon.persist import persisted
from kordon.run import Run

READS, WRITES = ("raw_read",), ("raw_repaired",)

KEY = ["service_day", "source", "read_id"]
MENDED = ["plate", "country", "plate_quality", "repair"]
CONTEXT = ["site_id", "captured_at", "confidence"]


def readable(raw: DataFrame, *, tag_sources: Collection[str]) -> DataFrame:
    """The reads that may be misreads: those of plates, not of tags."""
    return raw.filter(F.col("plate").isNotNull() & ~F.col("source").isin(sorted(tag_sources)))


def untouched(raw: DataFrame, *, tag_sources: Collection[str]) -> DataFrame:
    """The other reads, as rows of ``raw_repaired``: tags and tickets have no syntax and no country, and no plate has neither."""
    rest = raw.filter(F.col("plate").isNull() | F.col("source").isin(sorted(tag_sources)))
    return rest.withColumn("repair", F.lit("none")).select(*KEY, *MENDED)


def mended(reads: DataFrame, *, home: str) -> DataFrame:
    """Mend plates by the syntax of their country, and settle on one country a plate and day.

    Args:
        reads: rows of ``raw_read`` that are no duplicates, as :func:`readable` gives them.
        home: the city's country, ISO 3166 alpha-2.

    Returns:
        Rows of ``raw_repaired`` with where and when they were read, partitioned by plate; as many come out as went in.
    """
    plates = reads.withColumn("plate", normalised(F.col("plate")))
    exchanged = repaired(plate=F.col("plate"), country=F.col("country"), home=home)
    plates = (
        plates.withColumn("exchanged", exchanged)
        .withColumn("repair", F.when(F.col("exchanged").isNotNull(), "syntax").otherwise("none"))
        .withColumn("plate", F.coalesce("exchanged", "plate"))
        .select(*KEY, "plate", "country", "repair", *CONTEXT)
    )
    plates = country_of(plates, home=home)
    return plates.withColumn("plate_quality", quality(plate=F.col("plate"), country=F.col("country")))


def settled(reads: DataFrame, *, found: DataFrame, aside: DataFrame) -> DataFrame:
    """Give lone plates the plate of the vehicle whose misread they are, and set those aside that likely are one of nobody's.

    Args:
        reads: as :func:`jobs.plates.lone.in_order` gives them.
        found: as :func:`jobs.plates.lone.joins` returns it.
        aside: ``service_day``, ``source``, ``read_id`` of lone reads that are set aside.

    Returns:
        Rows of ``raw_repaired``; as many come out as went in. What is set aside is ``invalid``, and so gets no vehicle id.
    """
    found = found.withColumn("repair", F.lit("fuzzy")).select(*KEY, F.struct(*MENDED).alias("found"))
    own = reads.select(*KEY, *MENDED).join(F.broadcast(found), KEY, "left")
    own = own.join(F.broadcast(aside.select(*KEY, F.lit(True).alias("is_aside"))), KEY, "left")
    own = own.withColumn("plate_quality", F.when(F.col("is_aside"), "invalid").otherwise(F.col("plate_quality")))
    return own.select(
        *KEY, *(F.when(F.col("found").isNotNull(), F.col(f"found.{c}")).otherwise(F.col(c)).alias(c) for c in MENDED)
    )


def main(run: Run) -> None:
    raw = run.table("raw_read").filter(~F.col("is_duplicate"))
    tags = [source.source for source in run.city.sources if source.plate_kind == "tag"]
    # Each of these is asked for several times; what it holds of plates leaves memory with the step. Reads are shuffled by plate once.
    reads, held_reads = persisted(in_order(mended(readable(raw, tag_sources=tags), home=run.city.country)))
    plates, held_plates = persisted(plates_of(reads))
    pairs, held_pairs = persisted(neighbours(plates))
    found, held_found = persisted(joins(reads, plates=plates, pairs=pairs))
    likely = likely_misreads(looks(reads, found=found).toPandas())
    aside = lone_with_look(reads, found=found, likely=likely)
    every = settled(reads, found=found, aside=aside).unionByName(untouched(raw, tag_sources=tags))
    rows = run.write("raw_repaired", every)
    run.account(all_accounts(counted(raw, reason="in"), counted(rows, reason="out")))
    for frame in (held_reads, held_plates, held_pairs, held_found):
        frame.unpersist()


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
