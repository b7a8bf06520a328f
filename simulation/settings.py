"""simulation.toml: what a city's traffic and cameras are like, with overrides laid over it."""

import tomllib
from pathlib import Path
from typing import Any

from kordon.errors import ConfigError, UsageError

Settings = dict[str, Any]


def read_settings(*, city: Path, overrides: Settings | None = None) -> Settings:
    """Read a city's ``simulation.toml`` and lay overrides over it.

    Args:
        city: the city folder.
        overrides: a nested dict shaped like the file; lists are replaced whole.

    Raises:
        ConfigError: the file is missing or is not TOML.
        UsageError: an override names a key that the file does not have.
    """
    path = city / "simulation.toml"
    if not path.is_file():
        raise ConfigError(f"{path}: missing; kordon simulate knows only cities that describe their traffic in it")
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML ({error})") from error
    return _laid_over(below=settings, above=overrides or {}, where="")


def perfect_cameras() -> Settings:
    """Overrides that switch every camera and delivery defect off.

    Each passage is then read exactly once, at the true time, with the true plate, class and country,
    and every file arrives once and on time. Traffic stays as it was.
    """
    return {
        "read": {
            "mean": 1.0,
            "camera_sigma": 0.0,
            "hour_sigma": 0.0,
            "vehicle_sigma": 0.0,
            "rain_shift": 0.0,
            "dirt_a_day": 0.0,
            "night_shift": 0.0,
            "overlap": 0.0,
            "class_shift": dict.fromkeys(("car", "van", "truck", "bus", "motorcycle", "other"), 0.0),
        },
        "plate": {"unread": 0.0, "misread": 0.0, "country_wrong": 0.0, "class_wrong": 0.0, "class_unknown": 0.0},
        "double": {"share": 0.0, "queue_share": 0.0},
        "opposite": {"share": 0.0},
        "phantom": {"share": 0.0},
        "clock": {"offset_sigma_s": 0.0, "wrong_share": 0.0, "drift_sigma_s": 0.0, "step_share": 0.0},
        "outage": {"share": 0.0, "declared": False},
        "delivery": {
            "hourly_share": 0.0,
            "nightly_share": 0.0,
            "line_down_share": 0.0,
            "late_file_share": 0.0,
            "late_20h_share": 0.0,
            "repeated_share": 0.0,
            "garbage": 0.0,
        },
        "faults": {"clocks": [], "dead": []},
    }


def _laid_over(*, below: Settings, above: Settings, where: str) -> Settings:
    merged = dict(below)
    for key, value in above.items():
        name = f"{where}{key}"
        if key not in below:
            raise UsageError(f"override {name}: simulation.toml has no such key; see the keys in that file")
        if isinstance(below[key], dict) and isinstance(value, dict):
            merged[key] = _laid_over(below=below[key], above=value, where=f"{name}.")
        else:
            merged[key] = value
    return merged
