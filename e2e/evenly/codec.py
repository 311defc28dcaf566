"""Dataclasses as plain JSON values and back, each checked against its type: for what lies on disk and what processes say."""

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

_NOT_FINITE = {"inf", "-inf", "nan"}


def encode(value: Any) -> Any:  # noqa: ANN401 - any field of a dataclass
    """Return what json can write: a dataclass by its fields' names, an enum as its value, a tuple as a list."""
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no infinity; a tally can be one
    return value


def decode(kind: type[T], value: object, where: str) -> T:
    """Make a ``kind`` of what json read; ``where`` names it in an error.

    Raises TypeError or ValueError, with the place in it, where a field is missing, unknown, or not of its type.
    """
    return _decoded(kind, value, where)  # type: ignore[no-any-return]  # built by its type


def _decoded(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401, PLR0911 - one return for each kind of field
    origin = get_origin(kind)
    if origin is types.UnionType:
        return None if value is None else _decoded(get_args(kind)[0], value, where)
    if is_dataclass(kind):
        return _dataclass(kind, _checked(value, dict, where), where)
    if origin is tuple:
        return _tuple(get_args(kind), _checked(value, list, where), where)
    if origin in {dict, Mapping}:
        item = get_args(kind)[1]
        return {key: _decoded(item, v, f"{where}.{key}") for key, v in _checked(value, dict, where).items()}
    if issubclass(kind, Enum):
        return kind(value)
    if kind is float and (type(value) is int or (type(value) is str and value in _NOT_FINITE)):
        return float(value)
    return _checked(value, kind, where)


def _dataclass(kind: Any, value: dict[str, Any], where: str) -> Any:  # noqa: ANN401 - any dataclass
    hints, required = _fields(kind)
    if wrong := (required - value.keys()) | (value.keys() - hints.keys()):
        raise ValueError(f"{where} lacks or does not know {', '.join(sorted(wrong))}")
    return kind(**{name: _decoded(hints[name], item, f"{where}.{name}") for name, item in value.items()})


@cache
def _fields(kind: Any) -> tuple[dict[str, Any], set[str]]:  # noqa: ANN401 - any dataclass
    """Return the types of all fields, and the names of those that have no default."""
    required = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}
    return get_type_hints(kind), required


def _tuple(kinds: tuple[Any, ...], value: list[Any], where: str) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(_decoded(kinds[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    return tuple(_decoded(kind, item, where) for kind, item in zip(kinds, value, strict=True))


def _checked(value: Any, kind: Any, where: str) -> Any:  # noqa: ANN401 - any field of a dataclass
    if type(value) is not kind:  # exact: a bool is no int here
        raise TypeError(f"{where} is {type(value).__name__}, expected {kind.__name__}")
    return value
