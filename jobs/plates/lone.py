"""Lone plates: one that was read once in a day is joined to the vehicle of which it likely is a misread (methods 6, Identity).

Only plates one edit apart are compared, found by what is left of both when a character is taken away. Of such a pair two stories
compete. One: the vehicle passed here between its reads before and after, and was misread. The other: a vehicle that nobody else
read passed here, and happens to have a neighbouring plate. The first must be three times as likely, and three times as likely as
that of any other vehicle. What the stories need is counted in the same day: how often and how fast vehicles come from one site to
another, how many lone plates a site reads, how often certain plates are neighbours, and the confidence of reads right and wrong.

Everything here holds plates. It lives in the secured task of the step, and only the joins leave it.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

MARGIN_LN = 1.0986122886681098
"""ln 3, over the other story and over any other vehicle."""
MISREAD_SHARE = 0.03
"""Of reads, before the day has told; suppliers claim 2 to 4 % (methods 1b)."""
CERTAIN_READS = 3
FAN_OUT = 100
"""So many plates at most share what is left without a character; more are junk of a supplier, and are compared with nobody."""
SAMPLE = 8
"""One certain plate of so many tells how often plates are neighbours by chance."""
UNSEEN = 0.5
CONFIDENCE_STEPS = 20
NOWHERE = ""
DAY, PLATE, TIME = ["service_day"], ["plate", "service_day"], ["captured_at", "read_id"]


def in_order(reads: DataFrame) -> DataFrame:
    """The reads of each plate in order, with ``n``, how many there are that day; all that is asked of them needs no other order.

    Args:
        reads: ``service_day``, ``plate`` (normalised, not NULL), ``captured_at``, ``read_id`` and others, partitioned by plate and day.
    """
    ordered = reads.sortWithinPartitions(*PLATE, *TIME)
    return ordered.withColumn("n", F.count("*").over(Window.partitionBy(*PLATE)))


def plates_of(reads: DataFrame) -> DataFrame:
    """Each plate of a day and its number of reads: ``service_day``, ``plate``, ``n``."""
    return reads.select(*PLATE, "n").distinct()


def joins(reads: DataFrame, *, plates: DataFrame, pairs: DataFrame) -> DataFrame:
    """Find the lone plates that are misreads of a vehicle's.

    Args:
        reads: as :func:`in_order` gives them, with ``source``, ``site_id``, ``country``, ``plate_quality``, ``repair`` (as syntax
            leaves it), ``confidence``. Best persisted: it is read several times.
        plates: as :func:`plates_of` gives them, best persisted.
        pairs: as :func:`neighbours` gives them, best persisted.

    Returns:
        ``service_day``, ``source``, ``read_id`` of a lone read, once, and ``plate``, ``country``, ``plate_quality`` of the vehicle
        whose it is. No vehicle that is joined elsewhere itself is joined to.
    """
    seen = _with_neighbours(reads)
    moves = _moves(seen)
    lone = seen.filter("n = 1")
    scored = _scored(_between(lone, seen, pairs=pairs), moves=moves)
    scored = (
        scored.join(F.broadcast(_lone_rates(lone)), ["service_day", "site_id", "hour"])
        .join(F.broadcast(_by_chance(plates, pairs=pairs)), ["service_day", "length"])
        .join(F.broadcast(_confidences(reads)), ["service_day", "source", "step"], "left")
        .withColumn(
            "score",
            F.round(
                F.col("way")
                + F.log(F.lit(MISREAD_SHARE / (1 - MISREAD_SHARE)))
                - F.log("rate")
                - F.log("chance")
                + F.coalesce("looks_wrong", F.lit(0.0)),
                6,
            ),
        )
    )
    return _settled(scored)


def confidence_step(confidence: Column) -> Column:
    """A confidence in steps of a twentieth; -1 where there is none."""
    return F.coalesce(F.floor(confidence * CONFIDENCE_STEPS), F.lit(-1))


def _with_neighbours(reads: DataFrame) -> DataFrame:
    """The reads with ``t`` (seconds), and those of the plate before and after each."""
    along = Window.partitionBy(*PLATE).orderBy(*TIME)
    return (
        reads.withColumn("t", F.col("captured_at").cast("double"))
        .withColumn("step", confidence_step(F.col("confidence")))
        .withColumn("from_site", F.coalesce(F.lag("site_id").over(along), F.lit(NOWHERE)))
        .withColumn("from_t", F.lag("t").over(along))
        .withColumn("to_site", F.coalesce(F.lead("site_id").over(along), F.lit(NOWHERE)))
        .withColumn("to_t", F.lead("t").over(along))
    )


def _bin(gap_s: Column) -> Column:
    """Time between two reads in steps of a fifth: minutes matter on a street, not after an hour."""
    return F.coalesce(F.floor(4 * F.log(1 + F.greatest(gap_s, F.lit(0.0)) / 5)), F.lit(-1))


def _width_s(step: Column) -> Column:
    return F.when(step < 0, 1.0).otherwise(5 * (F.exp((step + 1) / 4) - F.exp(step / 4)))


def _moves(seen: DataFrame) -> DataFrame:
    """From each site, how many went on to which site in which time: ``from_site``, ``to_site``, ``bin``, ``n``; ``of`` all from there."""
    vehicles = seen.filter("n > 1")
    first = vehicles.filter("from_t IS NULL").select(*DAY, F.lit(NOWHERE).alias("from_site"), F.col("site_id").alias("to_site"))
    onward = vehicles.select(
        *DAY, F.col("site_id").alias("from_site"), "to_site", _bin(F.col("to_t") - F.col("t")).alias("bin")
    )
    moved = onward.unionByName(first.withColumn("bin", F.lit(-1).cast("bigint")))
    counted = moved.groupBy(*DAY, "from_site", "to_site", "bin").agg(F.count("*").alias("moved"))
    return counted.withColumn("of", F.sum("moved").over(Window.partitionBy(*DAY, "from_site")))


def _keys(plates: DataFrame) -> DataFrame:
    """The plate and all that is left of it without one character: two plates one edit apart have one in common."""
    shorter = F.transform(
        F.sequence(F.lit(1), F.length("plate")),
        lambda place: F.concat(F.substring("plate", F.lit(1), place - 1), F.substr("plate", place + 1)),
    )
    every = F.array_distinct(F.concat(F.array("plate"), shorter))
    return plates.withColumn("key", F.explode(every)).withColumn("key", F.xxhash64("key"))


def neighbours(plates: DataFrame) -> DataFrame:
    """Pairs one edit apart, each once: ``plate``, lone or of the sample, ``n``, ``is_sample``; ``host`` and ``host_n``."""
    is_sample = (F.col("n") >= CERTAIN_READS) & (F.pmod(F.xxhash64("plate"), F.lit(SAMPLE)) == 0)
    asked = plates.withColumn("is_sample", is_sample).filter("n = 1 OR is_sample")
    hosts = _keys(plates.select("service_day", "plate", F.col("n").alias("host_n")))
    crowd = Window.partitionBy("key", "service_day")
    hosts = hosts.withColumn("crowd", F.count("*").over(crowd)).filter(F.col("crowd") <= FAN_OUT)
    hosts = hosts.select("service_day", "key", F.col("plate").alias("host"), "host_n")
    met = _keys(asked).join(hosts, ["key", "service_day"]).filter("plate <> host")
    return met.filter(F.levenshtein("plate", "host", 1) == 1).drop("key").distinct()


def _by_chance(plates: DataFrame, *, pairs: DataFrame) -> DataFrame:
    """``chance`` that two vehicles have neighbouring plates, by the ``length`` of the host's; never below one pair in all."""
    certain = plates.filter(F.col("n") >= CERTAIN_READS).withColumn("length", F.length("plate"))
    in_sample = F.pmod(F.xxhash64("plate"), F.lit(SAMPLE)) == 0
    counted = certain.groupBy(*DAY).agg(F.count_if(in_sample).alias("sample"), F.count("*").alias("certain"))
    lengths = plates.select(*DAY, F.length("plate").alias("length")).distinct()
    by_length = certain.groupBy(*DAY, "length").agg(F.count("*").alias("hosts"))
    found = (
        pairs.filter(F.col("is_sample") & (F.col("host_n") >= CERTAIN_READS))
        .groupBy(*DAY, F.length("host").alias("length"))
        .agg(F.count("*").alias("pairs"))
    )
    tried = F.coalesce("sample", F.lit(0)) * F.coalesce("hosts", F.lit(0))
    return (
        lengths.join(F.broadcast(counted), DAY, "left")
        .join(F.broadcast(by_length), [*DAY, "length"], "left")
        .join(F.broadcast(found), [*DAY, "length"], "left")
        .select(*DAY, "length", ((F.coalesce("pairs", F.lit(0)) + 1) / (tried + 1)).alias("chance"))
    )


def _lone_rates(lone: DataFrame) -> DataFrame:
    """``rate``: lone plates a second at a site in an hour."""
    return lone.groupBy(*DAY, "site_id", F.floor(F.col("t") / 3600).alias("hour")).agg((F.count("*") / 3600).alias("rate"))


def _confidences(reads: DataFrame) -> DataFrame:
    """``looks_wrong``: ln of how much likelier a confidence (``step``) is among reads that syntax mended than among certain ones."""
    step = confidence_step(F.col("confidence"))
    is_wrong = F.col("repair") == "syntax"
    is_right = ~is_wrong & (F.col("n") >= CERTAIN_READS)
    flagged = reads.select(*DAY, "source", step.alias("step"), is_wrong.alias("is_wrong"), is_right.alias("is_right"))
    steps = flagged.groupBy(*DAY, "source", "step").agg(
        F.count_if("is_wrong").alias("wrong"), F.count_if("is_right").alias("right")
    )
    source = Window.partitionBy(*DAY, "source")

    def share(name: str) -> Column:
        return (F.col(name) + 1) / (F.sum(name).over(source) + CONFIDENCE_STEPS + 1)

    # A supplier who never sends a confidence has one step, and its ratio of shares tells only how many there are of each.
    is_told = F.count("*").over(source) > 1
    return steps.withColumn("looks_wrong", F.when(is_told, F.log(share("wrong")) - F.log(share("right")))).select(
        *DAY, "source", "step", "looks_wrong"
    )


def _between(lone: DataFrame, seen: DataFrame, *, pairs: DataFrame) -> DataFrame:
    """Each lone read with the reads of each neighbouring plate before (``a``) and after it (``c``); one of them may be missing."""
    mine = lone.select(*PLATE, "source", "read_id", "site_id", "t", "step")
    hosts = seen.select(
        "service_day",
        F.col("plate").alias("host"),
        F.col("site_id").alias("host_site"),
        F.col("t").alias("host_t"),
        F.col("read_id").alias("host_read"),
        F.col("country").alias("host_country"),
        F.col("plate_quality").alias("host_quality"),
    )
    asked = pairs.filter("n = 1").select(*PLATE, "host").join(mine, PLATE)
    both = asked.join(hosts, ["service_day", "host"])
    earlier = F.struct("host_t", "host_read") <= F.struct("t", "read_id")
    place = F.struct("host_t", "host_read", "host_site")
    grouped = both.groupBy(*PLATE, "source", "read_id", "site_id", "t", "step", "host").agg(
        F.max(F.when(earlier, place)).alias("a"),
        F.min(F.when(~earlier, place)).alias("c"),
        F.min(F.struct("host_read", "host_country", "host_quality")).alias("whose"),
    )
    return grouped.select(
        *PLATE,
        "source",
        "read_id",
        "site_id",
        "t",
        "step",
        "host",
        F.coalesce("a.host_site", F.lit(NOWHERE)).alias("a_site"),
        F.col("a.host_t").alias("a_t"),
        F.coalesce("c.host_site", F.lit(NOWHERE)).alias("c_site"),
        F.col("c.host_t").alias("c_t"),
        F.col("whose.host_country").alias("country"),
        F.col("whose.host_quality").alias("plate_quality"),
        F.length("host").alias("length"),
        F.floor(F.col("t") / 3600).alias("hour"),
    )


def _scored(candidates: DataFrame, *, moves: DataFrame) -> DataFrame:
    """Add ``way``: ln of how likely the vehicle went on to the lone read's site and from there, over going straight."""

    def move(sign: int, start: str, end: str, gap: Column) -> Column:
        return F.struct(
            F.lit(sign).alias("sign"), F.col(start).alias("from_site"), F.col(end).alias("to_site"), _bin(gap).alias("bin")
        )

    three = F.array(
        move(1, "a_site", "site_id", F.col("t") - F.col("a_t")),
        move(1, "site_id", "c_site", F.col("c_t") - F.col("t")),
        move(-1, "a_site", "c_site", F.col("c_t") - F.col("a_t")),
    )
    key = [*PLATE, "read_id", "source", "host"]
    steps = candidates.select(*key, F.inline(three))
    totals = moves.select(*DAY, "from_site", "of").distinct()
    density = (F.coalesce("moved", F.lit(0)) + UNSEEN) / (F.coalesce("of", F.lit(0)) + UNSEEN) / _width_s(F.col("bin"))
    ways = (
        steps.join(F.broadcast(moves.drop("of")), [*DAY, "from_site", "to_site", "bin"], "left")
        .join(F.broadcast(totals), [*DAY, "from_site"], "left")
        .groupBy(*key)
        .agg(F.sum(F.col("sign") * F.log(density)).alias("way"))
    )
    return candidates.join(ways, key)


def _settled(scored: DataFrame) -> DataFrame:
    """The best vehicle of each lone plate, where it is better by the margin; of two lone plates that want each other, one."""
    order = Window.partitionBy(*PLATE).orderBy(F.desc("score"), "host")
    ranked = (
        scored.withColumn("rank", F.row_number().over(order))
        .withColumn("next_best", F.greatest(F.coalesce(F.lead("score").over(order), F.lit(0.0)), F.lit(0.0)))
        .filter("rank = 1")
        .filter(F.col("score") - F.col("next_best") > MARGIN_LN)
    )
    gone = ranked.select(
        "service_day", F.col("plate").alias("host"), F.col("score").alias("its_score"), F.col("host").alias("its")
    )
    kept = ranked.join(gone, ["service_day", "host"], "left").filter(
        F.col("its_score").isNull()
        | (
            (F.col("its") == F.col("plate"))
            & (F.struct("score", "plate") > F.struct(F.col("its_score").alias("score"), F.col("host").alias("plate")))
        )
    )
    return kept.select("service_day", "source", "read_id", F.col("host").alias("plate"), "country", "plate_quality")
