"""Questions to a cluster's API server: its version, and what balances its Services."""

from pathlib import Path

import yaml
from kubernetes.client import ApiClient, Configuration, CoreV1Api, VersionApi
from kubernetes.client.exceptions import ApiException
from kubernetes.config import load_kube_config
from urllib3.exceptions import HTTPError

ANSWER_LIMIT_S = 5.0


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
