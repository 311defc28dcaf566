"""A namespace of our own: objects put into it, strictly, and taken away with it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from kubernetes.client import ApiClient, CoreV1Api, V1ObjectMeta
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError, ResourceNotFoundError, ResourceNotUniqueError

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s.manifest import Document
from evenly.k8s.wait import until

MANAGED_BY = {"app.kubernetes.io/managed-by": "evenly"}
RUN_LABEL = "evenly/run"
NAME_LENGTH_LIMIT = 63  # Kubernetes' own


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
    Raises EvenlyError with the API server's own words, and for an object that would outlive the namespace.
    """
    with TemporaryDirectory() as folder:  # the client keeps what it learns of the API in a file
        client = DynamicClient(namespace.api, cache_file=f"{folder}/resources.json")
        for document in documents:
            name = f"{document['kind']} {document['metadata']['name']}"
            try:
                resource = client.resources.get(api_version=document["apiVersion"], kind=document["kind"])
                if not resource.namespaced:
                    raise EvenlyError(
                        f"{name} is of no namespace, and would stay behind", "leave it out, and apply it yourself"
                    )
                resource.create(document, namespace=namespace.name, query_params=[("fieldValidation", "Strict")])
            except (ResourceNotFoundError, ResourceNotUniqueError):
                known = "see the kinds that there are: kubectl api-resources"
                raise EvenlyError(f"{name} is of no known kind in {document['apiVersion']}", known) from None
            except DynamicApiError as refusal:
                words = _words(refusal)
                raise EvenlyError(f"the API server refuses {name}: {words}", _remedy(namespace.api, words)) from None


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
    if not until(gone, limit_s=limits.SERVICE_GONE_S):
        raise EvenlyError(
            f"Service {namespace.name}/{name} is still there after {limits.told(limits.SERVICE_GONE_S)}",
            f"look at its finalizers: kubectl -n {namespace.name} get service {name} -o yaml",
        )


def of_earlier_runs(api: ApiClient) -> list[Namespace]:
    """Return the namespaces that evenly made in this cluster, but for those that are going already."""
    mine = ",".join(f"{label}={value}" for label, value in MANAGED_BY.items())
    found = CoreV1Api(api).list_namespace(label_selector=mine).items
    return [Namespace(api, item.metadata.name) for item in found if not item.metadata.deletion_timestamp]


def take_away(namespace: Namespace) -> None:
    """Delete a namespace's Services, wait until their node ports are free again, and ask for the namespace's deletion."""
    for service in CoreV1Api(namespace.api).list_namespaced_service(namespace.name).items:
        delete_service(service.metadata.name, namespace)
    delete(namespace)


def delete(namespace: Namespace) -> None:
    """Ask for a namespace's deletion, which goes on in the background."""
    CoreV1Api(namespace.api).delete_namespace(namespace.name)


def _remedy(api: ApiClient, words: str) -> str:
    taken = re.search(r"(\d+): provided port is already allocated", words)
    holder = _holder(api, int(taken[1])) if taken else None
    if not holder:
        return "correct the manifest where it says"
    return (
        f"Service {holder.namespace}/{holder.name} has that node port: give one of them another; "
        f"if it is a run's that was killed: kubectl delete namespace {holder.namespace}"
    )


def _holder(api: ApiClient, node_port: int) -> V1ObjectMeta | None:
    for service in CoreV1Api(api).list_service_for_all_namespaces().items:
        if any(port.node_port == node_port for port in service.spec.ports or []):
            return service.metadata
    return None


def _words(refusal: DynamicApiError) -> str:
    try:
        body: dict[str, Any] = json.loads(refusal.body)
    except (TypeError, ValueError):
        return str(refusal.reason)
    return str(body.get("message", refusal.reason))


def _is_missing(error: ApiException) -> bool:
    return bool(error.status == 404)  # noqa: PLR2004 - HTTP's own number
