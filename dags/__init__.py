"""DAGs of Airflow: what runs when. They import airflow, never pyspark, and of Kordon only names."""
