"""TOML files of a city folder, with the line of each fault."""

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kordon.city.problem import Problems, nearest, shown

if TYPE_CHECKING:
    from pydantic import BaseModel

    Model = TypeVar("Model", bound=BaseModel)

_HEADER = re.compile(r"^\s*\[\[?\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_WHAT = {
    "missing": "is missing",
    "too_short": "is empty",
    "string_too_short": "is empty",
    "string_pattern_mismatch": "{value} does not have the form that is needed",
    "string_type": "{value} is not text in quotes",
    "int_type": "{value} is not a whole number",
    "float_type": "{value} is not a number",
    "bool_type": "{value} is neither true nor false",
    "date_type": "{value} is not a date",
    "tuple_type": '{value} is not a list such as ["a", "b"]',
    "dict_type": "{value} is not a table",
    "model_type": "{value} is not a table",
}
_PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")


def read_text(path: Path, *, file: str, problems: Problems) -> str | None:
    """The text of a UTF-8 file, or None after a problem was noted. A byte order mark is dropped."""
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.error(file=file, what=f"cannot be read ({error.strerror})", cure="make it a file that this account may read")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problems.error(file=file, line=line, what="is not UTF-8 text", cure="save the file with encoding UTF-8")
        return None


def read_toml(path: Path, *, file: str, problems: Problems) -> tuple[dict[str, Any], str] | None:
    """The content and the text of a TOML file, or None after a problem was noted."""
    text = read_text(path, file=file, problems=problems)
    if text is None:
        return None
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = int(at.group(1)) if at else text.count("\n") + 1
        what = re.sub(r"\s*\(at .*\)$", "", str(error))
        problems.error(file=file, line=line, what=f"is not TOML: {what}", cure="correct the line; strings need quotes in TOML")
    except (RecursionError, ValueError) as error:
        problems.error(file=file, what=f"is not TOML: {type(error).__name__}", cure="correct the file")
    return None


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The line that sets a key, else the line of the innermost table around it, else None.

    tomllib keeps no positions, so this searches the text; a key inside a multi-line string may mislead it.
    """
    best: tuple[int, int] | None = None
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            here = table = _parts(header.group(1))
        elif key := _KEY.match(line):
            here = table + _parts(key.group(1))
        else:
            continue
        if here == path[: len(here)] and (best is None or len(here) > best[0]):
            best = len(here), number
    return best[1] if best else None


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(text))


def validate(model: "type[Model]", content: dict[str, Any], *, text: str, file: str, problems: Problems) -> "Model | None":
    """The content as a model, or None after every fault was noted with the line where it was found."""
    from pydantic import ValidationError

    try:
        return model.model_validate(content)
    except ValidationError as failure:
        for error in failure.errors(include_url=False, include_context=True, include_input=True):
            path = tuple(str(part) for part in error["loc"] if part != "[key]")
            what, cure = _sentence(error["type"], error, model=model, path=path)
            column = ".".join(path) or None
            problems.error(file=file, line=line_of(text, path), column=column, what=what, cure=cure)
    return None


def _sentence(kind: str, error: Any, *, model: "type[BaseModel]", path: tuple[str, ...]) -> tuple[str, str]:
    meaning = _meaning(model, path)
    cure = f"put here: {meaning}" if meaning else "see docs/engineer/city-folder.md"
    context, value = error.get("ctx", {}), shown(error.get("input"))
    low, high = context.get("ge", context.get("gt")), context.get("le", context.get("lt"))
    if kind == "extra_forbidden":
        what, cure = "is not a key that is known here", f"remove it; {nearest(path[-1], _keys(model, path[:-1]))}"
    elif kind == "literal_error":
        what, cure = f"{value} is not allowed", f"use {context.get('expected', '')}"
    elif low is not None:
        what, cure = f"{value} is too small", f"the floor is {low}: {meaning}"
    elif high is not None:
        what, cure = f"{value} is too large", f"the ceiling is {high}: {meaning}"
    elif kind == "value_error":
        what = str(context.get("error", error["msg"]))
    else:
        what = _WHAT.get(kind, f"{{value}}: {str(error['msg']).lower()}").replace("{value}", value)
    return what, cure


def _field_model(annotation: Any) -> "type[BaseModel] | None":
    from pydantic import BaseModel

    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _keys(model: "type[BaseModel]", path: tuple[str, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(part)
        inner = _field_model(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _meaning(model: "type[BaseModel]", path: tuple[str, ...]) -> str:
    meaning = ""
    for part in path:
        field = model.model_fields.get(part)
        if field is None:
            break
        meaning = field.description or meaning
        inner = _field_model(field.annotation)
        if inner is None:
            break
        model = inner
    return meaning
