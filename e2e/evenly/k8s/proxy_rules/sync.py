"""Whether nodes' rules hold what the API server has said by now: an endpoint that it tells of last is in them."""

from collections.abc import Callable, Sequence
from functools import partial

from kubernetes.client import CoreV1Api, DiscoveryV1Api

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s.namespace import Namespace
from evenly.k8s.node_access import NodeAccess
from evenly.k8s.proxy_rules import reader
from evenly.k8s.proxy_rules.rules import of_service
from evenly.k8s.wait import until

NOWHERE = "192.0.2.1"
"""An address for documentation (RFC 5737): nobody has it, and nobody is sent there."""

PORT = 9


def await_rules(namespace: Namespace, access: NodeAccess, nodes: Sequence[str]) -> None:
    """Wait until the rules of these nodes hold all changes of endpoints until now; raises EvenlyError after the limit.

    Where the rules cannot be read, it returns at once. What pods answer does not tell: old rules and new ones may lead to the
    same pods, with others written in between. A Service without pods is made for this, with an endpoint of its own. kube-proxy
    hears of endpoints in order, and writes what it has heard as a whole: rules that know this one know everything before it.
    """
    if not access.rules_are_read:
        return
    core, discovery = CoreV1Api(namespace.api), DiscoveryV1Api(namespace.api)
    body = {"metadata": {"generateName": "proxy-sync-"}, "spec": {"ports": [{"port": PORT}]}}
    name = core.create_namespaced_service(namespace.name, body).metadata.name
    try:
        discovery.create_namespaced_endpoint_slice(
            namespace.name,
            {
                "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
                "addressType": "IPv4",
                "ports": [{"port": PORT}],
                "endpoints": [{"addresses": [NOWHERE]}],
            },
        )
        for node in nodes:
            if not until(partial(_knows, namespace.name, name, partial(access.exec, node)), limit_s=limits.RULES_S):
                raise EvenlyError(
                    f"the rules of {node} do not yet hold what the API server said {limits.told(limits.RULES_S)} ago",
                    "see what kube-proxy says: kubectl -n kube-system logs -l k8s-app=kube-proxy",
                )
    finally:
        core.delete_namespaced_service(name, namespace.name)


def _knows(namespace: str, name: str, on_node: Callable[..., str]) -> bool:
    rules = of_service(reader.read(on_node), namespace, name)
    return rules is not None and f"{NOWHERE}:{PORT}" in rules.targets
