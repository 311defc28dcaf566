"""Manifests as files: read, checked, and their images exchanged."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from evenly.errors import EvenlyError

Document = dict[str, Any]


def read(path: Path) -> tuple[Document, ...]:
    """Return the Kubernetes objects of a YAML file, in order; at least one.

    Raises EvenlyError when the file is missing, is not YAML, or holds something that is no Kubernetes object.
    """
    try:
        documents = tuple(document for document in yaml.safe_load_all(path.read_text()) if document is not None)
    except FileNotFoundError:
        beside = ", ".join(sorted(p.name for p in path.parent.glob("*.yaml"))) or "none"
        raise EvenlyError(f"there is no manifest {path}", f"name one that is there: {beside}") from None
    except yaml.YAMLError as error:
        raise EvenlyError(f"{path} is not YAML: {error}", "mend the place it names") from None
    if not documents:
        raise EvenlyError(f"{path} holds no Kubernetes object", "put at least one document into it")
    for document in documents:
        if not isinstance(document, dict) or not {"apiVersion", "kind", "metadata"} <= document.keys():
            raise EvenlyError(f"{path} holds a document without apiVersion, kind and metadata", "give it all three")
    return documents


def only(documents: Sequence[Document], kind: str, source: str) -> Document:
    """Return the one object of a kind; EvenlyError when there is none or more than one."""
    found = [document for document in documents if document["kind"] == kind]
    if len(found) != 1:
        raise EvenlyError(f"{source} holds {len(found)} objects of kind {kind}, not one", f"leave exactly one {kind} in it")
    return found[0]


def with_image(documents: Sequence[Document], written: str, used: str) -> tuple[Document, ...]:
    """Return the objects with each container image ``written`` replaced by ``used``; the rest is shared, not copied."""
    return tuple(_exchanged(document, written, used) for document in documents)


def _exchanged(value: Any, written: str, used: str) -> Any:  # noqa: ANN401 - YAML is any value
    if isinstance(value, dict):
        return {
            key: used if key == "image" and inner == written else _exchanged(inner, written, used)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_exchanged(inner, written, used) for inner in value]
    return value
