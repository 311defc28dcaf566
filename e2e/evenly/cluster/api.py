"""Questions to a cluster's API server: one that exists already, its version, what balances its Services."""

from pathlib import Path

import yaml
from kubernetes.client import ApiClient, Configuration, CoreV1Api, VersionApi
from kubernetes.client.exceptions import ApiException
from kubernetes.config import KUBE_CONFIG_DEFAULT_LOCATION, list_kube_config_contexts, load_kube_config
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from evenly.cluster.cluster import Cluster
from evenly.cluster.host.ports import NODE_PORT
from evenly.errors import EvenlyError

ANSWER_LIMIT_S = 5.0


def existing(context: str, kubeconfig: Path | None = None) -> Cluster:
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
    doors = tuple(
        (node.metadata.name, f"{address.address}:{NODE_PORT}")
        for node in nodes
        for address in node.status.addresses
        if address.type == "InternalIP"
    )
    return Cluster(
        name=context,
        context=context,
        kubeconfig=path,
        doors=doors,
        backend_image="",
        description=f"the existing cluster of context {context}, Kubernetes {version}",
        kept=True,
        versions={"kubernetes": version},
    )


def connect(kubeconfig: Path, context: str, certificates: Path | None = None) -> ApiClient:
    """Return a client for a kubeconfig's context.

    It needs the certificates as files, and takes them away when this process ends; one that is killed leaves them. So those of
    our own clusters go into the folder ``certificates``, which goes with the cluster.
    """
    configuration = Configuration()
    load_kube_config(str(kubeconfig), context, client_configuration=configuration, temp_file_path=certificates)
    return ApiClient(configuration)


def kubernetes_version(api: ApiClient) -> str:
    """Return the version that an API server names, or nothing when it does not answer."""
    api.configuration.retries = False
    try:
        return str(VersionApi(api).get_code(_request_timeout=ANSWER_LIMIT_S).git_version)
    except HTTPError:
        return ""


def data_plane(api: ApiClient) -> str:
    """Return what balances the Services, as people say it: "kube-proxy iptables"."""
    try:
        config = CoreV1Api(api).read_namespaced_config_map("kube-proxy", "kube-system").data["config.conf"]
    except ApiException:
        return "no kube-proxy"
    return "kube-proxy " + str(yaml.safe_load(config).get("mode") or "iptables")  # kube-proxy's own default on Linux
