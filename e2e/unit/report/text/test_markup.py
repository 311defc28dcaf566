"""Marks are the template's; values are shown as they are, whatever they hold."""

import pytest

from evenly.report.text.markup import Span, Style, breakable, clean, codes, html, join, markdown, plain, text

HOSTILE = '<script>alert("1")</script>`code` **bold** {name} | \x1b[31m\u202e\ud800'


def test_a_template_makes_code_and_bold() -> None:
    sentence = text("**Certain.** `{pod}` got {n:,}.", pod="web-0", n=1234)
    assert sentence == (
        Span("Certain.", Style.BOLD),
        Span(" "),
        Span("web-0", Style.CODE),
        Span(" got "),
        Span("1,234"),
        Span("."),
    )


def test_each_form_has_its_own_marks() -> None:
    sentence = text("**Certain.** `{pod}` & more", pod="a<b")
    assert html(sentence) == "<b>Certain.</b> <code>a&lt;b</code> &amp; more"
    assert markdown(sentence) == r"**Certain.** `a<b` \& more"
    assert plain(sentence) == "Certain. a<b & more"


def test_a_values_own_marks_are_not_read() -> None:
    sentence = text("It is {value}.", value=HOSTILE)
    assert [span.style for span in sentence] == [Style.PLAIN] * 3
    assert "<" not in html(sentence)
    assert r"\<script\>" in markdown(sentence)
    assert r"\*\*bold\*\*" in markdown(sentence)
    plain(sentence).encode()  # no half of a pair is left


def test_code_in_markdown_cannot_be_closed_from_inside() -> None:
    assert markdown(text("`{value}`", value="a``b|c")) == "``` a``b\\|c ```"


def test_control_and_direction_characters_become_visible() -> None:
    assert clean("a\nb\x1b\x00c\x7f\u202ed\u2028") == "a␊b␛␀c�" + "�d�"
    assert clean("plain é ü 漢字") == "plain é ü 漢字"


@pytest.mark.parametrize(("template", "longest"), [("`{value}`", 80), ("{value}", 200)])
def test_a_long_value_is_cut(template: str, longest: int) -> None:
    shown = plain(text(template, value="A" * 1000))
    assert len(shown) == longest
    assert shown.endswith("A…")


def test_lists_are_joined_as_people_do() -> None:
    assert plain(codes(["a"])) == "a"
    assert plain(codes(["a", "b"])) == "a and b"
    assert plain(codes(["a", "b", "c", "d", "e"])) == "a, b, c and 2 more"
    assert plain(join([text("x"), text("y"), text("z")], last=", ")) == "x, y, z"
    assert join([]) == ()


def test_a_sentence_can_stand_in_another() -> None:
    assert html(text("{inner} done", inner=text("`{x}`", x="a"))) == "<code>a</code> done"


def test_a_name_breaks_between_its_words_and_is_escaped() -> None:
    assert breakable("three_pods_<b>") == "three_<wbr>pods_<wbr>&lt;b&gt;"
