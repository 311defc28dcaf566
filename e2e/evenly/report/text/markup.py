"""Sentences with a light mark-up, turned into each form in which they are read: a page, Markdown, plain text."""

import re
import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from markupsafe import Markup

LONGEST_NAME = 80  # characters set as code in a sentence: a pod's name mostly has up to 63, but an answer may say anything
LONGEST_VALUE = 200  # characters of any other value in a sentence, such as the cluster's own words


class Style(Enum):
    """How a span is set."""

    PLAIN = ""
    BOLD = "b"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a sentence."""

    text: str
    style: Style = Style.PLAIN


Text = tuple[Span, ...]

_MARKED = re.compile(r"`(?P<code>[^`]*)`|\*\*(?P<bold>.*?)\*\*|(?P<plain>[^`*]+)")
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&])")


def text(template: str, **values: object) -> Text:
    """Fill a sentence's template: `` `code` `` and ``**bold**`` are marks in the template alone, never in a value.

    ``values`` are formatted as ``str.format`` does, cleaned and cut to a length; a Text is put in as it is.
    """
    spans: list[Span] = []
    for match in _MARKED.finditer(template):
        style = {"code": Style.CODE, "bold": Style.BOLD}.get(str(match.lastgroup), Style.PLAIN)
        for literal, name, spec, _ in string.Formatter().parse(match[str(match.lastgroup)]):
            if literal:
                spans.append(Span(literal, style))
            if name is not None:
                value = values[name]
                spans += (
                    value
                    if isinstance(value, tuple)
                    else [Span(cut(format(value, spec or ""), LONGEST_NAME if style is Style.CODE else LONGEST_VALUE), style)]
                )
    return tuple(spans)


def join(texts: Iterable[Text], last: str = " and ") -> Text:
    """Put sentences' parts into one list: "a, b and c"."""
    parts = list(texts)
    joined: list[Span] = []
    for i, part in enumerate(parts):
        if i:
            joined.append(Span(last if i == len(parts) - 1 else ", "))
        joined += part
    return tuple(joined)


def codes(names: Iterable[str], most: int = 3) -> Text:
    """Set names as code, "a, b and c"; of many the first few and how many more."""
    listed = list(names)
    parts = [text("`{name}`", name=name) for name in listed[:most]]
    if len(listed) > most:
        parts.append(text("{more} more", more=len(listed) - most))
    return join(parts)


def clean(value: str) -> str:
    """Make control, direction and unpaired characters visible, so that no string can disturb what stands around it."""
    return "".join(_visible(c) for c in value) if not value.isprintable() else value


def cut(value: str, longest: int = LONGEST_NAME) -> str:
    """Clean a string and cut it to a number of characters."""
    value = clean(value)
    return value if len(value) <= longest else value[: longest - 1] + "…"


def breakable(name: str) -> Markup:
    """Turn a name into HTML, escaped, that breaks between its words where a line is too short for it."""
    return Markup("_<wbr>").join(clean(name).split("_"))


def html(sentence: Text) -> Markup:
    """Turn a sentence into HTML, escaped."""
    element = {Style.PLAIN: "{}", Style.BOLD: "<b>{}</b>", Style.CODE: "<code>{}</code>"}
    return Markup("").join(Markup(element[span.style]).format(span.text) for span in sentence)  # noqa: S704 - three constants


def markdown(sentence: Text) -> str:
    """Turn a sentence into Markdown, escaped."""
    return "".join(_markdown(span) for span in sentence)


def plain(sentence: Text) -> str:
    """Turn a sentence into plain text, without its marks."""
    return "".join(span.text for span in sentence)


def _markdown(span: Span) -> str:
    if span.style is Style.CODE:
        # A fence longer than any run of backticks inside; a pipe would end a table's cell even in code.
        fence = "`" * (1 + max((len(run) for run in re.findall("`+", span.text)), default=0))
        inner = span.text.replace("|", "\\|")
        return f"{fence} {inner} {fence}" if "`" in inner else f"{fence}{inner}{fence}"
    escaped = _MARKDOWN_SPECIAL.sub(r"\\\1", span.text)
    return f"**{escaped}**" if span.style is Style.BOLD else escaped


def _visible(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" if character < " ":
            return chr(0x2400 + ord(character))
        case "Cc" | "Cf" | "Cs" | "Cn" | "Co" | "Zl" | "Zp":
            return "\N{REPLACEMENT CHARACTER}"
        case _:
            return character
