"""A store with Vliet's buckets and accounts, and who a test acts as."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kordon import jars, s3, store
from kordon.city import load
from kordon.commands.store import accounts, buckets, lake
from tests.e2e.vliet import CITY


@pytest.fixture
def act_as(minio, monkeypatch) -> Callable[[Path], None]:
    """Act with the keys of a file, on the tests' own server."""

    def act(credentials: Path) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", minio.endpoint)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
        monkeypatch.delenv("AWS_PROFILE", raising=False)

    act(minio.root)
    return act


@pytest.fixture(scope="session")
def keys(minio, tmp_path_factory) -> Path:
    """The folder of the accounts' credentials, after `kordon store apply`."""
    folder = tmp_path_factory.mktemp("credentials")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", minio.endpoint)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(minio.root))
        vliet = load(CITY)
        assert store.apply(buckets=buckets(vliet), accounts=accounts(vliet), credentials=folder)
    return folder


@pytest.fixture(scope="session")
def lake_uri() -> str:
    return lake(load(CITY))


@pytest.fixture
def store_spark(spark, act_as) -> Any:
    """The tests' Spark session, pointed at the tests' server; it acts as the administrator."""
    if not jars.STORE_FOLDER.exists():
        pytest.skip("Spark's jars for an object store are not here: `make store-jars`")
    spark._jvm.java.lang.System.setProperty("aws.sharedCredentialsFile", s3.credentials_file())
    for name, value in s3.spark_settings().items():
        spark.sparkContext._jsc.hadoopConfiguration().set(name.removeprefix("spark.hadoop."), value)
    return spark
