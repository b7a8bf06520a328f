"""Durations as people write them in a city folder."""

import re

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?|(\d+(?:\.\d+)?) ?(min|h|d)", re.IGNORECASE)


def hours(text: str) -> float:
    """A duration such as ``PT24H``, ``P1D``, ``24h`` or ``15min``, in hours.

    Raises:
        ValueError: the text is no such duration.
    """
    match = _DURATION.fullmatch(text.strip())
    parts = match.groups() if match else ()
    if not any(parts):
        raise ValueError(f"{text!r} is not a duration such as PT24H or 24h")
    if parts[3]:
        return float(parts[3]) * {"min": 1 / 60, "h": 1.0, "d": 24.0}[parts[4].lower()]
    days, hour, minute = (float(part or 0) for part in parts[:3])
    return days * 24 + hour + minute / 60
