"""OpenLineage events of a run: which step read and wrote which tables, when, and whether it ended well. Names and types, no value.

They go where the client's own environment says: a file (``OPENLINEAGE__TRANSPORT__TYPE=file``, ``..._LOG_FILE_PATH``), or a
collector (``OPENLINEAGE_URL``). Without any such variable nothing is sent and the client is not even loaded.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import kordon
from kordon import objects
from kordon.lake import Lake
from kordon.tables import TABLES

if TYPE_CHECKING:
    from kordon.chain import Step

PRODUCER = f"urn:kordon:{kordon.__version__}"


def is_wanted() -> bool:
    """Whether the environment says where events go."""
    return any(name == "OPENLINEAGE_URL" or name.startswith(("OPENLINEAGE_CONFIG", "OPENLINEAGE__")) for name in os.environ)


@contextmanager
def of_step(step: "Step", *, lake: Lake, city: str, run_id: str, progress: Callable[[str], None]) -> Iterator[None]:
    """Tell that a step begins, and how it ended. A collector that is away costs a line of progress and not the run."""
    if not is_wanted():
        yield
        return
    told = _Told(step, lake=lake, city=city, run_id=run_id, progress=progress)
    told.event("START")
    try:
        yield
    except BaseException as error:
        # Its text may quote data.
        told.event("FAIL", error=type(error).__name__)
        raise
    told.event("COMPLETE")


class _Told:
    def __init__(self, step: "Step", *, lake: Lake, city: str, run_id: str, progress: Callable[[str], None]) -> None:
        from openlineage.client import OpenLineageClient
        from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run
        from openlineage.client.facet_v2 import parent_run

        whole = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=_uuid(run_id)), job=parent_run.Job(namespace=f"kordon.{city}", name="run")
        )
        self.progress = progress
        self.client = OpenLineageClient()
        self.run = Run(runId=_uuid(f"{run_id}/{step.name}"), facets={"parent": whole})
        self.job = Job(namespace=f"kordon.{city}", name=step.name)
        self.inputs = [InputDataset(**about) for about in _datasets(lake, step.reads)]
        self.outputs = [OutputDataset(**about) for about in _datasets(lake, step.writes)]

    def event(self, kind: str, *, error: str | None = None) -> None:
        from openlineage.client.event_v2 import RunEvent, RunState
        from openlineage.client.facet_v2 import error_message_run

        if error is not None and self.run.facets is not None:
            self.run.facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
                message=error, programmingLanguage="python"
            )
        try:
            self.client.emit(
                RunEvent(
                    eventType=RunState[kind],
                    eventTime=datetime.now(UTC).isoformat(),
                    run=self.run,
                    job=self.job,
                    inputs=self.inputs,
                    outputs=self.outputs,
                    producer=PRODUCER,
                )
            )
        except Exception as failed:  # whatever the collector's client raises
            self.progress(f"  OpenLineage: the {kind} of {self.job.name} was not sent ({type(failed).__name__})")


def _datasets(lake: Lake, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Tables under the names that OpenLineage gives to folders and to objects of a store."""
    from openlineage.client.facet_v2 import schema_dataset

    for name in sorted(names):
        table, where = TABLES[name], lake.path(name)
        namespace, place = "file", where
        if objects.is_remote(where):
            bucket, place = objects.split(where)
            namespace = f"s3://{bucket}"
        fields = [
            schema_dataset.SchemaDatasetFacetFields(name=column.name, type=column.type, description=column.en)
            for column in table.columns
        ]
        yield {"namespace": namespace, "name": place, "facets": {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)}}


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"kordon:{name}"))
