"""Writes and reads result.json, the record of a run."""

import json
from pathlib import Path

from evenly import codec
from evenly.errors import EvenlyError
from evenly.files import write_whole
from evenly.results.schema import SCHEMA_VERSION, RunRecord

RESULT = "result.json"


EVIDENCE = "evidence"
"""The folder, in a run's own, where each load leaves its files, in one of its name."""


def write_result(folder: Path, run: RunRecord) -> Path:
    """Write the record into ``folder`` as result.json, whole or not at all, and return its path.

    Raises EvenlyError when it cannot be written.
    """
    path = folder / RESULT
    write_whole(path, json.dumps(codec.encode(run), indent=1, allow_nan=False) + "\n")
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
        return codec.decode(RunRecord, tree, "run")
    except (TypeError, ValueError) as error:
        raise _damaged(path, str(error)) from None


def _damaged(path: Path, what: str) -> EvenlyError:
    return EvenlyError(f"{path} is damaged: {what}", "make the run again; a record is not meant to be edited by hand")
