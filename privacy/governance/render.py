"""From templates to Markdown, and from Markdown to pages that open anywhere.

Values are escaped as they are put in, so that a name in ``city.toml`` can break no table and bring no markup.
"""

import re
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt

TEMPLATES = Path(__file__).with_name("templates")
LANGUAGES = ("en", "nl")
_MARKUP = re.compile(r"([\\`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|^(?:#+|[-+=]+|\d+[.)])(?=\s|$))")

_LINES = re.compile(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+\s*")


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def escaped(value: object) -> object:
    """A value as Markdown shows it literally; numbers and Markdown stay as they are."""
    if not isinstance(value, str) or isinstance(value, Markdown | jinja2.runtime.Macro):
        return value
    return Markdown(_MARKUP.sub(_with_backslash, _LINES.sub(" ", value)))


def _with_backslash(found: re.Match[str]) -> str:
    """A backslash before the mark; before the last character of a list number or a run of signs."""
    mark = found.group(1)
    return f"{mark[:-1]}\\{mark[-1]}" if mark[0].isdigit() else "".join(f"\\{sign}" for sign in mark)


def code(value: str) -> Markdown:
    """A value in the type of programs; a backtick in it would end that."""
    return Markdown("`" + " ".join(value.split()).replace("`", "'").replace("|", "\\|") + "`")


def number(value: float, language: str) -> str:
    """A number as the language writes it, without zeros that say nothing."""
    text = f"{value:,.3f}".rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,")) if language == "nl" else text


def markdown(template: str, **values: Any) -> str:
    """A Markdown document.

    Args:
        template: its file name below ``templates``.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - this is Markdown: `escaped` does it, and the page below takes no HTML from it
        finalize=escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"code": code, "number": number}
    return environment.get_template(template).render(**values)


def html(text: str, *, language: str, title: str, others: list[tuple[str, str]]) -> str:
    """A page of a Markdown document, with links to others.

    Args:
        others: address and name of each link above the text.
    """
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    # Markdown has no table without a head: one of two empty cells is a list of facts.
    body = re.sub(r"<thead>\s*<tr>\s*(?:<th></th>\s*)+</tr>\s*</thead>", "", body)
    body = re.sub(r"(<table>.*?</table>)", r'<div class="wide">\1</div>', body, flags=re.DOTALL)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string((TEMPLATES / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(language=language, title=title, body=body, others=others)
