"""What the jobs declare to read and write, read from their source: who schedules them does not import Spark.

Importing all jobs takes 3 s; a DAG file may take 2. A declaration is a literal: ``READS, WRITES = ("core_read",), ("core_passage",)``.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

TASKS = {
    "reads": ("ingest", "repair", "pseudonymise"),
    "movements": ("clocks", "passages", "legs", "trips", "visits"),
    "flows": ("detection", "flows"),
    "quality": ("quality",),
}
"""The tasks of a scheduler and their steps: one Spark application each. Only the first sees plates and keys."""


@dataclass
class Declared:
    """A step and the tables that its jobs read and write."""

    step: str
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Task:
    """A task: its first and last step, what it needs of the lake, what it leaves there."""

    name: str
    first: str
    last: str
    reads: frozenset[str]
    writes: frozenset[str]


def steps(folder: Path | None = None) -> list[Declared]:
    """The steps in pipeline order, as :func:`kordon.chain.steps` has them.

    Args:
        folder: the folder of the jobs, if not the installed one.
    """
    found = []
    for path in sorted((folder or _jobs()).iterdir()):
        prefix, _, name = path.stem.partition("_")
        if not (prefix.startswith("s") and prefix[1:].isdigit()):
            continue
        step = Declared(name)
        for source in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            declared = _declaration(ast.parse(source.read_text(encoding="utf-8")))
            step.reads |= set(declared.get("READS", ()))
            step.writes |= set(declared.get("WRITES", ()))
        found.append(step)
    return found


def tasks() -> list[Task]:
    """The tasks in order, from what their steps declare."""
    by_name = {step.step: step for step in steps()}
    made = []
    for name, members in TASKS.items():
        writes = frozenset().union(*(by_name[step].writes for step in members))
        reads = frozenset().union(*(by_name[step].reads for step in members))
        made.append(Task(name, members[0], members[-1], reads, writes))
    return made


def _jobs() -> Path:
    spec = find_spec("jobs")
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def _declaration(module: ast.Module) -> Mapping[str, tuple[str, ...]]:
    return dict(pair for node in module.body if isinstance(node, ast.Assign) for pair in _pairs(node))


def _pairs(node: ast.Assign) -> Iterator[tuple[str, tuple[str, ...]]]:
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        yield from (pair for one, its in zip(target.elts, value.elts, strict=False) for pair in _pair(one, its))
    else:
        yield from _pair(target, value)


def _pair(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(target, ast.Name) and target.id in ("READS", "WRITES"):
        yield target.id, tuple(ast.literal_eval(value))
