"""A day of Vliet on MinIO, each task with its own account; every driver killed once, the store twice. Run with ``make soak``.

Of the requests of the runs that must end well a twentieth is answered with 503 or cut off.

In the end every table must hold the rows of an undisturbed run on a folder.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

VEHICLES = 3000
AWAY_S = 60
TASKS = (
    ("reads", "ingest", "pseudonymise"),
    ("movements", "clocks", "visits"),
    ("flows", "detection", "flows"),
    ("quality", "quality", "quality"),
)
STORE_DIES_IN = ("movements", "flows")


def main() -> None:
    from kordon import store
    from kordon.city import load
    from kordon.commands import store as wanted
    from kordon.lake import Lake
    from kordon.spark import session
    from tests.e2e import vliet
    from tests.e2e.content import content
    from tests.faulty import proxy
    from tests.minio import server
    from tests.store.delivery import LANDING, Root, deliver, environment

    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    with tempfile.TemporaryDirectory(prefix="kordon-soak-") as name, server() as minio, proxy(minio.endpoint) as between:
        folder, keys = Path(name), Path(name) / "credentials"
        vliet.simulate(folder, count=1, vehicles=VEHICLES)
        os.environ.update(AWS_ENDPOINT_URL=minio.endpoint, AWS_SHARED_CREDENTIALS_FILE=str(minio.root))
        city = load(vliet.CITY)
        store.apply(buckets=wanted.buckets(city), accounts=wanted.accounts(city), credentials=keys)
        deliver(minio, keys, folder / "landing")
        common = ["--city", str(vliet.CITY), "--keystore", str(folder / "keys"), "--days", str(vliet.FIRST), "-q"]

        def run(account: str, *more: str, lake: str, landing: str, endpoint: str = minio.endpoint) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-m", "kordon.cli", "run", *common, "--lake", lake, "--landing", landing, *more],
                cwd=ROOT,
                env=environment(minio, keys, account) | {"AWS_ENDPOINT_URL": endpoint},
                start_new_session=True,
                stdout=subprocess.DEVNULL,
            )

        for account, first, last in TASKS:
            given = {"lake": wanted.lake(city), "landing": f"s3a://{LANDING}"}
            dying = run(account, "--from", first, "--to", last, **given)
            time.sleep(rng.uniform(10, 40))
            if dying.poll() is None:
                os.killpg(dying.pid, signal.SIGKILL)
            print(f"{account}: {'killed' if dying.wait() < 0 else f'ended before with {dying.returncode}'}", flush=True)
            again = run(account, "--from", first, "--to", last, **given, endpoint=between.endpoint)
            if account in STORE_DIES_IN:
                time.sleep(30 + rng.uniform(15, 30))
                minio.kill()
                threading.Timer(AWAY_S, minio.start).start()
            if again.wait():
                sys.exit(f"{account}: the next run ended with {again.returncode}")
            print(f"{account}: the next run ended well; requests so far: {dict(between.answers)}", flush=True)
        if run("reads", lake=str(folder / "peace"), landing=str(folder / "landing")).wait():
            sys.exit("the run on a folder failed")
        Root(minio).fetch(wanted.lake(city), folder / "copy")
        spark = session(master="local[2]", app="soak", quick=True)
        peace, copy = (content(Lake(spark, str(folder / lake))) for lake in ("peace", "copy"))
    other = [table for table, rows in peace.items() if copy[table] != rows]
    if other:
        sys.exit(f"other rows in {', '.join(other)}")
    print(f"{len(peace)} tables, {sum(n for n, _ in peace.values()):,} rows: the same as on a folder.")


if __name__ == "__main__":
    main()
