"""Scale: ``kordon run`` on 5 and 20 million reads of one day, Vliet tiled; seconds per step, peak memory, ratio, largest task.

Run with ``make bench``. Takes a while and about 30 GB of disk below the temporary folder. Timings are for one machine; what is
claimed is the ratio.
"""

import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KORDON = Path(sys.executable).parent / "kordon"
DAY = "2026-03-10"
LINES_A_FILE = 1_000_000


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


def tile_landing(source: Path, target: Path, *, tiles: int, reads: int) -> int:
    """Supplier files of about so many reads in all: the same lines with new cameras and new plates per tile."""
    import gzip

    total = 0
    per_source: dict[str, list[str]] = {}
    headers: dict[str, str | None] = {}
    for file in sorted(source.rglob("*")):
        if not file.is_file():
            continue
        with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
            text = lines.read().splitlines()
        is_csv = ".csv" in file.suffixes
        headers[file.parent.name] = text[0] if is_csv and text else None
        per_source.setdefault(file.parent.name, []).extend(text[1:] if is_csv else text)
    available = sum(len(lines) for lines in per_source.values()) * tiles
    share = min(1.0, reads / available)
    for name, lines in per_source.items():
        (target / name).mkdir(parents=True)
        for tile in range(tiles):
            kept = lines[: int(len(lines) * share)]
            for part, start in enumerate(range(0, len(kept), LINES_A_FILE)):
                chunk = [_retold(line, headers[name], tile) for line in kept[start : start + LINES_A_FILE]]
                total += len(chunk)
                stem = target / name / f"tile{tile:02}-{part:02}"
                if headers[name] is not None:
                    stem.with_suffix(".csv").write_text("\n".join([str(headers[name]), *chunk, ""]))
                else:
                    with gzip.open(f"{stem}.jsonl.gz", "wt", compresslevel=1) as file:
                        file.write("\n".join([*chunk, ""]))
    return total


def _retold(line: str, header: str | None, tile: int) -> str:
    """A line with the tile's cameras and other plates; a garbage line stays garbage."""
    import tomllib

    source = "trafico" if header is not None else "oculus"
    columns = _COLUMNS.setdefault(
        source, tomllib.loads((ROOT / "cities/vliet/sources" / f"{source}.toml").read_text())["columns"]
    )
    letter = chr(ord("A") + tile)
    if header is not None:
        cells = line.split(";")
        names = header.split(";")
        if len(cells) != len(names):
            return line
        camera, plate = names.index(columns["camera_id"]), names.index(columns["plate"])
        cells[camera] += f"t{tile}"
        cells[plate] = cells[plate] and cells[plate] + letter
        return ";".join(cells)
    try:
        row = json.loads(line)
        row[columns["camera_id"]] = f"{row[columns['camera_id']]}t{tile}"
        if row.get(columns["plate"]):
            row[columns["plate"]] += letter
        if "read_id" in columns and row.get(columns["read_id"]):
            row[columns["read_id"]] = f"{row[columns['read_id']]}t{tile}"
        return json.dumps(row)
    except (ValueError, KeyError, TypeError):
        return line


_COLUMNS: dict[str, dict[str, str]] = {}


def measured(folder: Path, *, reads: int, made: Path, tiles: int) -> dict[str, object]:
    """One run from nothing, in its own process, with Spark's event log read for the largest task."""
    work = folder / f"r{reads}"
    work.mkdir()
    lines = tile_landing(made / "landing", work / "landing", tiles=tiles, reads=reads)
    city = work / "city"
    tiled_city(ROOT / "cities" / "vliet", city, tiles=tiles)
    (work / "events").mkdir()
    environment = {
        **os.environ,
        "KORDON_SPARK_MEMORY_GB": "8",
        "PYSPARK_SUBMIT_ARGS": "--conf spark.eventLog.enabled=true --conf spark.eventLog.compress=false "
        f"--conf spark.eventLog.dir=file://{work / 'events'} pyspark-shell",
    }
    began = time.monotonic()
    command = [str(KORDON), "run", "--city", str(city), "--landing", str(work / "landing"), "--lake", str(work / "lake")]
    command += ["--keystore", str(work / "keys"), "--days", DAY, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    if done.returncode:
        sys.exit(done.stderr)
    summary = json.loads(done.stdout)
    largest = largest_task_share(work / "events")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    shutil.rmtree(work / "landing")
    shutil.rmtree(work / "lake")
    core = summary["reconciliation"]["pseudonymise"]["out"]
    return {"lines": lines, "reads": core, "seconds": took, "steps": summary["seconds"], "peak_gb": peak, "largest": largest}


def largest_task_share(events: Path) -> float:
    """The largest share of the rows of a big stage that one task read from a shuffle or a file."""
    stages: dict[int, list[int]] = {}
    for file in (f for f in events.rglob("*") if f.is_file()):
        for line in file.open():
            if '"SparkListenerTaskEnd"' not in line:
                continue
            task = json.loads(line)
            metrics = task.get("Task Metrics") or {}
            rows = metrics.get("Shuffle Read Metrics", {}).get("Total Records Read", 0)
            rows = max(rows, metrics.get("Input Metrics", {}).get("Records Read", 0))
            stages.setdefault(task["Stage ID"], []).append(rows)
    big = [tasks for tasks in stages.values() if sum(tasks) > 1_000_000]
    return max((max(tasks) / sum(tasks) for tasks in big), default=0.0)


def main() -> None:
    sizes = [int(float(a) * 1e6) for a in sys.argv[1:]] or [5_000_000, 20_000_000]
    vehicles = 400_000
    with tempfile.TemporaryDirectory(prefix="kordon-bench-") as name:
        folder = Path(name)
        made = folder / "made"
        command = [str(KORDON), "simulate", "--city", str(ROOT / "cities/vliet"), "--days", DAY]
        subprocess.run([*command, "--vehicles", str(vehicles), "--seed", "7", "--out", str(made), "-q"], check=True)
        results = [measured(folder, reads=size, made=made, tiles=10) for size in sizes]
    for found in results:
        steps = ", ".join(f"{step} {seconds:.0f}" for step, seconds in found["steps"].items())  # type: ignore[attr-defined]
        print(
            f"{found['lines']:,} lines, {found['reads']:,} reads: {found['seconds']:.0f} s ({steps}); "
            f"peak {found['peak_gb']:.1f} GB; largest task {found['largest']:.3f} of the rows"
        )
    if len(results) > 1:
        print(f"ratio {results[-1]['seconds'] / results[0]['seconds']:.2f}")  # type: ignore[operator]


if __name__ == "__main__":
    main()
