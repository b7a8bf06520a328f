"""What a city must have put on record before anything runs."""

import re
from typing import TYPE_CHECKING

from kordon.city.settings import Governance, KeyPolicy
from kordon.errors import ConfigError

if TYPE_CHECKING:
    from kordon.city.city import City

# What a template leaves for the city to fill in.
_PLACEHOLDER = re.compile(r"<.*>|todo\b.*|tbd\b.*|\?+|x{3,}|-+|n/?a", re.IGNORECASE)


def governance_problems(governance: Governance, keys: KeyPolicy) -> list[tuple[tuple[str, str], str, str]]:
    """Why no run may start: (section, key), what is wrong, cure; empty when nothing is."""
    found = []
    for key, name in (("legal_basis", "legal basis"), ("dpia_reference", "reference of an impact assessment (DPIA)")):
        if _is_missing(getattr(governance, key)):
            found.append((("governance", key), f"there is no {name}", f"put it in {key}; nothing runs without it"))
    if governance.source_type == "police":
        found.append(
            (
                ("governance", "source_type"),
                "police cameras may not feed mobility statistics",
                "use cameras that a mobility authority runs itself",
            )
        )
    if keys.period != "service_day" and not keys.dpia_covers_period:
        found.append(
            (
                ("keys", "dpia_covers_period"),
                f"keys last a {keys.period}, longer than a service day, and the DPIA is not said to cover that",
                "set period = 'service_day', or have the DPIA cover it and set dpia_covers_period = true",
            )
        )
    return found


def _is_missing(text: str) -> bool:
    return not text.strip() or _PLACEHOLDER.fullmatch(text.strip()) is not None


def paper_problems(governance: Governance) -> list[tuple[tuple[str, str], str, str]]:
    """What the documents of article 30 and the impact assessment need, and ``[governance]`` does not say: as above."""
    found = [
        (("governance", key), f"does not say {what}", "state it; the register of article 30 needs it")
        for key, what in (
            ("controller", "which body decides on the processing"),
            ("dpo", "who the data protection officer is"),
            ("contact", "whom people can ask"),
        )
        if _is_missing(getattr(governance, key))
    ]
    for key, what in (("purposes", "what the figures are for"), ("recipients", "who receives them")):
        texts = getattr(governance, key)
        if not texts or any(_is_missing(text) for text in texts):
            found.append((("governance", key), f"does not say {what}", "state it; the register of article 30 needs it"))
    return found


def refuse_ungoverned(city: "City") -> None:
    """Stop a run of a city whose processing is not on record.

    Raises:
        ConfigError: no legal basis, no DPIA reference, police cameras, or keys longer than the DPIA covers.
    """
    found = governance_problems(city.governance, city.keys)
    if found:
        lines = (f"  city.toml: {'.'.join(key)}: {what}; {cure}" for key, what, cure in found)
        raise ConfigError("\n".join([f"{city.name} may not be processed:", *lines]))
