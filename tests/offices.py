"""Releases of the open tier of cells in memory, planned and approved, as tests need them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from kordon import audit_log
from kordon.commands.audit import gate
from kordon.days import Day
from privacy.governance import policy
from privacy.open_tier import places_of
from publication.approval import approve
from publication.open_draw import draw_into
from publication.open_plan import ledger_of, stage
from tests.attack.test_suppression_city import vliet
from tests.unit.population import day_cells

DAY = date(2026, 3, 10)
MARCH = [date(2026, 3, 1) + timedelta(days=n) for n in range(31)]
MADE = datetime(2026, 4, 2, 9, tzinfo=UTC)
VLIET = vliet()


def counted(city, day, *, vehicles=4000):
    """The product cells of a day, each vehicle counted once."""
    found = day_cells(places_of(city), day, vehicles=vehicles)
    return {name: table.assign(vehicles=table["bounded"]) for name, table in found.items()}


class Office:
    """A lake, a ledger and a folder of releases below one folder, and what is done with them."""

    def __init__(self, below, exact, city=VLIET):
        self.below, self.exact, self.city = below, exact, city
        self.ledger_url = str(below / "ledger.db")
        policy.approve(self.with_ledger(city), by="An Peeters", folder=below / "policy")

    def with_ledger(self, city):
        return replace(city, dp=city.dp.model_copy(update={"ledger": self.ledger_url}))

    @property
    def ledger(self):
        return ledger_of(self.with_ledger(self.city), out=self.below / "out")

    def plan(self, dataset="od_day", days=(DAY,), *, created_at=MADE, **arguments):
        city = self.with_ledger(self.city)
        return stage(
            lake=self.below / "lake",
            city=city,
            dataset=dataset,
            days=list(days),
            out=self.below / "out",
            policy=policy.require_approved(city, self.below / "policy").hash,
            created_at=created_at,
            ledger=self.ledger,
            runs=[Day(day, "complete", "r1", city.config_hash, "0.1.0", {}) for day in days],
            overrides=[],
            **arguments,
        )

    def approve(self, planned, *, city=None, cells=None, attack=gate, **arguments):
        city = self.with_ledger(city or self.city)
        asked = []

        def read_cells(table, runs):
            asked.append(table)
            given = cells or self.exact
            return given[table.removeprefix("out_").removesuffix("_cell")]

        def fill(staged, work):
            return draw_into(staged, work, city=city, ledger=self.ledger, cells=read_cells, attack=attack, **arguments)

        made = approve(
            planned.path,
            lake=self.below / "lake",
            city=city,
            by="An Peeters",
            role="privacy officer",
            approvals=self.below / "policy",
            fill=fill,
        )
        self.asked = asked
        return made

    @property
    def states(self):
        return [row.state for row in self.ledger.rows()]

    def events(self):
        return [entry["action"] for entry in audit_log.entries(audit_log.of_lake(self.below / "lake"))]
