"""How a node's own rules choose a pod for a connection to a Service: read from the node, and changed there by hand."""

from functools import partial

from evenly.errors import EvenlyError
from evenly.k8s.node_access import NodeAccess
from evenly.k8s.proxy_rules import reader
from evenly.k8s.proxy_rules.rules import Choice, of_service


def read(access: NodeAccess, node: str, namespace: str, service: str, port: str) -> Choice | None:
    """Return a node's choice for the Service's port of this name, in either mode of kube-proxy; None where there is none."""
    try:
        rules = of_service(reader.read(partial(access.exec, node)), namespace, service, port)
    except reader.NoRulesError:
        return None
    return rules.choice if rules else None


def change(access: NodeAccess, node: str, choice: Choice | None, chance: float) -> str:
    """Give the first address of a node's choice another chance, 0 to take it out, and return it.

    kube-proxy does not look at what it has written until the Service changes, or its endpoints do. Raises EvenlyError where
    there is nothing to choose between.
    """
    if choice is None or len(choice.shares) == 1:
        raise EvenlyError(
            f"{node} has no rules that choose between pods of the Service by chance",
            "have two pods or more behind it, and neither session affinity nor a balancer in kube-proxy's place",
        )
    access.exec(node, *choice.change(chance))
    return choice.first
