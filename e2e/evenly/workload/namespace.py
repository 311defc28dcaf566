"""A namespace of our own: objects put into it, strictly, and taken away with it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.client.exceptions import ApiException
from kubernetes.utils import FailToCreateError, create_from_dict

from evenly.errors import EvenlyError
from evenly.workload.manifest import Document
from evenly.workload.wait import until

MANAGED_BY = {"app.kubernetes.io/managed-by": "evenly"}
RUN_LABEL = "evenly/run"
NAME_LENGTH_LIMIT = 63  # Kubernetes' own
SERVICE_GONE_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace and the way to its API server."""

    api: ApiClient
    name: str


def create(api: ApiClient, run_id: str, purpose: str) -> Namespace:
    """Make a namespace that is labelled as this run's own and named after its purpose."""
    words = re.sub("[^a-z0-9]+", "-", f"evenly-{run_id.rpartition('-')[2]}-{purpose.lower()}")
    name = words[:NAME_LENGTH_LIMIT].strip("-")
    CoreV1Api(api).create_namespace({"metadata": {"name": name, "labels": {**MANAGED_BY, RUN_LABEL: run_id}}})
    return Namespace(api, name)


def apply(documents: Sequence[Document], namespace: Namespace) -> None:
    """Create objects in a namespace; an unknown or doubled field is an error, as with kubectl.

    The API server's default for other clients is to warn and go on, which turns a typo into a silently different object.
    Raises EvenlyError with the API server's own words.
    """
    for document in documents:
        try:
            create_from_dict(namespace.api, document, namespace=namespace.name, field_validation="Strict")
        except FailToCreateError as error:
            name = f"{document['kind']} {document['metadata'].get('name', '')}"
            words = "; ".join(_words(refusal) for refusal in error.api_exceptions)
            raise EvenlyError(f"the API server refuses {name}: {words}", "correct the manifest where it says") from None


def service_policies(name: str, namespace: Namespace) -> dict[str, str]:
    """Return a Service's own words for session_affinity and external_traffic_policy; "" for one that it does not have."""
    spec = CoreV1Api(namespace.api).read_namespaced_service(name, namespace.name).spec
    return {
        "session_affinity": spec.session_affinity or "",
        "external_traffic_policy": spec.external_traffic_policy or "",
    }


def delete_service(name: str, namespace: Namespace) -> None:
    """Delete a Service and wait until it is gone, so that the node port it held is free again."""
    core = CoreV1Api(namespace.api)

    def gone() -> bool:
        try:
            core.read_namespaced_service(name, namespace.name)
        except ApiException as error:
            return _is_missing(error)
        return False

    try:
        core.delete_namespaced_service(name, namespace.name)
    except ApiException as error:
        if not _is_missing(error):
            raise
    if not until(gone, limit_s=SERVICE_GONE_LIMIT_S):
        raise EvenlyError(
            f"Service {namespace.name}/{name} is still there after {SERVICE_GONE_LIMIT_S:g} s",
            f"look at its finalizers: kubectl -n {namespace.name} get service {name} -o yaml",
        )


def delete(namespace: Namespace) -> None:
    """Ask for a namespace's deletion, which goes on in the background."""
    CoreV1Api(namespace.api).delete_namespace(namespace.name)


def _words(refusal: ApiException) -> str:
    try:
        body: dict[str, Any] = json.loads(refusal.body)
    except (TypeError, ValueError):
        return str(refusal.reason)
    return str(body.get("message", refusal.reason))


def _is_missing(error: ApiException) -> bool:
    return bool(error.status == 404)  # noqa: PLR2004 - HTTP's own number
