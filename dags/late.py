"""kordon_late_<city>: days whose files came late, computed again. An Airflow DAG a city."""

from airflow.sdk import DAG

from dags.parts.city import ScheduledCity, cities
from dags.parts.dag import city_dag
from dags.parts.submit import submit
from kordon import declared

DOC = """
Days whose input changed, computed again in order; days that nothing touched stay as they are.

Twice a day, so that a file that is 20 h late is in its day before the keys of that day end. Releases whose days were computed again are
named as revised by `kordon status`.
"""
AT = "0 12,20 * * *"


def late(city: ScheduledCity) -> DAG:
    writes = frozenset().union(*(task.writes for task in declared.tasks()))
    words = ["run", "--city", str(city.folder), "--lake", city.place("lake"), "--landing", city.place("landing"), "--stale"]
    with city_dag("late", city, doc=DOC, at=AT) as dag:
        submit("stale_days", city, words, reads=["ops_day"], writes=writes, account="late")
    return dag


for each in cities()[0]:
    late(each)
