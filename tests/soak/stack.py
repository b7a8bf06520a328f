"""The whole stack: up, a day of Vliet by the daily DAG on MinIO with two Spark workers, its release, down. Run with ``make soak``.

The release is approved through Airflow's own API and must be in its bucket. The tables must hold the rows of a run on a folder with
the same keystore, and no secret or plate may stand in a log or on a command line. With a folder as its argument all is kept there
and the stack stays up until a line comes in, to be looked at.
"""

import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

VEHICLES = 300
DAG, RELEASE = "kordon_daily_vliet", "kordon_release_vliet"
RUN_S = 1200
FINAL = ("success", "failed")


@dataclass(frozen=True)
class Store:
    """As ``tests.minio.Server``: where it is and who administrates it."""

    endpoint: str
    root: Path


class Airflow:
    """Airflow's own API, as its one user."""

    def __init__(self, address: str, passwords: Path) -> None:
        self.address, self.token = address, ""
        password = json.loads(passwords.read_text())["admin"]
        self.token = self.ask("POST", "/auth/token", username="admin", password=password)["access_token"]

    def ask(self, method: str, path: str, **body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.address}{path}", method=method, data=json.dumps(body).encode() if body else None
        )
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def first_run(self, dag: str) -> dict[str, Any]:
        runs = self.ask("GET", f"/api/v2/dags/{dag}/dagRuns?order_by=logical_date&limit=1")["dag_runs"]
        return runs[0] if runs else {}


def known(airflow: Airflow, dag: str) -> None:
    """Wait until the DAG processor has read the file."""
    for _ in range(120):
        if any(found["dag_id"] == dag for found in airflow.ask("GET", "/api/v2/dags?limit=100")["dags"]):
            return
        time.sleep(1)
    sys.exit(f"{dag} is not there after two minutes")


def paused(airflow: Airflow, dag: str, is_paused: bool) -> None:
    airflow.ask("PATCH", f"/api/v2/dags/{dag}", is_paused=is_paused)


def approved(airflow: Airflow, city: Any, day: Any) -> str:
    """Start the release of a day, wait until it asks, approve it, and return what the approver read."""
    start = datetime.combine(day, clock(4), city.zone_info)
    ends = (start + timedelta(days=1)).isoformat()
    known(airflow, RELEASE)
    # Before the DAG may run, so that of its own weeks, whose days nobody computed, one at most is tried beside it.
    airflow.ask(
        "POST",
        f"/api/v2/dags/{RELEASE}/dagRuns",
        logical_date=ends,
        data_interval_start=start.isoformat(),
        data_interval_end=ends,
    )
    paused(airflow, RELEASE, False)
    begun = time.monotonic()
    while not (asked := airflow.ask("GET", "/api/v2/dags/~/dagRuns/~/hitlDetails?response_received=false")["hitl_details"]):
        if airflow.first_run(RELEASE).get("state") in FINAL or time.monotonic() - begun > RUN_S:
            finished(airflow, RELEASE)
            sys.exit("the release asks nobody")
        time.sleep(1)
    task = asked[0]["task_instance"]
    where = f"/api/v2/dags/{RELEASE}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}/-1/hitlDetails"
    airflow.ask("PATCH", where, chosen_options=["Approve"], params_input={"role": "privacy officer"})
    return str(asked[0]["body"])


def finished(airflow: Airflow, dag: str) -> None:
    """Wait for the first run of a DAG, and show what its tasks took."""
    begun = time.monotonic()
    while (state := airflow.first_run(dag).get("state")) not in FINAL:
        if time.monotonic() - begun > RUN_S:
            break
        time.sleep(1)
    # What is due next would be added to the tables.
    paused(airflow, dag, True)
    run = airflow.first_run(dag)
    tasks = airflow.ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run['dag_run_id']}/taskInstances")["task_instances"]
    for task in sorted(tasks, key=lambda t: t["start_date"] or ""):
        print(f"  {task['task_id']}: {task['state']}, {task['duration'] or 0:.0f} s", flush=True)
    if state != "success":
        sys.exit(f"{dag} is {state}")


def told(folder: Path, what: list[str]) -> list[str]:
    """The files of logs below a folder that hold one of these."""
    logs = [path for place in ("logs", "airflow/logs", "spark") for path in (folder / place).rglob("*") if path.is_file()]
    # The settings of the cluster are where its secret stands.
    texts = {path: path.read_text(errors="replace") for path in logs if path.suffix != ".jar" and path.parent.name != "conf"}
    return [str(path) for path, text in texts.items() if any(word in text for word in what)]


def main() -> None:
    from kordon.city import load
    from kordon.commands.store import lake as lake_of
    from kordon.lake import Lake
    from kordon.spark import session
    from tests.e2e import vliet
    from tests.e2e.content import content
    from tests.stack import command_lines, stack
    from tests.store.delivery import Root, deliver

    with ExitStack() as stays:
        kept = sys.argv[1:]
        folder = Path(kept[0] if kept else stays.enter_context(tempfile.TemporaryDirectory(prefix="kordon-stack-")))
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
        vliet.simulate(folder, count=1, vehicles=VEHICLES)
        start = time.monotonic()
        environment = {"KORDON_FIRST_DAY": str(vliet.FIRST), "KORDON_SPARK_MEMORY_GB": "2", "PYTHONPATH": str(ROOT)}
        running = stays.enter_context(stack(folder / "stack", **environment))
        print(running.said, flush=True)
        ports, secrets = running.environment, running.folder / "secrets"
        store = Store(f"http://127.0.0.1:{ports['MINIO_PORT']}", secrets / "minio-credentials")
        os.environ.update(AWS_ENDPOINT_URL=store.endpoint, AWS_SHARED_CREDENTIALS_FILE=str(store.root))
        deliver(store, running.folder / "accounts" / "vliet", folder / "landing")
        airflow = Airflow(f"http://127.0.0.1:{ports['API_PORT']}", secrets / "airflow-passwords.json")
        known(airflow, DAG)
        paused(airflow, DAG, False)
        finished(airflow, DAG)
        print(f"{time.monotonic() - start:.0f} s from the start of the stack to the first green run", flush=True)
        subprocess.run(
            [Path(sys.executable).parent / "kordon", "approve", "policy", "--city", vliet.CITY, "--by", "the soak"],
            env={**os.environ, "XDG_STATE_HOME": str(running.folder / "state")},
            check=True,
        )
        begun = time.monotonic()
        evidence = approved(airflow, load(vliet.CITY), vliet.FIRST)
        finished(airflow, RELEASE)
        print(f"{time.monotonic() - begun:.0f} s from its start to the release", flush=True)
        files = {o.object_name for o in Root(store).client.list_objects("vliet-shared", prefix="releases/", recursive=True)}
        published = f"releases/vliet-shared/{vliet.FIRST}/v1/"
        if "| od_day | " not in evidence or not {f"{published}{name}" for name in ("index.html", "approval.json")} <= files:
            sys.exit(f"the release is not whole: {sorted(files)}; its approver read:\n{evidence}")
        print(f"{len(files)} files are published", flush=True)
        with gzip.open(folder / "truth" / "vehicle.csv.gz", "rt", encoding="utf-8") as rows:
            plates = [row["plate"] for row in csv.DictReader(rows)]
        own = [file.read_text().strip().rpartition(":")[2].split()[-1].strip('"}') for file in secrets.iterdir()]
        control = running.folder / "logs" / "control"
        control.write_text(plates[0])
        if told(running.folder, plates) != [str(control)] or told(running.folder, own):
            sys.exit(f"logs tell plates or secrets: {told(running.folder, plates + own)}")
        if found := [secret for secret in own if secret in command_lines()]:
            sys.exit(f"{len(found)} secrets stand on command lines")
        if kept:
            input("The stack is up; Enter stops it. ")
        Root(store).fetch(lake_of(load(vliet.CITY)), folder / "copy")
        keys = running.folder / "state" / "kordon" / "keys" / "vliet"
        spark = session(master="local[2]", app="soak", quick=True)
        local = vliet.run(spark, lake=folder / "local", landing=folder / "landing", keys=keys, wanted=vliet.days(1))
        here, there = content(local), content(Lake(spark, str(folder / "copy")))
        spark.stop()
    other = [table for table, rows in here.items() if there[table] != rows]
    if other:
        sys.exit(f"other rows in {', '.join(other)}")
    print(f"{len(here)} tables, {sum(n for n, _ in here.values()):,} rows: the same as on a folder.")


if __name__ == "__main__":
    main()
