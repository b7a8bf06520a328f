"""Scale: ``kordon run`` on 5 and 20 million reads of one day, Vliet tiled; seconds per step, peak memory, ratio, largest task.

Run with ``make bench``. Takes a while and about 30 GB of disk below the temporary folder. Timings are for one machine; what is
claimed is the ratio.
"""

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KORDON = Path(sys.executable).parent / "kordon"
DAY = "2026-03-10"
LINES_A_FILE = 1_000_000
TILES = 10
READS_PER_VEHICLE = 4.1


def tiled_city(source: Path, target: Path, *, tiles: int) -> None:
    """The city with every site, camera and gate repeated under new ids, a tile apart."""
    shutil.copytree(source, target)
    for name in ("sites.csv", "cameras.csv", "gates.csv", "outages.csv"):
        path = target / name
        if not path.exists():
            continue
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["camera_id", "from", "to", "reason"])
            writer.writeheader()
            for tile in range(tiles):
                writer.writerows(_tiled(row, tile) for row in rows)


def _tiled(row: dict[str, str], tile: int) -> dict[str, str]:
    out = dict(row)
    for key in ("site_id", "camera_id", "gate_id", "supplier_camera_id"):
        if out.get(key):
            out[key] = f"{out[key]}t{tile}"
    if "lon" in out:
        out["lon"] = f"{float(out['lon']) + 0.3 * tile:.6f}"
        out["zone_id"] = ""
    return out


def tile_landing(source: Path, target: Path, *, tiles: int) -> int:
    """The same lines with new cameras and new plates per tile, in files of at most a million lines; returns the lines."""
    total = 0
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        lines, header = _lines_of(folder)
        (target / folder.name).mkdir(parents=True)
        for tile in range(tiles):
            for part, start in enumerate(range(0, len(lines), LINES_A_FILE)):
                chunk = [_retold(line, header, tile) for line in lines[start : start + LINES_A_FILE]]
                total += len(chunk)
                stem = target / folder.name / f"tile{tile:02}-{part:02}"
                if header is not None:
                    stem.with_suffix(".csv").write_text("\n".join([header, *chunk, ""]))
                else:
                    with gzip.open(f"{stem}.jsonl.gz", "wt", compresslevel=1) as file:
                        file.write("\n".join([*chunk, ""]))
    return total


def _lines_of(folder: Path) -> tuple[list[str], str | None]:
    """All lines of a supplier, and the header that a CSV has."""
    found: list[str] = []
    header = None
    for path in sorted(folder.iterdir()):
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            text = file.read().splitlines()
        if ".csv" in path.suffixes and text:
            header, text = text[0], text[1:]
        found += text
    return found, header


@cache
def _columns(source: str) -> dict[str, str]:
    return tomllib.loads((ROOT / "cities/vliet/sources" / f"{source}.toml").read_text())["columns"]


def _retold(line: str, header: str | None, tile: int) -> str:
    """A line with the tile's cameras and other plates; a garbage line stays garbage."""
    letter = chr(ord("A") + tile)
    if header is not None:
        columns, cells, names = _columns("trafico"), line.split(";"), header.split(";")
        if len(cells) != len(names):
            return line
        camera, plate = names.index(columns["camera_id"]), names.index(columns["plate"])
        cells[camera] += f"t{tile}"
        cells[plate] = cells[plate] and cells[plate] + letter
        return ";".join(cells)
    columns = _columns("oculus")
    try:
        row = json.loads(line)
        row[columns["camera_id"]] = f"{row[columns['camera_id']]}t{tile}"
        if row.get(columns["plate"]):
            row[columns["plate"]] += letter
        row[columns["read_id"]] = f"{row[columns['read_id']]}t{tile}"
        return json.dumps(row)
    except (ValueError, KeyError, TypeError):
        return line


def measured(folder: Path, *, reads: int) -> dict[str, object]:
    """One run from nothing, in its own process, with Spark's event log read for the largest task."""
    work = folder / f"r{reads}"
    work.mkdir()
    made = work / "made"
    command = [str(KORDON), "simulate", "--city", str(ROOT / "cities/vliet"), "--days", DAY, "-q", "--seed", "7"]
    vehicles = round(reads / TILES / READS_PER_VEHICLE)
    subprocess.run([*command, "--vehicles", str(vehicles), "--out", str(made)], check=True)
    lines = tile_landing(made / "landing", work / "landing", tiles=TILES)
    shutil.rmtree(made)
    city = work / "city"
    tiled_city(ROOT / "cities" / "vliet", city, tiles=TILES)
    (work / "events").mkdir()
    environment = {
        **os.environ,
        "KORDON_SPARK_MEMORY_GB": "8",
        "PYSPARK_SUBMIT_ARGS": "--conf spark.eventLog.enabled=true --conf spark.eventLog.compress=false "
        f"--conf spark.eventLog.dir=file://{work / 'events'} pyspark-shell",
    }
    command = [str(KORDON), "run", "--city", str(city), "--landing", str(work / "landing"), "--lake", str(work / "lake")]
    command += ["--keystore", str(work / "keys"), "--days", DAY, "--to", "flows", "--json"]
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    peak = Peak(process.pid)
    out, _ = process.communicate()
    took = time.monotonic() - began
    if process.returncode:
        sys.exit(f"kordon run ended with {process.returncode}")
    summary = json.loads(out)
    largest, stage = largest_task(work / "events")
    shutil.rmtree(work)
    core = summary["reconciliation"]["pseudonymise"]["out"]
    return {
        "lines": lines,
        "reads": core,
        "seconds": took,
        "steps": summary["seconds"],
        "peak_gb": peak.gb,
        "largest": largest,
        "stage": stage,
    }


class Peak(threading.Thread):
    """The most memory that the processes of a session held together, looked at every second.

    Of two looks in a row the smaller counts: while Java starts a helper, its memory stands there twice for a moment.
    """

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session, self.gb = session, 0.0
        self.start()

    def run(self) -> None:
        before = 0.0
        while Path(f"/proc/{self.session}").exists():
            held = 0
            for stat in Path("/proc").glob("[0-9]*/stat"):
                try:
                    fields = stat.read_text().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if int(fields[3]) == self.session:
                    held += int(fields[21])
            held_gb = held * os.sysconf("SC_PAGE_SIZE") / 2**30
            self.gb = max(self.gb, min(before, held_gb))
            before = held_gb
            time.sleep(1)


def largest_task(events: Path) -> tuple[float, str]:
    """The largest share of the rows of a big stage that one task read from a shuffle or a file, and what that stage was for."""
    stages: dict[int, list[int]] = {}
    purpose: dict[int, str] = {}
    for file in (f for f in events.rglob("*") if f.is_file()):
        for line in file.open():
            if '"SparkListenerJobStart"' in line:
                job = json.loads(line)
                purpose |= dict.fromkeys(job["Stage IDs"], job["Properties"].get("spark.job.description", ""))
            if '"SparkListenerTaskEnd"' not in line:
                continue
            task = json.loads(line)
            metrics = task.get("Task Metrics") or {}
            rows = metrics.get("Shuffle Read Metrics", {}).get("Total Records Read", 0)
            rows = max(rows, metrics.get("Input Metrics", {}).get("Records Read", 0))
            stages.setdefault(task["Stage ID"], []).append(rows)
    big = {stage: tasks for stage, tasks in stages.items() if sum(tasks) > 1_000_000}
    return max(((max(tasks) / sum(tasks), purpose[stage]) for stage, tasks in big.items()), default=(0.0, ""))


def main() -> None:
    sizes = [int(float(a) * 1e6) for a in sys.argv[1:]] or [5_000_000, 20_000_000]
    with tempfile.TemporaryDirectory(prefix="kordon-bench-") as name:
        results = []
        for size in sizes:
            found = measured(Path(name), reads=size)
            steps = ", ".join(f"{step} {seconds:.0f}" for step, seconds in found["steps"].items())  # type: ignore[attr-defined]
            print(
                f"{found['lines']:,} lines, {found['reads']:,} reads: {found['seconds']:.0f} s ({steps}); "
                f"peak {found['peak_gb']:.1f} GB; largest task {found['largest']:.3f} of the rows ({found['stage']})",
                flush=True,
            )
            results.append(found)
    if len(results) > 1:
        print(f"ratio {results[-1]['seconds'] / results[0]['seconds']:.2f}")  # type: ignore[operator]


if __name__ == "__main__":
    main()
