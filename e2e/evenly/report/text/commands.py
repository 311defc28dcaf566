"""Commands to copy, safe in a shell whatever the names in them."""

import shlex

from evenly.report.text.markup import clean


def kubectl(namespace: str, *words: str) -> str:
    """Write a kubectl command for one namespace."""
    return shlex.join(["kubectl", "-n", clean(namespace), *map(clean, words)])


def renew_rules(node: str) -> str:
    """Have kube-proxy write its rules anew on one node; on all where ``node`` is ""."""
    where = [f"--field-selector=spec.nodeName={node}"] if node else []
    return kubectl("kube-system", "delete", "pod", "-l", "k8s-app=kube-proxy", *where)
