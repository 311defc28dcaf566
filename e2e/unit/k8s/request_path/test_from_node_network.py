"""A connection from outside goes by the nodes' own network, and says what came of it."""

import socket
from pathlib import Path

import pytest

from evenly.errors import NotApplicableError
from evenly.k8s.request_path.from_node_network import ACCEPTED, connect, device_of

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
br-kind\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


@pytest.fixture
def routes(tmp_path: Path) -> Path:
    file = tmp_path / "route"
    file.write_text(ROUTES)
    return file


def test_the_device_is_the_one_whose_network_holds_the_node(routes: Path) -> None:
    assert device_of("172.17.0.3", routes) == "br-kind"


def test_a_node_behind_a_gateway_only_is_on_no_network_of_this_machine(routes: Path) -> None:
    with pytest.raises(NotApplicableError, match=r"not applicable, because the nodes' network \(192.168.65.3\)"):
        device_of("192.168.65.3", routes)


def test_what_comes_of_a_connection_is_told_in_the_systems_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert connect(address, "lo") == ACCEPTED
    assert connect(address, "lo") == "Connection refused"
