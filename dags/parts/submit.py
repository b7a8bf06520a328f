"""How a command of Kordon becomes a Spark application, or is asked a question, and what its exit code means to Airflow."""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Asset, BaseHook, RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException

from dags.parts.city import ScheduledCity
from kordon.jars import ROOT
from kordon.objects import is_remote
from kordon.spark import submit_options

CONNECTION = "spark_default"
TRY_AGAIN = 75
FINAL = {
    2: "the command line is wrong",
    3: "configuration or governance refuses",
    4: "a quality rule stopped it",
    5: "the privacy gate stopped it",
    6: "an input is unusable or missing",
}
"""Exit codes that another attempt would end with again. Others, such as 137 of a killed driver, are tried again."""
LOG_LINE = re.compile(r"\d\d/\d\d/\d\d \d\d:|\d{4}-\d\d-\d\d.?\d\d:|WARNING: ")


def exit_code(exception: BaseException) -> int | None:
    """The exit code in what the provider raises; it has no attribute for it."""
    found = re.search(r"Error code is: (-?\d+)", str(exception))
    return int(found[1]) if found else None


def said(exception: BaseException) -> str:
    """What the command said of its fault: the lines from ``kordon:`` on, without Spark's own."""
    lines = str(exception).splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("kordon: ")), None)
    if start is None:
        code = exit_code(exception)
        return f"spark-submit ended with {code}; its log above says why" if code is not None else lines[0] if lines else ""
    own = [lines[start].removeprefix("kordon: ")]
    for line in lines[start + 1 :]:
        if not line or LOG_LINE.match(line):
            break
        own.append(line)
    return "\n".join(own)


class ExitCodes(RetryPolicy):  # type: ignore[misc]  # Airflow stands in another environment
    """75 is tried again, a refusal is not: whoever reads the task sees which rule, day and number."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        code = exit_code(exception)
        if code in FINAL:
            return RetryDecision.fail(f"exit code {code}, {FINAL[code]}: {said(exception)}")
        return RetryDecision.retry(reason=said(exception)) if code == TRY_AGAIN else RetryDecision.default()


def need_connection(context: Any) -> None:
    """Fail at once without a connection: the provider would look for YARN, and each attempt end with a riddle.

    Raises:
        AirflowFailException: there is no connection.
    """
    try:
        BaseHook.get_connection(CONNECTION)
    except AirflowNotFoundException:
        raise AirflowFailException(
            f"There is no connection {CONNECTION}: `airflow connections add {CONNECTION} --conn-type spark --conn-host 'local[*]'`, "
            "or spark://HOST --conn-port 7077 of a cluster."
        ) from None


def submit(
    task_id: str,
    city: ScheduledCity,
    command: Sequence[str],
    *,
    reads: Iterable[str] = (),
    writes: Iterable[str] = (),
    account: str | None = None,
    **more: Any,
) -> SparkSubmitOperator:
    """A task that runs one command of Kordon as one Spark application.

    Args:
        command: its words; templates may stand in them.
        reads: tables that are the task's inlets; ``writes`` its outlets.
        account: of the object store, where the lake is in one; the task's name without it.
    """
    options = submit_options(store=any(is_remote(city.place(kind)) for kind in ("lake", "landing")))
    return SparkSubmitOperator(
        task_id=task_id,
        conn_id=CONNECTION,
        name=f"kordon-{city.id}-{task_id}",
        application=str(ROOT / "dags" / "parts" / "application" / "kordon_application.py"),
        application_args=list(command),
        jars=options.get("jars"),
        driver_class_path=options["driver_class_path"],
        driver_memory=options["driver_memory"],
        conf={"spark.driver.extraJavaOptions": "{{ java_options() }}"},
        env_vars={
            "PATH": f"{ROOT}/.venv/bin:/usr/local/bin:/usr/bin:/bin",
            # What Spark logs by default quotes the plan of a failed query. A cluster's settings stand in a folder of its own.
            "SPARK_CONF_DIR": os.environ.get("SPARK_CONF_DIR", f"{ROOT}/kordon/spark_conf"),
            **credentials(city, account or task_id),
            "PYSPARK_PYTHON": f"{ROOT}/.venv/bin/python",
            "PYSPARK_DRIVER_PYTHON": f"{ROOT}/.venv/bin/python",
        },
        retry_policy=ExitCodes(),
        pre_execute=need_connection,
        inlets=[asset(city, table) for table in sorted(reads)],
        outlets=[asset(city, table) for table in sorted(writes)],
        do_xcom_push=False,
        **{"pool": city.pool, "execution_timeout": timedelta(hours=6), **more},
    )


def answer_of(city: ScheduledCity, command: Sequence[str], *, account: str) -> Any:
    """What a command that needs no Spark answers, read from its ``--json``.

    Raises:
        AirflowException: it refuses; :class:`ExitCodes` reads what that means.
    """
    environment = {**os.environ, **credentials(city, account)}
    done = subprocess.run(
        [f"{ROOT}/.venv/bin/kordon", *command, "--json"], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AirflowException(f"{done.stderr}\nError code is: {done.returncode}")
    return json.loads(done.stdout)


def credentials(city: ScheduledCity, account: str) -> dict[str, str]:
    """The keys of the task's account: below ``KORDON_ACCOUNTS``, in which ``{city}`` is the city's id; without it, Airflow's own."""
    given = os.environ.get("KORDON_ACCOUNTS")
    return {"AWS_SHARED_CREDENTIALS_FILE": f"{given.replace('{city}', city.id)}/{account}"} if given else {}


def asset(city: ScheduledCity, table: str) -> Asset:
    """A table of a city; its name and address do not say where the lake is."""
    return Asset(name=f"{city.id}.{table}", uri=f"kordon://{city.id}/{table}", group="kordon")
