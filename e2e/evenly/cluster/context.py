"""The cluster of a kubeconfig's context, found and asked whether it answers."""

from pathlib import Path

from kubernetes.client import CoreV1Api
from kubernetes.config import KUBE_CONFIG_DEFAULT_LOCATION, list_kube_config_contexts
from kubernetes.config.config_exception import ConfigException

from evenly.cluster.api import ANSWER_LIMIT_S, connect, kubernetes_version
from evenly.cluster.foreign_cluster import ForeignCluster
from evenly.cluster.host.ports import NODE_PORT
from evenly.errors import EvenlyError


def foreign_cluster(context: str, kubeconfig: Path | None = None) -> ForeignCluster:
    """Return the cluster of a kubeconfig's context, which is neither created nor deleted.

    Without ``kubeconfig``, that of KUBECONFIG or ~/.kube/config is read. Raises EvenlyError when the context does not
    exist, naming those that do, or when the cluster does not answer.
    """
    path = Path(kubeconfig or KUBE_CONFIG_DEFAULT_LOCATION)
    try:
        contexts, _ = list_kube_config_contexts(str(path))
    except ConfigException as error:
        raise EvenlyError(f"there is no context {context} in {path}: {error}", "name a kubeconfig by KUBECONFIG") from None
    names = sorted(entry["name"] for entry in contexts)
    if context not in names:
        raise EvenlyError(f"there is no context {context} in {path}", f"give one of: {', '.join(names)}")
    api = connect(path, context)
    version = kubernetes_version(api)
    if not version:
        raise EvenlyError(f"the cluster of context {context} does not answer", f"try: kubectl --context {context} get nodes")
    nodes = CoreV1Api(api).list_node(_request_timeout=ANSWER_LIMIT_S).items
    entries = {
        node.metadata.name: f"{address.address}:{NODE_PORT}"
        for node in nodes
        for address in node.status.addresses
        if address.type == "InternalIP"
    }
    description = f"the existing cluster of context {context}, Kubernetes {version}"
    return ForeignCluster(context, path, entries, description, versions={"kubernetes": version})
