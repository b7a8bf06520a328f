"""kordon_daily_<city>: a service day, from the suppliers' files to exact flows. An Airflow DAG a city."""

import os

from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import DAG

from dags.parts.city import ScheduledCity, cities
from dags.parts.dag import SERVICE_DAY, city_dag
from dags.parts.submit import submit
from kordon import declared

DOC = """
One service day: its reads become movements, flows, and a day that is whole.

The service day of a run is its data interval, 04:00 to 04:00 in the city's time zone. It waits until every supplier promised to have
delivered, then runs four Spark applications, one at a time; each replaces the day's rows, so that a retry, a clear and a backfill give
the same tables. `deliveries` turns red when a supplier is silent past its promise; the day is computed all the same, with its cameras
marked as down.
"""
DAY = "{{ service_days(data_interval_start, data_interval_end) }}"


def daily(city: ScheduledCity) -> DAG:
    where = ["--city", str(city.folder), "--lake", city.place("lake"), "--days", DAY]
    kek = os.environ.get("KORDON_KEK")
    secured = ["--landing", city.place("landing"), *(["--kek", kek] if kek else [])]
    with city_dag("daily", city, doc=DOC, by_interval=SERVICE_DAY) as dag:
        before = DateTimeSensorAsync(task_id="promised", target_time="{{ after(data_interval_end, 'promised') }}")
        for task in declared.tasks():
            more = secured if task.name == "reads" else []
            words = ["run", *where, "--from", task.first, "--to", task.last, *more]
            this = submit(task.name, city, words, reads=task.reads - task.writes, writes=task.writes)
            before >> this
            before = this
        words = ["status", *where, "--check"]
        deliveries = submit("deliveries", city, words, reads=["ops_load"], account="quality", pool="default_pool")
        dag.get_task("reads") >> deliveries
    return dag


for each in cities()[0]:
    daily(each)
