"""One request, sent through a node and followed to its pod and back."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s.endpoints import addresses
from evenly.k8s.namespace import Namespace
from evenly.k8s.pods import Pod
from evenly.k8s.proxy_rules import reader
from evenly.k8s.proxy_rules.rules import Rules, of_node_port
from evenly.k8s.request_path import conntrack
from evenly.k8s.request_path.path import Path, Seen, path
from evenly.k8s.wait import until

TRY = 'timeout $2 bash -c "exec 3<>/dev/tcp/$0/$1" 2>&1 && echo ": accepted" || echo ": no answer in $2 s"'
"""For bash, which can open a connection without any program; its words about one that fails come first."""

REQUEST = "/keep/trace/1"  # the backend keeps the connection open, so that the node still knows it when it is asked


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a request goes in: a node's name, the address that leads to a port of it, and how to run a command there."""

    node: str
    address: str
    node_port: int
    on_node: Callable[..., str]


def trace(namespace: Namespace, service: str, pods: tuple[Pod, ...], entry: Entry) -> Path:
    """Send one request to a Service and return the way that it took.

    Nothing else may come in there meanwhile: EvenlyError says so when it does, and when the node's rules are not yet
    what the EndpointSlices say after ``limits.RULES_S``.
    """
    before = _settled(namespace, service, entry)
    known = _open(entry)
    host, _, port = entry.address.rpartition(":")
    connection = HTTPConnection(host, int(port), timeout=limits.scaled(limits.ANSWER_S))
    try:
        client, answer, error = _ask(connection)
        opened = _open(entry) - known
    finally:
        connection.close()
    if len(opened) > 1:
        raise EvenlyError(
            f"{len(opened)} connections came to port {entry.node_port} of {entry.node}, where one was sent",
            f"let nothing else use {entry.address} while a request is traced",
        )
    now = _rules(entry)
    seen = Seen(
        client=client,
        entry=entry.address,
        node=entry.node,
        node_port=entry.node_port,
        rules=now.since(before) if now else before,
        tracked=next(iter(opened), None),
        uid=answer.get("uid", ""),
        seen_client=answer.get("client", ""),
        pods=pods,
        error=error,
    )
    return path(seen if seen.uid else replace(seen, tried=_tried(seen.targets, entry)))


def _settled(namespace: Namespace, service: str, entry: Entry) -> Rules:
    """Return the rules of the node port as soon as they are what the EndpointSlices say."""
    rules: Rules | None = None

    def agreed() -> bool:
        nonlocal rules
        rules = _rules(entry)
        return rules is not None and rules.targets.keys() == addresses(namespace, service)

    if not until(agreed, limit_s=limits.RULES_S) or not rules:
        told = f"to {', '.join(rules.targets)}" if rules else "nowhere"
        raise EvenlyError(
            f"after {limits.told(limits.RULES_S)} {entry.node} sends port {entry.node_port} {told}, "
            "not where the EndpointSlices say",
            f"see what kube-proxy says: kubectl -n kube-system logs -l k8s-app=kube-proxy; and: kubectl -n {namespace.name} "
            "get endpointslices",
        )
    return rules


def _rules(entry: Entry) -> Rules | None:
    return of_node_port(reader.read(entry.on_node), entry.node_port)


def _open(entry: Entry) -> frozenset[conntrack.Tracked]:
    return conntrack.tracked(entry.on_node(*conntrack.command(entry.node_port)))


def _ask(connection: HTTPConnection) -> tuple[str, dict[str, str], str]:
    """Return this end's ``host:port``, "" without a connection, and the backend's answer, or an empty one and the error."""
    client = ""
    try:
        connection.connect()
        client = "{}:{}".format(*connection.sock.getsockname()[:2])
        connection.request("GET", REQUEST)
        answer = json.loads(connection.getresponse().read())
        return client, {name: answer[name] for name in ("uid", "client")}, ""
    except OSError as error:
        return client, {}, error.strerror or str(error)
    except (HTTPException, ValueError, KeyError, TypeError):
        return client, {}, "no answer of a backend"


def _tried(targets: Iterable[str], entry: Entry) -> dict[str, str]:
    """Let the node connect to each target, and return what came of it, in a few words."""
    limit_s = f"{limits.scaled(limits.TRY_S):g}"
    said = {at: entry.on_node("bash", "-c", TRY, *at.rsplit(":", 1), limit_s) for at in targets}
    return {at: words.splitlines()[0].rpartition(": ")[2] for at, words in said.items()}
