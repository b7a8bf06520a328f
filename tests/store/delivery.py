"""What tests do to a store from outside: deliver as the supplier, look as the administrator, run as a task."""

import os
from pathlib import Path

from minio import Minio
from minio.credentials import AWSConfigProvider

from kordon import objects
from kordon.tables import TABLES

LANDING = "vliet-landing"


def environment(minio, keys: Path, account: str) -> dict[str, str]:
    return {
        **os.environ,
        "AWS_ENDPOINT_URL": minio.endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": str(keys / account),
        "KORDON_SPARK_MEMORY_GB": "2",
    }


def deliver(minio, keys: Path, landing: Path) -> None:
    """Put the files into the landing bucket, as the supplier."""
    client = as_client(minio, keys / "supplier")
    for file in landing.rglob("*"):
        if file.is_file():
            client.fput_object(bucket_name=LANDING, object_name=file.relative_to(landing).as_posix(), file_path=str(file))


def as_client(minio, file: Path) -> Minio:
    server, keys = minio.endpoint.removeprefix("http://"), AWSConfigProvider(str(file))
    return Minio(endpoint=server, credentials=keys, secure=False, region="us-east-1")


class Root:
    """What the administrator sees of the lake."""

    def __init__(self, minio) -> None:
        self.client = as_client(minio, minio.root)

    def objects(self, lake: str, table: str) -> list[str]:
        bucket, prefix = objects.split(f"{objects.at(lake, TABLES[table].zone)}/{table}")
        return [str(o.object_name) for o in self.client.list_objects(bucket_name=bucket, prefix=f"{prefix}/", recursive=True)]

    def lease(self, lake: str) -> str:
        here = objects.below(objects.at(lake, "ops"), "_lease.json")
        with self.client.get_object(bucket_name=here.bucket, object_name=here.key) as answer:
            return answer.read().decode()

    def fetch(self, lake: str, folder: Path) -> None:
        """The lake as a folder."""
        for name, table in TABLES.items():
            bucket, prefix = objects.split(objects.at(lake, table.zone))
            for key in self.objects(lake, name):
                self.client.fget_object(
                    bucket_name=bucket, object_name=key, file_path=str(folder / key.removeprefix(f"{prefix}/"))
                )
