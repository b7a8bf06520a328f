"""What a failure of Spark says when the store is behind it; and URIs of a lake whose zones are buckets."""

from types import SimpleNamespace

import pytest

from kordon import objects, s3
from kordon.errors import ConfigError, TryAgain
from kordon.lake import Lake


def failure(*chain: str) -> Exception:
    """An error of Py4J with Java's throwables behind it, outermost first."""
    thrown = None
    for said in reversed(chain):
        thrown = SimpleNamespace(toString=lambda said=said: said, getCause=lambda cause=thrown: cause)
    error = RuntimeError("An error occurred while calling o1.save.")
    error.java_exception = thrown
    return error


@pytest.mark.parametrize(
    ("chain", "kind"),
    [
        (("org.apache.spark.SparkException: Job aborted: org.apache.hadoop.fs.s3a.AWSClientIOException: put",), TryAgain),
        (("java.io.IOException: x", "software.amazon.awssdk.core.exception.SdkClientException: Connection refused"), TryAgain),
        (("org.apache.hadoop.fs.s3a.AWSStatus500Exception: put on s3a://b/k",), TryAgain),
        (
            ("java.nio.file.AccessDeniedException: s3a://b/k", "software.amazon.awssdk.services.s3.model.S3Exception: x"),
            ConfigError,
        ),
        (("org.apache.spark.SparkArithmeticException: overflow",), None),
        (("java.net.ConnectException: the database of somebody else",), None),
    ],
)
def test_a_failure_of_the_store_is_told_from_a_bug(monkeypatch, chain, kind):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example")
    found = s3.refusal(failure(*chain))
    assert (type(found) if found else None) is kind
    assert s3.refusal(RuntimeError("x")) is None


def test_each_table_stands_in_the_bucket_of_its_zone_and_without_zones_in_one():
    lake = Lake(None, "s3a://vliet-{zone}/lake/")
    assert lake.path("raw_read") == "s3a://vliet-raw/lake/raw_read"
    assert lake.path("core_trip") == "s3a://vliet-closed-vehicles/lake/core_trip"
    assert lake.path("flow_od_hour") == "s3a://vliet-closed-counts/lake/flow_od_hour"
    assert lake.path("ops_day") == "s3a://vliet-ops/lake/ops_day"
    assert Lake(None, "s3a://one/lake").path("ops_day") == "s3a://one/lake/ops_day"


def test_a_uri_without_a_bucket_and_an_environment_without_a_store_are_refused(monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="names no bucket"):
        objects.split("s3a://")
    with pytest.raises(ConfigError, match="AWS_ENDPOINT_URL"):
        s3.endpoint()
