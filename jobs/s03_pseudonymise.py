"""Pseudonymise: plates go, vehicle ids come. The last step that sees a plate."""

from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from kordon.accounts import all_accounts, counted
from kordon.run import Run
from privacy.keys import Keystore
from privacy.pseudonym import key_table, vid

if TYPE_CHECKING:
    from datetime import date

    from privacy.keys import Key

READS, WRITES = ("raw_read", "raw_repaired"), ("core_read",)

REPAIRED = ("plate", "country", "plate_quality")
"""What ``raw_repaired`` has of these is what counts."""


def pseudonymised(raw: DataFrame, repaired: DataFrame, *, keys: DataFrame) -> DataFrame:
    """Replace the plate of each accepted read by the vehicle id of its day's key.

    Args:
        raw: rows of ``raw_read`` that are no duplicates.
        repaired: rows of ``raw_repaired``, one for each of them.
        keys: one row per service day, as :func:`privacy.pseudonym.key_table` makes it.

    Returns:
        Rows of ``core_read``; as many come out as went in. ``vid`` is NULL where no plate was read, or none that a
        vehicle could have.
    """
    # A plate's country is one over the day but for twins, who are told apart by it.
    country = F.coalesce("country", F.lit(""))
    usable = F.when(F.col("plate_quality") != "invalid", F.col("plate"))
    pseudonym = vid(country=country, plate=usable, inner=F.col("inner"), outer=F.col("outer"))
    return (
        raw.drop(*REPAIRED)
        .join(repaired.hint("shuffle_hash"), ["service_day", "source", "read_id"])
        .join(F.broadcast(keys), "service_day")
        .withColumn("vid", pseudonym)
        .withColumn("read_ts", F.col("captured_at"))
        .drop("inner", "outer", "plate", "file", "line", "is_duplicate")
    )


def keys_of_days(run: Run) -> "dict[date, Key]":
    """The key of each day of the run, made where the period has none yet.

    Raises:
        KeyDestroyedError: a day's key is destroyed, and its state does not say so yet.
    """
    keystore = Keystore(run.keystore, kek=run.kek)
    keys = {}
    for day in run.days:
        period, first, last = run.city.key_period(day)
        keys[day] = keystore.key(city=run.city.id, period=period, first_day=first, last_day=last)
    keystore.log_read(keys.values(), run_id=run.run_id)
    return keys


def main(run: Run) -> None:
    raw = run.table("raw_read").filter(~F.col("is_duplicate"))
    run.write("core_read", pseudonymised(raw, run.table("raw_repaired"), keys=key_table(run.spark, keys_of_days(run))))
    run.account(all_accounts(counted(raw, reason="in"), counted(run.table("core_read"), reason="out")))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
