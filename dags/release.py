"""kordon_release_<city> and kordon_release_month_<city>: releases that a person approves. Airflow DAGs of a city that publishes them."""

from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import DAG, Param, task_group
from airflow.sdk.exceptions import AirflowSkipException

from dags.parts.city import ScheduledCity, cities
from dags.parts.dag import city_dag
from dags.parts.submit import ExitCodes, answer_of, submit
from kordon.state import staging_area, uri_of

DOC = """
A {tier} release of a {unit}: built, attacked, and staged where nobody reads it, until a person approves it.

The run waits until late reads no longer find a key, so that the days are final. What the approver needs to know of each dataset stands
in the task `approval`; it waits for two weeks. One answer is for all that the run staged: they share a budget. Who approves answers for
each release by name.
"""
PATIENCE = timedelta(days=14)
TIERS = {
    # A week is the unit that circulation plans are followed by; noise is paid for once a month.
    "release": ("shared", "week", "0 4 * * 1"),
    "release_month": ("open", "month", "0 4 1 * *"),
}
# -1: the tasks that are pulled from are not mapped, as the one that pulls is.
STAGED = "{{ ti.xcom_pull(task_ids='staged', map_indexes=-1)[ti.map_index] }}"
ANSWER = "{{ ti.xcom_pull(task_ids='approval', map_indexes=-1)['%s']['%s'] }}"


def names_of(city: ScheduledCity, tier: str, period: str) -> list[str]:
    """The names of what was staged of a period, ``A..B``.

    Raises:
        AirflowSkipException: nothing was, because it equals what is published; the tasks that follow are skipped.
    """
    found = answer_of(city, ["evidence", *where(city), "--tier", tier, "--period", period], account="release")["releases"]
    if not found:
        raise AirflowSkipException(f"Nothing is staged of {period}: it equals what is published.")
    return [release["name"] for release in found]


def evidence(city: ScheduledCity, names: list[str]) -> str:
    """What the approver reads of what was staged, as Markdown."""
    uris = [f"{uri_of(staging_area(city.place('lake')))}/{name}" for name in names]
    return str(answer_of(city, ["evidence", *uris, *where(city)], account="release")["evidence"])


def where(city: ScheduledCity) -> list[str]:
    return ["--city", str(city.folder), "--lake", city.place("lake")]


def release(name: str, city: ScheduledCity) -> DAG:
    tier, unit, line = TIERS[name]
    period = "{{ service_days(data_interval_start, data_interval_end) }}"
    shown = {"evidence": lambda names: evidence(city, names)}
    with city_dag(name, city, doc=DOC.format(tier=tier, unit=unit), by_interval=line, macros=shown) as dag:
        final = DateTimeSensorAsync(task_id="final", target_time="{{ after(data_interval_end, 'grace') }}")
        words = ["release", *where(city), "--period", period, "--tier", tier, "--out", city.place("releases")]
        built = submit("built", city, words, reads=["ops_day"], account="release")

        staged = PythonOperator(
            task_id="staged", python_callable=names_of, op_args=[city, tier, period], retry_policy=ExitCodes()
        )
        approval = ApprovalOperator(
            task_id="approval",
            subject=f"{city.name}: {tier} release of {period}",
            body="{{ evidence(ti.xcom_pull(task_ids='staged')) }}",
            params={"role": Param("privacy officer", type="string", minLength=1, title="In which role do you approve?")},
            response_timeout=PATIENCE,
            retries=0,
        )
        answer = ["--by", ANSWER % ("responded_by_user", "name"), "--role", ANSWER % ("params_input", "role")]

        @task_group(prefix_group_id=False)  # type: ignore[untyped-decorator]  # Airflow stands in another environment
        def releases(name: str) -> None:
            words = ["approve", f"{uri_of(staging_area(city.place('lake')))}/{STAGED}", *where(city), *answer]
            submit("published", city, words, account="publish", map_index_template=STAGED)

        # The answer stands outside of the group: within, Airflow 3.3 lets what follows a rejection run.
        final >> built >> staged >> approval >> releases.expand(name=staged.output)
    return dag


for each in cities()[0]:
    for kind, (tier, *_) in TIERS.items():
        if each.publishes(tier):
            release(kind, each)
