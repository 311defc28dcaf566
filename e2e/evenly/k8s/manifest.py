"""Manifests as files: read, checked, and their images exchanged."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from evenly.errors import EvenlyError

Document = dict[str, Any]
NEEDED = ("apiVersion", "kind", "metadata.name")


def read(path: Path) -> tuple[Document, ...]:
    """Return the Kubernetes objects of a YAML file, in order; at least one.

    Raises EvenlyError when the file is missing, cannot be read, is not YAML, or holds something that is no Kubernetes object
    of the scenario's own namespace.
    """
    try:
        documents = tuple(document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document is not None)
    except FileNotFoundError:
        beside = ", ".join(sorted(p.name for p in path.parent.glob("*.yaml"))) or "none"
        raise EvenlyError(f"there is no manifest {path}", f"name one that is there: {beside}") from None
    except OSError as error:
        raise EvenlyError(f"{path} cannot be read: {error.strerror}", "name a file that you may read") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EvenlyError(f"{path} is not YAML: {error}", "mend the place it names") from None
    if not documents:
        raise EvenlyError(f"{path} holds no Kubernetes object", "put at least one document into it")
    for document in documents:
        if not isinstance(document, dict) or not all(at(document, *field.split(".")) for field in NEEDED):
            raise EvenlyError(f"{path} holds a document without {', '.join(NEEDED)}", "give it all of them")
        if elsewhere := at(document, "metadata", "namespace"):
            raise EvenlyError(
                f"{path} puts {document['kind']} {document['metadata']['name']} into the namespace {elsewhere}",
                "leave metadata.namespace out: each scenario gets a namespace of its own, and takes it away again",
            )
    return documents


def only(documents: Sequence[Document], kind: str, source: str) -> Document:
    """Return the one object of a kind; EvenlyError when there is none or more than one."""
    found = [document for document in documents if document["kind"] == kind]
    if len(found) != 1:
        raise EvenlyError(f"{source} holds {len(found)} objects of kind {kind}, not one", f"leave exactly one {kind} in it")
    return found[0]


def check_way_in(service: Document, node_port: int, source: str) -> None:
    """Raise EvenlyError when a Service is no NodePort at ``node_port``, where the load comes in: none of it would arrive."""
    ports = at(service, "spec", "ports") or []
    open_at = [port.get("nodePort") for port in ports if isinstance(port, dict)]
    if node_port not in open_at:
        has = f"its nodePort is {open_at[0]}" if any(open_at) else "it has no nodePort"
        raise EvenlyError(
            f"the load goes to port {node_port} of the nodes, but Service {service['metadata']['name']} is not there: {has}",
            f"in {source}: type: NodePort and, for its port, nodePort: {node_port}",
        )


def with_image(documents: Sequence[Document], written: str, used: str) -> tuple[Document, ...]:
    """Return the objects with each container image ``written`` replaced by ``used``; the rest is shared, not copied."""
    return tuple(_exchanged(document, written, used) for document in documents)


def at(document: Document, *fields: str) -> Any:  # noqa: ANN401 - YAML is any value
    """Return what stands at a field of a field of a document; None where there is nothing."""
    value: Any = document
    for field in fields:
        value = value.get(field) if isinstance(value, dict) else None
    return value


def _exchanged(value: Any, written: str, used: str) -> Any:  # noqa: ANN401 - YAML is any value
    if isinstance(value, dict):
        return {
            key: used if key == "image" and inner == written else _exchanged(inner, written, used)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_exchanged(inner, written, used) for inner in value]
    return value
