"""kordon_calibrate_<city>: what many days together tell, for the days to come. An Airflow DAG a city."""

from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import DAG

from dags.parts.city import ScheduledCity, cities
from dags.parts.dag import city_dag
from dags.parts.submit import submit

DOC = """
Learns from the complete days of a month what single days do not tell, such as how many vehicles each site misses.

It waits until late reads no longer find a key, so that the month is final. Days that are computed later lean on it; days that were
computed before stay as they are.
"""
MONTHLY = "0 4 1 * *"


def calibrate(city: ScheduledCity) -> DAG:
    period = "{{ service_days(data_interval_start, data_interval_end) }}"
    words = ["calibrate", "--city", str(city.folder), "--lake", city.place("lake"), "--period", period]
    with city_dag("calibrate", city, doc=DOC, by_interval=MONTHLY) as dag:
        final = DateTimeSensorAsync(task_id="final", target_time="{{ after(data_interval_end, 'grace') }}")
        tables = {"reads": ["core_detection_day", "ops_day"], "writes": ["core_pooled_q"]}
        final >> submit("snapshots", city, words, account="flows", **tables)
    return dag


for each in cities()[0]:
    calibrate(each)
