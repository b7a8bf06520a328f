"""A run that dies at a named point. Used as a program by the kill tests: it patches, runs the command line, and kills itself.

The points: ``in_ingest``, ``between_commits`` and, of a run that begins after ingest, ``before_ops_day``.
"""

import os
import signal
import sys


def _die() -> None:
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main(point: str, arguments: list[str]) -> None:
    from kordon import cli
    from kordon.lake import Lake

    replace = Lake.replace
    done: list[str] = []

    def dying(self: Lake, name: str, *rest: object, **options: object) -> int:
        if point == "in_ingest" and name == "ops_load":
            _die()
        if point == "between_commits" and done and done[-1] == "core_visit":
            _die()
        if point == "before_ops_day" and name == "ops_day":
            _die()
        done.append(name)
        return replace(self, name, *rest, **options)  # type: ignore[arg-type]

    Lake.replace = dying  # type: ignore[method-assign]
    cli.main(arguments)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
