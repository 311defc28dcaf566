"""A request is sent once the node's rules are ready, and the node is asked before and after it."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s.namespace import Namespace
from evenly.k8s.proxy_rules import iptables, nftables
from evenly.k8s.request_path import trace as tracing
from evenly.k8s.request_path.trace import Entry, trace
from unit.factories import pod

SAVED = (Path(__file__).parents[1] / "proxy_rules").joinpath("iptables-save.txt").read_text()
LISTED = (Path(__file__).parents[1] / "proxy_rules").joinpath("nft-list.txt").read_text()
LATER = SAVED.replace("[5:300]", "[6:360]").replace("[3:180] -A KUBE-SEP", "[4:240] -A KUBE-SEP")  # to 10.244.1.11
OTHERS = "\n".join(line for line in SAVED.splitlines() if "spring-service" not in line)
LINE = (
    "tcp      6 86399 ESTABLISHED src=172.17.0.1 dst=172.17.0.3 sport={} dport=30000 "
    "src=10.244.1.11 dst=172.17.0.3 sport=8080 dport=5422 [ASSURED] mark=0 use=1\n"
)
POD = pod("u", name="backend-app-x", ip="10.244.1.11")
NAMESPACE = Namespace(None, "shop")
ENDPOINTS = frozenset({"10.244.1.10:8080", "10.244.1.11:8080", "10.244.2.10:8080"})


class Node:
    """Plays a node: says the next of what it is to say to each program, and the last one for ever."""

    def __init__(self, **says: list[str]) -> None:
        self.says = says
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, *command: str) -> str:
        self.asked.append(command)
        words = self.says[command[0].replace("-", "_")]
        return words.pop(0) if len(words) > 1 else words[0]


@pytest.fixture(autouse=True)
def endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "addresses", lambda *_: ENDPOINTS)
    monkeypatch.setattr(limits, "RULES_S", 0.2)


@contextmanager
def backend(body: str = json.dumps({"uid": "u", "client": "172.17.0.3"})) -> Iterator[str]:
    class Backend(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Backend) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield "{}:{}".format(*server.server_address)
        server.shutdown()


def entry(address: str, node: Node) -> Entry:
    return Entry("control-plane", address, 30000, node)


def test_a_request_is_traced_by_what_is_new_after_it() -> None:
    node = Node(iptables_save=[SAVED, LATER], conntrack=[LINE.format(1), LINE.format(1) + LINE.format(2)])
    with backend() as address:
        way = trace(NAMESPACE, "spring-service", (POD,), entry(address, node))
    assert (way.ended, way.reason, way.ports) == ("answer", "", (30000, 8081, 8080))
    assert "172.17.0.1:2 -> 172.17.0.3:30000" in way.text


def test_a_node_whose_rules_are_of_nftables_is_asked_for_those() -> None:
    node = Node(iptables_save=["*nat\nCOMMIT\n"], nft=[LISTED], conntrack=["", LINE.format(2)])
    with backend() as address:
        way = trace(NAMESPACE, "spring-service", (POD,), entry(address, node))
    assert (way.ended, way.ports) == ("answer", (30000, 8081, 8080))
    assert {iptables.LIST, nftables.LIST} < set(node.asked)


def test_rules_that_lag_behind_are_waited_for() -> None:
    lagging = SAVED.replace("--to-destination 10.244.1.11:8080", "--to-destination 10.244.1.12:8080")
    node = Node(iptables_save=[OTHERS, lagging, SAVED, LATER], conntrack=["", LINE.format(2)])
    with backend() as address:
        assert trace(NAMESPACE, "spring-service", (POD,), entry(address, node)).ended == "answer"


@pytest.mark.parametrize(("rules", "told"), [(OTHERS, "nowhere"), (LATER.replace("11:8080", "12:8080"), "12:8080")])
def test_rules_that_never_follow_are_told(rules: str, told: str) -> None:
    with pytest.raises(EvenlyError, match=rf"sends port 30000 .*{told}.*not where the EndpointSlices say"):
        trace(NAMESPACE, "spring-service", (POD,), entry("127.0.0.1:1", Node(iptables_save=[rules])))


def test_somebody_elses_connection_at_the_same_time_is_told_and_not_taken_for_ours() -> None:
    node = Node(iptables_save=[SAVED, LATER], conntrack=["", LINE.format(1) + LINE.format(2)])
    with backend() as address, pytest.raises(EvenlyError, match="2 connections came to port 30000 of control-plane"):
        trace(NAMESPACE, "spring-service", (POD,), entry(address, node))


def test_a_refusal_is_tried_again_from_the_node_at_the_pod_that_it_came_to() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*free.getsockname())  # bound, and nobody listens
        words = "bash: connect: Connection refused\nbash: line 1: /dev/tcp/10.244.1.11/8080: Connection refused\n: no answer\n"
        node = Node(iptables_save=[SAVED, LATER], conntrack=[""], bash=[words])
        way = trace(NAMESPACE, "spring-service", (POD,), entry(address, node))
    assert way.ended == "rule"
    assert way.reason == "Connection refused; from the node itself to 10.244.1.11:8080: Connection refused"
    assert [command[-3:] for command in node.asked if command[0] == "bash"] == [("10.244.1.11", "8080", "5")]


@pytest.mark.parametrize("body", ["<html>", "[]", "{}"])
def test_an_answer_that_is_not_the_backends_is_no_answer(body: str) -> None:
    node = Node(iptables_save=[SAVED, LATER], conntrack=["", LINE.format(2)], bash=[": accepted\n"])
    with backend(body) as address:
        way = trace(NAMESPACE, "spring-service", (POD,), entry(address, node))
    assert way.ended == "rule"
    assert way.reason.startswith("no answer of a backend; ")
    assert way.reason.endswith("10.244.1.11:8080: accepted")
