"""Twenty kills at chosen moments of a run, half of them within two seconds of a commit; run with ``make soak``.

After each, the lake must be readable at its last good state, and the next run must give the rows of an undisturbed one.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

KILLS = 20
NEAR_S = 2.0
VEHICLES = 4000


def command(folder: Path, lake: Path) -> list[str]:
    from tests.e2e import vliet

    kordon = str(Path(sys.executable).parent / "kordon")
    arguments = ["run", "--city", str(vliet.CITY), "--landing", str(folder / "landing"), "--lake", str(lake)]
    return [kordon, *arguments, "--keystore", str(folder / "keys"), "--days", str(vliet.FIRST)]


def commit_moments(lake: Path, began: float) -> dict[float, str]:
    """Seconds after the start at which each table was committed."""
    files = list(lake.glob("*/_delta_log/*.json"))
    return {f.stat().st_mtime - began: f.parent.parent.name for f in files}


def kill_at(folder: Path, lake: Path, moment: float) -> str:
    """Start a run, kill its whole process group at a moment, and say which step it was in."""
    with tempfile.TemporaryFile("w+") as progress:
        process = subprocess.Popen(
            command(folder, lake), stderr=progress, stdout=subprocess.DEVNULL, start_new_session=True, cwd=ROOT
        )
        try:
            process.wait(timeout=moment)
            died = "after its end"
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            progress.seek(0)
            done = [line.split()[0] for line in progress if line.startswith("  ")]
            died = f"after {done[-1]}" if done else "before a step ended"
    return died


def main() -> None:
    from kordon.lake import Lake
    from kordon.spark import session
    from tests.e2e import vliet
    from tests.e2e.content import COMPARED, content

    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    with tempfile.TemporaryDirectory(prefix="kordon-soak-") as name:
        folder = Path(name)
        vliet.simulate(folder, count=1, vehicles=VEHICLES)
        subprocess.run(command(folder, folder / "warm"), check=True, capture_output=True, cwd=ROOT)
        began = time.time()
        subprocess.run(command(folder, folder / "peace"), check=True, capture_output=True, cwd=ROOT)
        length = time.time() - began
        commits = commit_moments(folder / "peace", began)
        moments = [rng.choice(list(commits)) + rng.uniform(-NEAR_S, NEAR_S) for _ in range(KILLS // 2)]
        moments += [rng.uniform(min(commits) - 5, length) for _ in range(KILLS - len(moments))]
        spark = session(master="local[2]", app="soak", quick=True)
        undisturbed = content(Lake(spark, str(folder / "peace")))
        died: Counter[str] = Counter()
        faults = 0
        for number, moment in enumerate(moments):
            lake = folder / f"lake{number}"
            bad: list[str] = []
            when = kill_at(folder, lake, moment)
            died[when] += 1
            half = Lake(spark, str(lake))
            whole = {table: half.read_whole(table, vliet.days(1)).count() for table in COMPARED}
            if set(whole.values()) != {0} and whole != {table: n for table, (n, _) in undisturbed.items()}:
                bad.append("a half day was readable as whole")
            for table in COMPARED:
                half.read(table).count()
            # In this process: a session that has run before needs half the time of a new one.
            mended = vliet.run(spark, lake=lake, landing=folder / "landing", keys=folder / "keys", wanted=vliet.days(1))
            if content(mended) != undisturbed:
                bad.append("the next run gave other rows")
            shutil.rmtree(lake)
            faults += bool(bad)
            verdict = " and ".join(bad) or "readable, and the next run gave the undisturbed rows"
            print(f"{number + 1:>2} of {KILLS}: killed at {moment:5.1f} s of {length:.1f}, {when}: {verdict}", flush=True)
    print(
        f"{KILLS} kills, {sum(abs(m - c) <= NEAR_S for m in moments for c in [min(commits, key=lambda c: abs(c - m))])} near a commit"
    )
    print(json.dumps(died, indent=1))
    if faults:
        sys.exit(f"{faults} of {KILLS} kills did harm.")
    print("Every lake was readable at its last good state, and every next run gave the undisturbed rows.")


if __name__ == "__main__":
    main()
