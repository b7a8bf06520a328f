"""The chain of steps, built from what the jobs declare.

A job is a module of ``jobs``: ``READS`` and ``WRITES`` name tables, ``main(run)`` computes. A module ``s05_passages`` is the step
``passages``; a package ``s10_flows`` is a step of several jobs, in waves by what they read of each other.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

from kordon.errors import UsageError


@dataclass(frozen=True)
class Step:
    """One step of the pipeline and its jobs: those of a wave need nothing of each other, and all that earlier waves wrote."""

    name: str
    waves: tuple[tuple[ModuleType, ...], ...]

    @property
    def jobs(self) -> tuple[ModuleType, ...]:
        return tuple(job for wave in self.waves for job in wave)

    @property
    def reads(self) -> set[str]:
        return {name for job in self.jobs for name in job.READS}

    @property
    def writes(self) -> set[str]:
        return {name for job in self.jobs for name in job.WRITES}


def steps() -> tuple[Step, ...]:
    """All steps in pipeline order."""
    package = importlib.import_module("jobs")
    return tuple(_steps(package))


def _steps(package: ModuleType) -> Iterator[Step]:
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
        prefix, _, name = info.name.partition("_")
        if not (prefix.startswith("s") and prefix[1:].isdigit()):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        if info.ispkg:
            inner = pkgutil.iter_modules(module.__path__)
            found = [importlib.import_module(f"{module.__name__}.{i.name}") for i in sorted(inner, key=lambda i: i.name)]
            yield Step(name, tuple(_waves([job for job in found if hasattr(job, "WRITES")])))
        else:
            yield Step(name, ((module,),))


def _waves(jobs: Sequence[ModuleType]) -> Iterator[tuple[ModuleType, ...]]:
    """The jobs of a step so that each runs after those whose tables it reads."""
    waiting = list(jobs)
    while waiting:
        unwritten = {name for job in waiting for name in job.WRITES}
        ready = [job for job in waiting if not unwritten & (set(job.READS) - set(job.WRITES))]
        if not ready:
            raise ValueError(f"jobs read each other's tables in a circle: {[job.__name__ for job in waiting]}")
        yield tuple(ready)
        waiting = [job for job in waiting if job not in ready]


def between_steps(first: str | None, last: str | None) -> tuple[Step, ...]:
    """The steps from one to another, both included.

    Raises:
        UsageError: there is no such step, or the first comes after the last.
    """
    all_steps = steps()
    names = [step.name for step in all_steps]
    for name in (first, last):
        if name is not None and name not in names:
            raise UsageError(f"There is no step '{name}': the steps are {', '.join(names)}.")
    start = names.index(first) if first else 0
    end = names.index(last) if last else len(names) - 1
    if start > end:
        raise UsageError(f"--from {first} comes after --to {last}: the order is {', '.join(names)}.")
    return all_steps[start : end + 1]
