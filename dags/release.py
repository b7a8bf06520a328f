"""kordon_release_<city> and others named kordon_release_..._<city>: releases that a person approves, of a city that publishes them."""

from dataclasses import dataclass
from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import DAG, Param, task_group
from airflow.sdk.exceptions import AirflowSkipException

from dags.parts.city import THROUGH, ScheduledCity, cities
from dags.parts.dag import city_dag
from dags.parts.submit import ExitCodes, answer_of, submit
from kordon.state import staging_area, uri_of

DOC = """
A release of the {tier} tier, {what} of a {unit}: built, attacked, and staged where nobody reads it, until a person approves it.

The run waits until late reads no longer find a key, so that the days are final{later}. What the approver needs to know of each
dataset stands in the task `approval`; it waits for two weeks. One answer is for all that the run staged: they share a budget. Who
approves answers for each release by name.
"""
PATIENCE = timedelta(days=14)


@dataclass(frozen=True)
class Kind:
    """What a DAG releases, and when.

    Args:
        unit: of the period, and ``cron`` when one is over.
        dataset: without it all that the tier has by that unit.
        later: days to wait until other releases, which this one is attacked with or follows from, have had their answer.
    """

    tier: str
    unit: str
    cron: str
    dataset: str | None = None
    later: int = 0


MONTHLY = "0 4 1 * *"
KINDS = {
    # A week is the unit that circulation plans are followed by; noise is paid for once a month.
    "release": Kind("shared", "week", "0 4 * * 1"),
    # The week of the last day ends up to six days after the month; and a day to build it.
    "release_shared_month": Kind("shared", "month", MONTHLY, "od_month_hour", later=PATIENCE.days + 7),
    "release_month": Kind("open", "month", MONTHLY),
    "release_through": Kind("open", "month", MONTHLY, THROUGH, later=PATIENCE.days + 1),
}
# -1: the tasks that are pulled from are not mapped, as the one that pulls is.
STAGED = "{{ ti.xcom_pull(task_ids='staged', map_indexes=-1)[ti.map_index] }}"
ANSWER = "{{ ti.xcom_pull(task_ids='approval', map_indexes=-1)['%s']['%s'] }}"


def names_of(city: ScheduledCity, which: list[str], period: str) -> list[str]:
    """The names of what was staged of a period, ``A..B``.

    Raises:
        AirflowSkipException: nothing was, because it equals what is published; the tasks that follow are skipped.
    """
    found = answer_of(city, ["evidence", *where(city), *which, "--period", period], account="release")["releases"]
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
    kind = KINDS[name]
    what, later = kind.dataset or "all datasets", f", and {kind.later} days more for other releases" if kind.later else ""
    doc = DOC.format(tier=kind.tier, what=what, unit=kind.unit, later=later)
    period = "{{ service_days(data_interval_start, data_interval_end) }}"
    which = ["--tier", kind.tier, *(["--dataset", kind.dataset] if kind.dataset else [])]
    shown = {"evidence": lambda names: evidence(city, names)}
    with city_dag(name, city, doc=doc, by_interval=kind.cron, macros=shown) as dag:
        final = DateTimeSensorAsync(
            task_id="final", target_time=f"{{{{ after(data_interval_end, 'grace', days={kind.later}) }}}}"
        )
        words = ["release", *where(city), "--period", period, *which, "--out", city.place("releases")]
        built = submit("built", city, words, reads=["ops_day"], account="release")

        staged = PythonOperator(
            task_id="staged", python_callable=names_of, op_args=[city, which, period], retry_policy=ExitCodes()
        )
        approval = ApprovalOperator(
            task_id="approval",
            subject=f"{city.name}: {kind.tier} release of {period}" + (f", {kind.dataset}" if kind.dataset else ""),
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
    for each_kind, of_kind in KINDS.items():
        if each.publishes(of_kind.tier, of_kind.dataset):
            release(each_kind, each)
