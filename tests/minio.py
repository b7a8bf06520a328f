"""A MinIO server of the tests' own: the program that `make minio` builds, a temporary folder, a free port of this machine."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

PROGRAM = Path(__file__).resolve().parent.parent / ".cache" / "minio"


@dataclass
class Server:
    """A server that can be stopped and started again on the same folder and port."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    root: Path = field(init=False)
    """The credentials file of its administrator."""

    def __post_init__(self) -> None:
        secret = secrets.token_hex(16)
        self.root = self.folder / "root.credentials"
        self.root.write_text(f"[default]\naws_access_key_id = root-{secret[:8]}\naws_secret_access_key = {secret}\n")
        self.root.chmod(0o600)
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "MINIO_ROOT_USER": f"root-{secret[:8]}",
            "MINIO_ROOT_PASSWORD": secret,
            "MINIO_BROWSER": "off",
            "MINIO_KMS_SECRET_KEY": f"tests:{b64encode(secrets.token_bytes(32)).decode()}",
        }

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = (self.folder / "log").open("ab")
        command = [str(PROGRAM), "server", "--address", f"127.0.0.1:{self.port}", str(self.folder / "data")]
        self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{self.endpoint}/minio/health/live", timeout=1):
                    return
            except (URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def kill(self) -> None:
        """End it as a lost machine would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def _free_port() -> int:
    """A port below those that the kernel hands out: another process would be given a freed one, while a server restarts."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as free:
            if free.connect_ex(("127.0.0.1", port)) != 0:
                return port


@contextmanager
def server() -> Iterator[Server]:
    """A running server that is ended and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="kordon-minio-"))
    made = Server(folder, _free_port())
    try:
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)
