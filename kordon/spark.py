"""The Spark session: one way to start it, each setting with its reason."""

import logging
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kordon import jars, s3
from kordon.persist import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

ROWS_PER_TASK = 400_000
"""So many reads a task handles at most: 5 million reads are 14 tasks, none above an eighth of the rows, even where a hash is unlucky."""
WORTH_A_TASK = 50_000
"""Fewer reads are not worth a second task: each writes the code of its projections anew, whatever the rows."""


def memory_gb() -> int:
    """Driver heap in GB: ``KORDON_SPARK_MEMORY_GB``, else a third of the machine, between 2 and 8."""
    given = os.environ.get("KORDON_SPARK_MEMORY_GB")
    if given:
        return int(given)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(2, min(8, int(total / 3)))


def scratch_root() -> Path:
    """Where sessions keep spill and shuffle files: below the temporary folder, one sub-folder a session, 0700."""
    root = Path(tempfile.gettempdir()) / f"kordon-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    return root


def sweep_scratch() -> int:
    """Delete what killed sessions left behind, and return how many folders went. A folder is named after its process."""
    swept = 0
    for folder in scratch_root().iterdir():
        pid = folder.name.split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            # A crash report of Java under spark-submit is a file.
            shutil.rmtree(folder, ignore_errors=True) if folder.is_dir() else folder.unlink(missing_ok=True)
            swept += 1
    return swept


def crashes(scratch: Path) -> str:
    """Java's options for its own death: no image of its memory, which holds plates, and its report where it is swept."""
    return f"-XX:-CreateCoredumpOnCrash -XX:ErrorFile={scratch}/hs_err.log"


def compiler(*, quick: bool) -> str:
    """Java's options for a session that lives a minute or two: the thorough compiler costs more than it gives.

    The chain on 185,000 reads took 225 s of processor time with it and 160 s without. Without it Java also reserves a code cache
    of 48 MB, which the plans fill; it then interprets. The simple collector saves another tenth. Each time
    that classes outgrow what Java thinks they take, it collects all garbage.
    """
    return "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m -XX:MetaspaceSize=512m -XX:+UseParallelGC" if quick else ""


def divide(spark: "SparkSession", *, rows: int) -> None:
    """Divide what follows into as many tasks as so many reads are worth.

    A day of 2,000 reads in a session that has run one before: 92 s with four tasks a shuffle, 79 s with one.
    """
    cores = spark.sparkContext.defaultParallelism
    wanted = max(1, math.ceil(rows / ROWS_PER_TASK), min(2 * cores, math.ceil(rows / WORTH_A_TASK)))
    # Of five tasks on two cores the last would have one core stand idle.
    tasks = wanted if wanted <= cores else math.ceil(wanted / cores) * cores
    spark.conf.set("spark.sql.shuffle.partitions", str(tasks))
    spark.conf.set("spark.sql.leafNodeDefaultParallelism", str(tasks))


def java_peak_mb(spark: "SparkSession") -> int | None:
    """The most memory (resident, MB) that the driver's Java has had, or None where the system does not tell."""
    jvm: Any = spark.sparkContext._jvm
    try:
        lines = Path(f"/proc/{jvm.java.lang.ProcessHandle.current().pid()}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:")), None)


def submitted_master() -> str | None:
    """The master that spark-submit was given, when it started this process; else None."""
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        return None
    from pyspark import SparkConf, SparkContext

    SparkContext._ensure_initialized()
    return SparkConf().get("spark.master")


def java_options(*, quick: bool) -> str:
    """What Java must be told by who starts it before the session is asked for, as spark-submit does."""
    root = scratch_root()
    # %p is the process: what a dead one left is swept.
    report = f"-XX:-CreateCoredumpOnCrash -XX:ErrorFile={root}/%p-hs_err.log"
    return f"{report} -Dderby.system.home={root} -Djava.io.tmpdir={root} {compiler(quick=quick)}".strip()


def submit_options(*, store: bool = False) -> dict[str, str]:
    """What spark-submit must be told beside that: names of its options and values.

    Args:
        store: the lake or the landing files are in an object store.
    """
    folders = [jars.FOLDER, *([jars.STORE_FOLDER] if store else [])]
    handed_out: dict[str, str] = {} if jars_of_workers() else {"jars": ",".join(f"{folder}/*.jar" for folder in folders)}
    return {
        "driver_memory": f"{memory_gb()}g",
        "driver_class_path": os.pathsep.join(f"{folder}/*" for folder in folders),
        **handed_out,
    }


def jars_of_workers() -> str | None:
    """The class path of our jars on the workers of a cluster, where they are installed there: ``KORDON_WORKER_JARS``.

    Without it the driver hands its own out, to each executor of each application. Those for a store are 640 MB, and over an encrypted
    connection two executors on a busy machine gave up on them.
    """
    return os.environ.get("KORDON_WORKER_JARS")


def session(*, master: str | None = None, app: str = "kordon", quick: bool = False, store: bool = False) -> "SparkSession":
    """Start the Spark session of a run, or return the one that runs.

    Args:
        master: where to run; without one the master of spark-submit, else all cores of this machine.
        quick: for little data, see :func:`compiler`.
        store: the lake is in an object store: with the jars for it, and where and as whom the environment says.

    Raises:
        ConfigError: the jars are not set up, or the environment names no store.
    """
    from pyspark.sql import SparkSession

    master = master or submitted_master() or "local[*]"
    os.environ.setdefault("SPARK_CONF_DIR", str(Path(__file__).parent / "spark_conf"))
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    # Its messages quote the plan of a failed query, literals included.
    for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    sweep_scratch()
    scratch = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=scratch_root()))
    builder = (
        _with_jars(SparkSession.builder, local=master.startswith("local"), store=store)
        .master(master)
        .appName(app)
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.driver.memory", f"{memory_gb()}g")
        .config("spark.local.dir", str(scratch))
        .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        .config(
            "spark.driver.extraJavaOptions",
            f"-Djava.io.tmpdir={scratch} -Dderby.system.home={scratch} {crashes(scratch)} {compiler(quick=quick)}".strip(),
        )
        .config("spark.ui.enabled", "false")
        # A chain has more stages than the 1,000 whose compiled code Spark keeps: the next block or run would compile them again.
        .config("spark.sql.codegen.cache.maxEntries", "10000")
        .config(COLUMNS, str(not quick).lower())
        # What compresses best is tried for each column of each batch: an eighth of the processor time of 1 M reads.
        .config("spark.sql.inMemoryColumnarStorage.compressed", "false")
        .config("spark.ui.showConsoleProgress", "false")
        # Each column would tell Java which line of Python made it, for messages that nobody sees. A day of 20,000 reads took Python 18 s
        # of processor time, without it 15 s.
        .config("spark.python.sql.dataFrameDebugging.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        # Shuffle, spill and broadcast files of the secured steps hold plates; unencrypted, 4,898 of 1 M were readable.
        .config("spark.io.encryption.enabled", "true")
        # A table that is handed to every task may take longer than 300 s to be made: of many reads, or on a busy machine.
        .config("spark.sql.broadcastTimeout", "-1")
        # The chain counts on the partitioning and order of persisted tables, which adaptive execution may change.
        .config("spark.sql.adaptive.enabled", "false")
        # A small log needs no 50 tasks to be replayed: a commit takes 0.8 s instead of several.
        .config("spark.databricks.delta.snapshotPartitions", "1")
        # Nor does a commit need to be read back to write down its size beside it.
        .config("spark.databricks.delta.writeChecksumFile.enabled", "false")
        .config("spark.databricks.delta.retentionDurationCheck.enabled", "false")
        # Each vacuum would write two commits to say that it came and went.
        .config("spark.databricks.delta.vacuum.logging.enabled", "false")
        # Vacuum lists a table's folders in so many tasks; by default in 10,000, which took a minute a table of four files.
        .config("spark.sql.sources.parallelPartitionDiscovery.parallelism", "16")
        # Half a gzip gives the lines before the break; ingest itself says which files were truncated.
        .config("spark.sql.files.ignoreCorruptFiles", "true")
        # Suppliers write windows-1252; Spark 4 knows only six charsets without this.
        .config("spark.sql.legacy.javaCharsets", "true")
        # And stops at a byte that means nothing in a charset; with it, the character that Java puts there tells the line.
        .config("spark.sql.legacy.codingErrorAction", "true")
        # A stamp that Spark 2 would have parsed otherwise is bad, not an exception that quotes it.
        .config("spark.sql.legacy.timeParserPolicy", "CORRECTED")
        # A year of days makes plans of more fields than the default, which is then cut with a warning.
        .config("spark.sql.debug.maxToStringFields", "200")
    )
    for name, value in (s3.spark_settings() if store else {}).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    divide(spark, rows=0)
    return spark


def _with_jars(builder: "SparkSession.Builder", *, local: bool, store: bool) -> "SparkSession.Builder":
    """Hand Spark our jars, and on one machine a file system that does not start a process for each file.

    Hadoop's own sets the mode of each file and folder by running ``chmod``: 7 ms a file instead of 1, and a day's run makes
    thousands. The replacement must be there before Spark starts, so that it is on the path of Java and not among ``spark.jars``.
    """
    paths = [str(path) for path in jars.paths(store=store)]
    if not local:
        there = jars_of_workers()
        return (
            builder.config("spark.executor.extraClassPath", there) if there else builder.config("spark.jars", ",".join(paths))
        )
    return builder.config("spark.driver.extraClassPath", os.pathsep.join(paths)).config(
        "spark.hadoop.fs.file.impl", "com.globalmentor.apache.hadoop.fs.BareLocalFileSystem"
    )


def small_frame(spark: "SparkSession", rows: "Iterable[tuple[Any, ...]]", schema: "str | StructType") -> "DataFrame":
    """A frame of a few rows that the driver knows, in the order of the schema's columns.

    Its rows lie in the plan, so that Spark knows how few they are and needs no Python process to read them. What may not stand in a
    plan, plates and keys, goes by ``createDataFrame`` instead.
    """
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_schema
    from pyspark.sql.types import StructType

    fields = schema if isinstance(schema, StructType) else StructType.fromDDL(schema)
    assert isinstance(fields, StructType)
    arrow = to_arrow_schema(fields)
    columns = list(zip(*rows, strict=True)) or [()] * len(arrow)
    arrays = [pa.array(list(values), type=field.type) for values, field in zip(columns, arrow, strict=True)]
    return spark.createDataFrame(pa.Table.from_arrays(arrays, schema=arrow), schema=fields)
