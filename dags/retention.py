"""kordon_retention_<city>: what is past its time goes. An Airflow DAG a city."""

from airflow.sdk import DAG

from dags.parts.city import ScheduledCity, cities
from dags.parts.dag import city_dag
from dags.parts.submit import submit

DOC = """
Deletes what is past its retention, old versions included: keys, plates, loaded files, vehicles, old figures.

Every morning at 06:30, when the files of the night are in. It ends with 75, and is tried again, while a half-computed day needs what
should go.
"""
AT = "30 6 * * *"


def retention(city: ScheduledCity) -> DAG:
    words = ["retention", "--city", str(city.folder), "--lake", city.place("lake"), "--landing", city.place("landing")]
    with city_dag("retention", city, doc=DOC, at=AT) as dag:
        submit("past_its_time", city, words, account="retention")
    return dag


for each in cities()[0]:
    retention(each)
