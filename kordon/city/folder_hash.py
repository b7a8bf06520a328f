"""The hash of a city folder: which configuration a run saw."""

import hashlib
import re
from pathlib import Path

# What an editor or a file manager leaves behind.
_LEFTOVER = re.compile(
    r"^(\..*|.*~|#.*#|.*\.(swp|swo|tmp|bak|orig|rej|pyc)|__pycache__|thumbs\.db|desktop\.ini)$", re.IGNORECASE
)
# Demand and road network of the simulated city. They make its files; no step reads them.
_SIMULATOR = re.compile(r"^(simulation\.toml|(simulation|network)([._-].*)?)$")


def is_configuration(relative: Path) -> bool:
    """Whether a file of a city folder can change what a run computes or documents."""
    return not _SIMULATOR.match(relative.parts[0]) and not any(_LEFTOVER.match(part) for part in relative.parts)


def configuration_files(folder: Path) -> list[Path]:
    """Relative paths of the files that count, sorted."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted((path for path in found if is_configuration(path)), key=lambda path: path.as_posix())


def folder_hash(folder: Path) -> str:
    """SHA-256 (hex) over path, length and bytes of every file that counts, in the order of the paths."""
    digest = hashlib.sha256()
    for path in configuration_files(folder):
        data = (folder / path).read_bytes()
        digest.update(f"{path.as_posix()}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        digest.update(data)
    return digest.hexdigest()
