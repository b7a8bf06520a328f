"""Fixtures that tests share: one Spark session, spec tables, and the rule that under KORDON_REQUIRE=all nothing is skipped."""

import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


LONGEST = (
    "same_rows",
    "week",
    "independent",
    "killed_store",
    "residue",
    "ingest_reruns",
    "boundaries",
    "retention",
    "publication_release",
    "rights",
    "quality",
    "traces",
)
"""Files that take minutes, the longest first. A worker is given its next file two tests early: one of a single test may not come first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: begun last, one would keep a worker busy while the other waits."""
    place = {f"test_{name}.py": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Under KORDON_REQUIRE=all a skip is a failure: a machine that lacks something must not look green."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("KORDON_REQUIRE") == "all" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"KORDON_REQUIRE=all: skipped, which this machine must not: {report.longrepr}"


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """The one Spark session of the tests: two cores, few tasks, as a small machine has them."""
    os.environ.setdefault("KORDON_SPARK_MEMORY_GB", "3")
    from kordon import jars
    from kordon.spark import session

    with pytest.MonkeyPatch.context() as patch:
        # Where the jars for it are, a test may point the session at a store of its own: see tests/store/conftest.py.
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        spark = session(master="local[2]", app="kordon-tests", quick=True, store=jars.STORE_FOLDER.exists())
    yield spark
    spark.stop()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real input that nobody here wrote; not part of the project."""
    if not SHARED.exists():
        pytest.skip("../shared is not here: the tests on independent input need it")
    return SHARED


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keep a figure that the impact assessment names, in the file of ``KORDON_FIGURES``; without it only the test judges it."""

    def keep(name: str, value: float, *, control: str = "") -> None:
        file = os.environ.get("KORDON_FIGURES")
        if not file:
            return
        from privacy.governance import figures

        with Path(f"{file}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            figures.record(Path(file), name, value, on=dt.date.today(), by=request.node.nodeid, control=control)

    return keep


@pytest.fixture
def spec(spark: Any) -> Callable[..., None]:
    """Run a job's function on a small table and compare with the rows expected; see ``tests/spec/table.py``."""
    from tests.spec.table import check

    def run(function: Callable[..., Any], *, given: Any, then: str, **arguments: Any) -> None:
        check(spark, function, given=given, then=then, **arguments)

    return run


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests."""
    from tests.postgres import programs, server

    if programs() is None:
        pytest.skip("PostgreSQL is not here: `apt-get install postgresql`")
    with server() as url:
        yield url


@pytest.fixture(scope="session")
def minio() -> Iterator[Any]:
    """A MinIO server that lives as long as the tests; a test that stops it starts it again."""
    from tests.minio import PROGRAM, server

    if not PROGRAM.exists():
        pytest.skip("MinIO is not here: `make minio` builds it, with Go")
    with server() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty ledger of either kind; its witness lies below ``tmp_path`` too."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if request.param == "sqlite":
        yield str(tmp_path / "ledger.db")
        return
    import psycopg

    server, name = request.getfixturevalue("postgres"), f"t{os.getpid()}_{abs(hash(request.node.nodeid))}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
