# Airflow's settings, the same for each of its servers; what is secret comes from files.
export AIRFLOW_HOME="$KORDON_STACK/airflow"
export AIRFLOW__CORE__DAGS_FOLDER="$ROOT/dags"
export AIRFLOW__CORE__LOAD_EXAMPLES=False
export AIRFLOW__CORE__EXECUTOR=LocalExecutor
# A task is a driver of Spark, with a heap of its own.
export AIRFLOW__CORE__PARALLELISM="${AIRFLOW_PARALLELISM:-4}"
database="airflow@$POSTGRESQL_HOST:$POSTGRESQL_PORT/airflow?passfile=$KORDON_SECRETS/pgpass-airflow"
export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="postgresql+psycopg://$database"
export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC="$AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
export AIRFLOW__CORE__FERNET_KEY_CMD="cat $KORDON_SECRETS/airflow-fernet"
export AIRFLOW__API__SECRET_KEY_CMD="cat $KORDON_SECRETS/airflow-api"
export AIRFLOW__API_AUTH__JWT_SECRET_CMD="cat $KORDON_SECRETS/airflow-jwt"
export AIRFLOW__API__HOST="$LISTEN"
export AIRFLOW__API__PORT="$API_PORT"
export AIRFLOW__API__WORKERS=1
export AIRFLOW__API__BASE_URL="$API_URL"
export AIRFLOW__CORE__EXECUTION_API_SERVER_URL="http://$API_HOST:$API_PORT/execution/"
export AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT="${AIRFLOW_LOG_PORT:-8793}"
export AIRFLOW__TRIGGERER__TRIGGERER_LOG_SERVER_PORT="${AIRFLOW_TRIGGER_LOG_PORT:-8794}"
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False
# One person who may do all, until somebody names an auth manager that knows the city's people.
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS=admin:admin
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE="$AIRFLOW_HOME/passwords.json"
mkdir -p "$AIRFLOW_HOME"
# Airflow opens it for writing, and a mounted secret cannot be written.
cp "$KORDON_SECRETS/airflow-passwords.json" "$AIRFLOW_HOME/passwords.json.$$"
mv "$AIRFLOW_HOME/passwords.json.$$" "$AIRFLOW_HOME/passwords.json"

export AIRFLOW_CONN_SPARK_DEFAULT="{\"conn_type\": \"spark\", \"host\": \"spark://$MASTER_HOST\", \"port\": $MASTER_PORT}"
export AWS_ENDPOINT_URL="http://$MINIO_HOST:$MINIO_PORT"
export KORDON_LANDING="${KORDON_LANDING:-s3a://{city\}-landing}"
export KORDON_LAKE="${KORDON_LAKE:-s3a://{city\}-{zone\}/lake}"
export KORDON_RELEASES="${KORDON_RELEASES:-s3a://{city\}-{zone\}/releases}"
# A folder of accounts a city, as store-setup writes it.
export KORDON_ACCOUNTS="$KORDON_STACK/accounts/{city}"
# For a ledger postgresql://ledger@HOST:PORT/ledger of a city folder.
export PGPASSFILE="$KORDON_SECRETS/pgpass-ledger"
export XDG_STATE_HOME="$KORDON_STACK/state"
