"""Writes and reads result.json, the record of a run."""

import json
import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from evenly.errors import EvenlyError
from evenly.files import write_whole
from evenly.results.schema import SCHEMA_VERSION, RunRecord

RESULT = "result.json"


def write_result(folder: Path, run: RunRecord) -> Path:
    """Write the record into ``folder`` as result.json, whole or not at all, and return its path.

    Raises EvenlyError when it cannot be written.
    """
    path = folder / RESULT
    write_whole(path, json.dumps(_to_json(run), indent=1, allow_nan=False) + "\n")
    return path


def read_result(folder: Path) -> RunRecord:
    """Read the record that ``write_result`` left in ``folder``.

    Raises EvenlyError when there is none, when it is damaged, and when another version of the schema wrote it.
    """
    path = folder / RESULT
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvenlyError(f"{path} cannot be read ({error.strerror})", "name the folder of a finished run") from None
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    version = tree.get("schema_version") if isinstance(tree, dict) else None
    if version != SCHEMA_VERSION:
        raise EvenlyError(
            f"{path} has schema version {version}; this evenly reads version {SCHEMA_VERSION}",
            "read it with the version of evenly that wrote it, or make the run again",
        )
    try:
        return _from_json(RunRecord, tree, "run")  # type: ignore[no-any-return]  # built by its type
    except (TypeError, ValueError) as error:
        raise _damaged(path, str(error)) from None


def _damaged(path: Path, what: str) -> EvenlyError:
    return EvenlyError(f"{path} is damaged: {what}", "make the run again; a record is not meant to be edited by hand")


def _to_json(value: Any) -> Any:  # noqa: ANN401 - any field of a record
    if is_dataclass(value):
        return {field.name: _to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no infinity; a tally can be one
    return value


def _from_json(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401, PLR0911 - one return for each kind of field
    if get_origin(kind) is types.UnionType:
        return None if value is None else _from_json(get_args(kind)[0], value, where)
    if is_dataclass(kind):
        return _record(kind, _checked(value, dict, where), where)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), _checked(value, list, where), where)
    if get_origin(kind) is dict:
        item = get_args(kind)[1]
        return {key: _from_json(item, v, f"{where}.{key}") for key, v in _checked(value, dict, where).items()}
    if issubclass(kind, Enum):
        return kind(value)
    if kind is float and value in {"inf", "-inf", "nan"}:
        return float(value)
    if kind is float and type(value) is int:
        return float(value)
    return _checked(value, kind, where)


def _record(kind: Any, value: dict[str, Any], where: str) -> Any:  # noqa: ANN401 - any record
    hints = get_type_hints(kind)
    required = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    if wrong := (required - value.keys()) | (value.keys() - hints.keys()):
        raise ValueError(f"{where} lacks or does not know {', '.join(sorted(wrong))}")
    return kind(**{name: _from_json(hints[name], item, f"{where}.{name}") for name, item in value.items()})


def _tuple(kinds: tuple[Any, ...], value: list[Any], where: str) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(_from_json(kinds[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    return tuple(_from_json(kind, item, where) for kind, item in zip(kinds, value, strict=True))


def _checked(value: Any, kind: Any, where: str) -> Any:  # noqa: ANN401 - any field of a record
    if type(value) is not kind:  # exact: a bool is no int here
        raise TypeError(f"{where} is {type(value).__name__}, expected {kind.__name__}")
    return value
