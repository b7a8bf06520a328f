"""The core without Spark: the chain, blocks of days, and the lease."""

import datetime as dt

import pytest

from kordon import chain, lease, pipeline, snapshots
from kordon.days import blocks
from kordon.errors import TryAgain, UsageError
from kordon.tables import TABLES

DAY = dt.date(2026, 3, 10)


def _days(*offsets: int) -> list[dt.date]:
    return [DAY + dt.timedelta(days=n) for n in offsets]


def test_the_chain_is_the_pipeline_in_its_order():
    names = [step.name for step in chain.steps()]
    reads, movements = ["ingest", "repair", "pseudonymise", "clocks"], ["passages", "legs", "trips", "visits"]
    assert names == [*reads, *movements, "detection", "flows", "quality"]


def test_every_table_is_written_by_exactly_one_job_but_reads_whose_time_is_corrected():
    written = [name for step in chain.steps() for job in step.jobs for name in job.WRITES]
    assert {name for name in written if written.count(name) > 1} == {"core_read"}
    # The run itself writes what it found about its steps, and kordon calibrate the snapshots.
    assert set(TABLES) - set(written) == {"ops_reconciliation", "ops_quality", "ops_step", *snapshots.NAMES}


def test_each_step_reads_only_what_an_earlier_one_wrote():
    written = {"ops_reconciliation", "ops_day"}
    for step in chain.steps():
        looked_back = {name for job in step.jobs for name in getattr(job, "LOOK_BACK", {})}
        assert step.reads - step.writes - looked_back - set(snapshots.NAMES) <= written, step.name
        written |= step.writes


def test_a_part_of_the_chain():
    assert [step.name for step in chain.between_steps("legs", "visits")] == ["legs", "trips", "visits"]
    with pytest.raises(UsageError, match="ingest"):
        chain.between_steps("teleport", None)


def test_days_are_cut_where_one_is_missing():
    assert blocks(_days(3, 0, 1, 5)) == [_days(0, 1), _days(3), _days(5)]


def test_a_backfill_is_cut_by_reads_and_not_by_days():
    most = pipeline.READS_PER_BLOCK
    reads = dict(zip(_days(0, 1, 2, 4), [most // 2, most // 2, 1, 2 * most], strict=True))
    assert pipeline._cut_by_reads(_days(0, 1, 2, 4), reads) == [_days(0, 1), _days(2), _days(4)]


def test_a_lake_has_one_writer_at_a_time(tmp_path):
    with lease.writer(tmp_path / "lake"), pytest.raises(TryAgain, match="is being written"), lease.writer(tmp_path / "lake"):
        pass
    with lease.writer(tmp_path / "lake"):
        pass
