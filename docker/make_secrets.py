"""Makes the stack's secrets: a file each, mode 0600, once. Needs Python alone, since it runs before images are built."""

import json
import os
import secrets
import sys
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path


def contents() -> dict[str, str]:
    """New secrets by the name of their file. A password that several servers know stands in each one's form."""
    user, password = f"root-{secrets.token_hex(4)}", secrets.token_hex(20)
    return {
        "minio-user": user,
        "minio-password": password,
        "minio-credentials": f"[default]\naws_access_key_id = {user}\naws_secret_access_key = {password}\n",
        "minio-kms": f"kordon:{b64encode(secrets.token_bytes(32)).decode()}",
        "pgpass-airflow": f"*:*:airflow:airflow:{secrets.token_hex(20)}\n",
        "pgpass-ledger": f"*:*:ledger:ledger:{secrets.token_hex(20)}\n",
        "airflow-fernet": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "airflow-api": secrets.token_hex(32),
        "airflow-jwt": secrets.token_hex(32),
        "airflow-passwords.json": json.dumps({"admin": secrets.token_urlsafe(16)}),
        "spark": secrets.token_hex(32),
    }


def make(folder: Path) -> None:
    """Write the secrets that are not there yet.

    Raises:
        SystemExit: some of a password's forms are there and some are not.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = contents()
    of_minio = [name for name in ("minio-user", "minio-password", "minio-credentials") if (folder / name).exists()]
    if len(of_minio) in (1, 2):
        sys.exit(f"{folder} has {', '.join(of_minio)} but not the other files of MinIO's password: remove or restore them.")
    for name, content in made.items():
        if not (folder / name).exists():
            with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(content)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 docker/make_secrets.py FOLDER")
    make(Path(sys.argv[1]))
