"""A small day: what it costs Java to run, with what is persisted kept as rows, as quick sessions do, and as columns.

Run with ``make bench``: a day of 5,000 vehicles of Vliet, each way in a process of its own, one after the other. What is claimed is the
ratio of processor seconds.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kordon.persist import COLUMNS
from kordon.spark import session
from tests.e2e import vliet

WAYS, VEHICLES = {"rows": "false", "columns": "true"}, 5000
"""How what is persisted is kept, and the setting that says so."""


def java_s(spark) -> float:
    """Processor seconds of the driver's Java so far."""
    process = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
    after_name = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    user, system = int(after_name[11]), int(after_name[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def run(way: str, folder: Path) -> None:
    """Run the day and print its cost."""
    began = time.monotonic()
    spark = session(master="local[2]", app="bench", quick=True)
    spark.conf.set(COLUMNS, WAYS[way])
    given = {"landing": folder / "landing", "lake": folder / way, "keys": folder / "keys"}
    vliet.run(spark, **given, wanted=vliet.days(1))
    print(f"{java_s(spark):.1f} {time.monotonic() - began:.1f}")
    spark.stop()


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        made = vliet.simulate(Path(scratch), count=1, vehicles=VEHICLES)
        cost = {}
        for way in WAYS:
            done = subprocess.run([sys.executable, __file__, way, scratch], check=True, stdout=subprocess.PIPE, text=True)
            cost[way], wall = map(float, done.stdout.split()[-2:])
            print(f"{made.reads:,} reads as {way}: {cost[way]:.0f} s of Java's processor time, {wall:.0f} s", flush=True)
        print(f"rows / columns: {cost['rows'] / cost['columns']:.2f}")


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2])) if len(sys.argv) > 1 else main()
