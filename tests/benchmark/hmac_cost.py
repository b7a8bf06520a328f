"""What the vehicle id costs: processor time of scan, normalise and HMAC against scan and normalise, on 5 million plates.

Run with ``make figures``, which keeps the figure for the impact assessment, or by hand. Processor time of Java and all its threads,
median of five, after two to warm up.
"""

import datetime as dt
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

READS, PLATES, ROUNDS, WARM = 5_000_000, 676_000, 5, 2
GOAL = 2.2
DAY = dt.date(2026, 3, 10)


def _java_seconds(spark) -> float:
    """User and system time of the Java process, from the kernel."""
    pid = int(spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid())
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    from pyspark.sql import functions as F

    from jobs.plates.syntax import normalised
    from kordon.spark import session
    from privacy.governance import figures
    from privacy.keys import Keystore
    from privacy.pseudonym import key_table, vid

    with tempfile.TemporaryDirectory(prefix="kordon-hmac-") as name:
        folder = Path(name)
        spark = session(master="local[2]", app="hmac-cost")
        number = F.pmod(F.xxhash64("id"), F.lit(PLATES))
        letters = F.concat(*(F.char(F.lit(65) + F.pmod(F.floor(number / 26**n), F.lit(26))) for n in range(3)))
        plate = F.concat(F.lit("1-"), letters, F.lit("-"), F.lpad(F.pmod(number, F.lit(1000)).cast("string"), 3, "0"))
        reads = spark.range(READS).select(F.lit(DAY).alias("service_day"), plate.alias("plate"), F.lit("BE").alias("country"))
        reads.write.parquet(str(folder / "reads"))
        key = Keystore(folder / "keys").key(city="vliet", period=str(DAY), first_day=DAY, last_day=DAY)
        scanned = spark.read.parquet(str(folder / "reads")).withColumn("plate", normalised(F.col("plate")))
        keyed = scanned.join(F.broadcast(key_table(spark, {DAY: key})), "service_day")
        keyed = keyed.withColumn(
            "vid",
            vid(country=F.col("country"), plate=F.col("plate"), inner=F.col("inner"), outer=F.col("outer")),
        ).select("service_day", "vid", "key_id")
        taken: dict[str, list[float]] = {"scan": [], "hmac": []}
        for turn in range(WARM + ROUNDS):
            for what, frame in (("scan", scanned), ("hmac", keyed)):
                began = _java_seconds(spark)
                frame.write.format("noop").mode("overwrite").save()
                if turn >= WARM:
                    taken[what].append(_java_seconds(spark) - began)
        scan, hmac = (statistics.median(taken[what]) for what in ("scan", "hmac"))
        print(f"{READS:,} reads, processor time: scan and normalise {scan:.2f} s, with HMAC {hmac:.2f} s")
        print(f"{hmac / scan:.2f} times (goal {GOAL})")
        if file := os.environ.get("KORDON_FIGURES"):
            figures.record(
                Path(file), "hmac_cost", round(hmac / scan, 2), on=dt.date.today(), by=str(Path(__file__).relative_to(ROOT))
            )
        spark.stop()


if __name__ == "__main__":
    main()
