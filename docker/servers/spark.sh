# What all that speaks to the cluster needs: Spark, and a folder of settings that holds the cluster's secret.
SPARK_HOME="$(echo "$ROOT"/.venv/lib/python3*/site-packages/pyspark)"
export SPARK_HOME
# Each machine of the stack has them at the same place.
export KORDON_WORKER_JARS="$ROOT/.jars/*:$ROOT/.jars-store/*"
export SPARK_CONF_DIR="$KORDON_STACK/spark/conf"
if [ "$LISTEN" = 127.0.0.1 ]; then
  export SPARK_LOCAL_IP=127.0.0.1
fi

mkdir -p "$SPARK_CONF_DIR"
cp "$ROOT/kordon/spark_conf/log4j2.properties" "$SPARK_CONF_DIR/log4j2.properties.$$"
mv "$SPARK_CONF_DIR/log4j2.properties.$$" "$SPARK_CONF_DIR/log4j2.properties"
# A cluster without a secret runs whatever anybody sends. Without encryption between its processes the key that encrypts shuffle files,
# and the broadcast key of a service day, would pass the network as they are.
cat >"$SPARK_CONF_DIR/spark-defaults.conf.$$" <<END
spark.authenticate                     true
spark.authenticate.secret              $(cat "$KORDON_SECRETS/spark")
spark.network.crypto.enabled           true
spark.network.crypto.authEngineVersion 2
spark.network.crypto.cipher            AES/GCM/NoPadding
spark.ui.killEnabled                   false
spark.worker.cleanup.enabled           true
spark.worker.cleanup.appDataTtl        86400
spark.executor.memory                  ${EXECUTOR_MEMORY:-1g}
spark.executor.extraJavaOptions        -XX:-CreateCoredumpOnCrash
END
mv "$SPARK_CONF_DIR/spark-defaults.conf.$$" "$SPARK_CONF_DIR/spark-defaults.conf"
