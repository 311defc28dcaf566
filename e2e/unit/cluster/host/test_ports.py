"""A port that is taken is noticed before kind is called, and its holder is named."""

import os
import socket
from pathlib import Path

import pytest

from evenly.cluster.host import ports
from evenly.cluster.host.requirements import LackingError, Requirement


def test_each_node_has_a_door_of_its_own() -> None:
    assert ports.of_cluster("x") == {
        "x-control-plane": "127.0.0.1:30000",
        "x-worker": "127.0.0.1:30001",
        "x-worker2": "127.0.0.1:30002",
    }


def test_a_taken_port_is_named_with_the_process_that_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken = ports.free([port])
    assert taken.met is False
    assert f"port {port} of 127.0.0.1 is taken" in taken.found
    if Path("/proc/net/tcp").exists():
        assert f"by process {os.getpid()} (" in taken.found


def test_a_taken_port_ends_in_one_sentence_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "free", lambda: Requirement("ports", "port 30000 is taken", met=False, remedy="stop it"))
    with pytest.raises(LackingError) as caught:
        ports.check_free()
    assert str(caught.value) == ("each node of the cluster needs a port of its own: port 30000 is taken\n  What to do: stop it")


def test_a_port_held_on_all_addresses_is_taken_too() -> None:
    with socket.create_server(("", 0)) as server:
        assert ports.free([server.getsockname()[1]]).met is False


def test_a_port_is_free_again_although_its_last_connection_lingers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # the side that closes first keeps the port in TIME_WAIT
        client.close()
    assert ports.free([port]).met
