"""A month of Vliet at 60,000 vehicles a day: run, released in both tiers, and every release attacked. Takes well over an hour.

``python tests/soak/month.py FOLDER [A..B] [VEHICLES]``. What FOLDER holds of an earlier try is not made again. Other days than that
month's are released without the products of a month. Figures are printed as JSON, a release a line.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

CITY = ROOT / "cities" / "vliet"
MONTH, VEHICLES = "2026-03-01..2026-03-31", 60_000
OFFICER = "An Peeters"


def kordon(*arguments: str) -> None:
    subprocess.run([Path(sys.executable).parent / "kordon", *arguments], check=True, cwd=ROOT)


def once(folder: Path, name: str, *arguments: str) -> float:
    """Run a command unless it has ended well before; seconds that it took."""
    done = folder / f"{name}.seconds"
    if not done.exists():
        began = time.monotonic()
        kordon(*arguments)
        done.write_text(f"{time.monotonic() - began:.0f}\n", encoding="ascii")
    return float(done.read_text(encoding="ascii"))


def draw(lake: Path) -> None:
    """Approve every plan that waits: pay, draw, attack, publish."""
    for plan in sorted((lake / "staging").glob("vliet-open-*")):
        kordon("approve", str(plan), "--by", OFFICER, "--role", "privacy officer", "--city", str(CITY), "--lake", str(lake))


def published(below: Path) -> list[Path]:
    return sorted(page.parent for page in below.rglob("datapackage.json"))


def main(folder: Path, *, days: str, vehicles: int) -> None:
    from tests.benchmark.disclosure import figures

    folder.mkdir(parents=True, exist_ok=True)
    lake, out = folder / "lake", folder / "releases"
    said = ["--city", str(CITY), "--lake", str(lake)]
    spent: dict[str, Any] = {"days": days, "vehicles": vehicles}
    made = ["--days", days, "--vehicles", str(vehicles), "--out", str(folder)]
    spent["simulate_s"] = once(folder, "simulate", "simulate", "--city", str(CITY), *made)
    spent["run_s"] = once(
        folder, "run", "run", *said, "--days", days, "--landing", str(folder / "landing"), "--keystore", str(folder / "keys")
    )
    release = ["release", *said, "--period", days, "--out", str(out)]
    spent["days_s"] = once(folder, "days", *release, "--approve-as", OFFICER)
    if days == MONTH:
        spent["month_hours_s"] = once(folder, "hours", *release, "--approve-as", OFFICER, "--dataset", "od_month_hour")
        spent["plans_s"] = once(folder, "plans", *release, "--tier", "open")
        draw(lake)
    print(json.dumps(spent), flush=True)
    passed = True
    shared = [path for path in published(out) if "-shared" in path.parts[len(out.parts)]]
    for path in shared:
        # Who receives one has the others.
        found = figures(path, also=[other for other in shared if other != path])
        passed &= found["passed"]
        print(json.dumps({"release": str(path.relative_to(out)), **found}), flush=True)
    if not passed:
        sys.exit("An attack got through.")


if __name__ == "__main__":
    given = dict(enumerate(sys.argv[1:]))
    main(Path(given[0]), days=given.get(1, MONTH), vehicles=int(given.get(2, VEHICLES)))
