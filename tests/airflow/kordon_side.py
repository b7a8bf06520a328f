"""What tests of the release DAGs have Kordon do, in its own environment: stage what then waits, and approve it without Spark.

python -m tests.airflow.kordon_side stage FOLDER
python -m tests.airflow.kordon_side approve RELEASE --by NAME --role ROLE --city DIR --lake URI
"""

import sys
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path

from kordon import cli
from kordon.commands import approve as command
from kordon.days import Day
from privacy.governance import policy
from publication import open_draw
from publication.open_plan import ledger_of, stage
from tests.attack.test_month import BUSY, month_of, trips
from tests.attack.test_suppression_city import cells, small
from tests.offices import DAY, MADE, MARCH, VLIET, counted
from tests.releases import staged

WEEK = [date(2026, 3, 9) + timedelta(days=n) for n in range(7)]
DATASETS = ("dwell_month", "gate_pair_month")
"""Of what a month has, what is planned and drawn soonest."""


def stage_all(below: Path) -> None:
    """A shared week and month of small cities, and plans of a month of Vliet, whose policy ``$XDG_STATE_HOME`` keeps."""
    town = small(seed=6)
    week = cells(town, days=WEEK, vehicles=100, seed=6)
    staged(town, below, cells=week, days=WEEK, said=[], created_at=MADE)
    month_of(trips(BUSY), below)
    in_force = policy.approve(VLIET, by="An Peeters").hash
    out = below / "releases"
    for dataset in DATASETS:
        stage(
            lake=below / "lake",
            city=VLIET,
            dataset=dataset,
            days=MARCH,
            out=out,
            policy=in_force,
            created_at=MADE,
            ledger=ledger_of(VLIET, out=out),
            runs=[Day(day, "complete", "r1", VLIET.config_hash, "0.1.0", {}) for day in MARCH],
            overrides=[],
        )


def approve(words: list[str]) -> None:
    """``kordon approve``, which finds in the lake the cells of a day."""
    found = counted(VLIET, DAY)
    command.opened_lake = lambda *_, **__: nullcontext()
    open_draw.cells_of = lambda _, *, table, **__: found[table.removeprefix("out_").removesuffix("_cell")]
    cli.main(["approve", *words])


if __name__ == "__main__":
    if sys.argv[1] == "stage":
        stage_all(Path(sys.argv[2]))
    else:
        approve(sys.argv[2:])
