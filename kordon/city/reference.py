"""The tables of ``docs/engineer/city-folder.md`` that follow from the settings: key, default, bounds, meaning."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

_BOUNDS = (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))


def table_of(model: "type[BaseModel]") -> str:
    """A Markdown table with a row for each key of a section; keys that are tables of their own are left out."""
    from pydantic import BaseModel

    lines = ["| key | default | meaning |", "|---|---|---|"]
    for key, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            continue
        lines.append(f"| `{key}` | {_default(field)} | {_meaning(field)} |")
    return "\n".join(lines)


def _default(field: "FieldInfo") -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    return "none" if value is None else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{}"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def _meaning(field: "FieldInfo") -> str:
    limits = [f"{word} {getattr(item, name):g}" for item in field.metadata for name, word in _BOUNDS if hasattr(item, name)]
    return "; ".join([field.description or "", *limits]).replace("<", "&lt;")
