"""The country of a plate: one for all its reads of a service day, unless two vehicles wear the same characters."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.plates.syntax import country_by_template


def country_of(reads: DataFrame, *, home: str, twin_reads: int = 3, twin_share: float = 0.3) -> DataFrame:
    """Give every read of a plate the plate's country of that service day.

    Args:
        reads: ``service_day``, ``plate`` (normalised, not NULL), ``country`` (as the supplier gives it, may be NULL) and any other
            columns. Not for tags: what a transponder says of its country is not voted on.
        home: the country of the city; it wins where a plate without any country fits templates of several.
        twin_reads, twin_share: two countries of a plate are two vehicles where each has at least so many reads and such a
            share of the reads that have a country.

    Returns:
        The same rows with ``country`` resolved: the most frequent one, ties by the alphabet; where none is given, the one whose
        template fits, else NULL. Where two countries are twins, each of their reads keeps its own, and all others go to the most
        frequent. The rows come partitioned by plate and day.
    """
    # Both windows use this partitioning, and the second the order of the first: one shuffle, one sort.
    rows = reads.repartition("plate", "service_day")
    plate = Window.partitionBy("plate", "service_day")
    plate_and_country = Window.partitionBy("plate", "service_day", "country")

    own = F.col("country")
    rows = rows.withColumn("__reads", F.count("country").over(plate_and_country))
    is_twin = (F.col("__reads") >= twin_reads) & (F.col("__reads") >= twin_share * F.count("country").over(plate))
    rows = rows.withColumn("__is_twin", own.isNotNull() & is_twin)
    twin = F.when(F.col("__is_twin"), own)
    rows = rows.withColumns(
        {
            "__most": F.min(F.when(own.isNotNull(), F.struct(-F.col("__reads"), own))).over(plate)["country"],
            "__are_twins": F.coalesce(F.min(twin).over(plate) != F.max(twin).over(plate), F.lit(False)),
        }
    )
    by_template = F.when(F.col("__most").isNull(), country_by_template(plate=F.col("plate"), home=home))
    resolved = F.when(F.col("__are_twins") & F.col("__is_twin"), own).otherwise(F.coalesce("__most", by_template))
    return rows.withColumn("country", resolved).select(*reads.columns)
