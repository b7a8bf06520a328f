"""One writer per lake: a lock that dies with its process.

A lake in a folder is guarded by an operating-system lock on a file in it, which the kernel releases when the process ends,
however it ends. So a killed run leaves nothing to clean up.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kordon.errors import TryAgain

NAME = "_lease.json"


@contextmanager
def writer(lake: Path) -> Iterator[None]:
    """Hold the lake for one writer.

    Raises:
        TryAgain: another process writes this lake.
    """
    lake.mkdir(parents=True, exist_ok=True)
    with (lake / NAME).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise TryAgain(f"The lake {lake} is being written ({file.read().strip()}): wait for that run to end.") from None
        file.seek(0)
        file.truncate()
        json.dump({"pid": os.getpid(), "host": socket.gethostname()}, file)
        file.flush()
        yield
