"""DAGs on a real Airflow; run by `make test-airflow` with its own interpreter."""
