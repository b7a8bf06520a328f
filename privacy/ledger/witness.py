"""A second memory, so that a ledger that was lost or put back from an old backup is not taken for a new one."""

import os
from pathlib import Path

from privacy.ledger.chain import Head


class Witness:
    """A small file of heads, one a line, written after each commit and before anybody acts on it.

    It lies beside an SQLite ledger and on the machine of whoever writes to a PostgreSQL one. Lines are only added: two runs
    that write at once cannot put an older head over a newer one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def heads(self) -> list[Head]:
        """The heads seen; a last line that a crash cut short is not one."""
        if not self.path.exists():
            return []
        parts = [line.split(" ") for line in self.path.read_text().splitlines()]
        return [Head(int(p[0]), p[1]) for p in parts if len(p) == 2 and p[0].isdigit() and len(p[1]) == 64]

    def see(self, head: Head) -> None:
        """Remember a head, on disk before this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # The line break comes first, so that a line that a crash cut short spoils only itself.
            os.write(handle, f"\n{head.seq} {head.hash}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        if new:
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
