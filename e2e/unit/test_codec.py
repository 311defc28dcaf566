"""What is written of a dataclass reads back equal, and what is not one is named with its place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly import codec


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Whole:
    parts: tuple[Part, ...]
    pair: tuple[str, int]
    colour: Colour
    shares: Mapping[str, float]
    nested: dict[str, Part] = field(default_factory=dict)
    maybe: Part | None = None
    on: bool = False


floats = st.floats(allow_nan=False)
parts = st.builds(Part, st.text(), floats)
wholes = st.builds(
    Whole,
    st.lists(parts).map(tuple),
    st.tuples(st.text(), st.integers()),
    st.sampled_from(Colour),
    st.dictionaries(st.text(), floats).map(MappingProxyType),
    st.dictionaries(st.text(), parts),
    st.none() | parts,
    st.booleans(),
)
PLAIN = {"parts": [{"name": "a", "weight": 1}], "pair": ["b", 2], "colour": "red", "shares": {"a": 0.5}}


@given(wholes)
def test_it_reads_back_equal_through_strict_json(whole: Whole) -> None:
    text = json.dumps(codec.encode(whole), allow_nan=False)
    assert codec.decode(Whole, json.loads(text), "whole") == whole


def test_fields_with_defaults_may_be_missing_and_a_whole_number_is_a_float_where_one_is_meant() -> None:
    whole = codec.decode(Whole, PLAIN, "whole")
    assert whole == Whole((Part("a", 1.0),), ("b", 2), Colour.RED, {"a": 0.5})
    assert type(whole.parts[0].weight) is float


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"parts": [{"name": 1}]}, r"whole\.parts\[0\]\.name is int, expected str"),
        ({"parts": [{"weight": 1}]}, r"whole\.parts\[0\] lacks or does not know name"),
        ({"parts": {}}, r"whole\.parts is dict, expected list"),
        ({"pair": ["a"]}, "shorter"),
        ({"colour": "grey"}, "'grey' is not a valid Colour"),
        ({"shares": {"a": "half"}}, r"whole\.shares\.a is str, expected float"),
        ({"shares": {"a": []}}, r"whole\.shares\.a is list, expected float"),
        ({"maybe": "a"}, r"whole\.maybe is str, expected dict"),
        ({"on": 1}, r"whole\.on is int, expected bool"),
        ({"size": 1}, "whole lacks or does not know size"),
    ],
)
def test_what_is_not_one_is_named_with_its_place(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        codec.decode(Whole, PLAIN | wrong, "whole")
