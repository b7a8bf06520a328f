"""What a command tells while it works: a line for people, or with ``KORDON_LOG=json`` an object that says of what it is."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

import click

_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039 - never changed, only replaced


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Lines within are about this run, these days, this step."""
    before = _ABOUT.set({**_ABOUT.get(), **ids})
    try:
        yield
    finally:
        _ABOUT.reset(before)


def say(line: str, *, level: str = "info") -> None:
    """Tell it on standard error, so that standard output is the result alone."""
    if os.environ.get("KORDON_LOG") == "json":
        content = {"ts": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, **_ABOUT.get()}
        line = json.dumps({**content, "message": line.strip()}, ensure_ascii=False)
    click.echo(line, err=True)
