"""What an engine did to the host's packet filter is taken away, and nothing else."""

from pathlib import Path

import pytest

from evenly.offline.engine import host_network
from evenly.offline.engine.host_network import bare_tables, without_docker

# What a machine with a firewall of its own looked like before, and with an engine that has ended.
BEFORE = """\
*filter
:INPUT ACCEPT [10:800]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:mine - [0:0]
-A INPUT -j mine
-A mine -i br-lan -j ACCEPT
COMMIT
"""
AFTER = """\
*filter
:INPUT ACCEPT [22:1900]
:FORWARD DROP [3:180]
:OUTPUT ACCEPT [0:0]
:mine - [0:0]
:meanwhile - [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -j mine
-A INPUT -p tcp -m tcp --dport 22 -j meanwhile
-A FORWARD -j DOCKER-USER
-A FORWARD -o br-709ff96ff5af -j DOCKER
-A FORWARD -i br-709ff96ff5af ! -o br-709ff96ff5af -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-USER -j RETURN
-A mine -i br-lan -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o br-709ff96ff5af -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 30000 -j MASQUERADE
-A DOCKER -d 127.0.0.1/32 -p tcp -m tcp --dport 30000 -j DNAT --to-destination 172.17.0.2:30000
COMMIT
"""


def test_dockers_chains_rules_and_policy_go_and_everything_else_stays() -> None:
    assert (
        without_docker(AFTER, BEFORE)
        == """\
*filter
:INPUT ACCEPT [22:1900]
:FORWARD ACCEPT [3:180]
:OUTPUT ACCEPT [0:0]
:mine - [0:0]
:meanwhile - [0:0]
-A INPUT -j mine
-A INPUT -p tcp -m tcp --dport 22 -j meanwhile
-A mine -i br-lan -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
"""
    )


def test_a_docker_that_was_there_before_stays_whole() -> None:
    assert without_docker(AFTER, AFTER) == AFTER


def test_a_policy_that_was_drop_before_stays_drop() -> None:
    before = BEFORE.replace(":FORWARD ACCEPT", ":FORWARD DROP")
    assert ":FORWARD DROP" in without_docker(AFTER, before)


def test_only_tables_that_do_nothing_are_bare() -> None:
    assert bare_tables(without_docker(AFTER, BEFORE)) == ["nat"]
    assert bare_tables("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n") == []
    assert bare_tables("*filter\n:mine - [0:0]\nCOMMIT\n") == []


def test_what_is_frozen_is_woken_in_containers_and_nowhere_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    frozen, awake, ours = (tmp_path / "freezer" / where for where in ("docker/node/pod", "docker/node/other", "mine"))
    for group, state in ((frozen, "FREEZING\n"), (awake, "THAWED\n"), (ours, "FROZEN\n")):
        group.mkdir(parents=True)
        (group / "freezer.state").write_text(state)
    monkeypatch.setattr(host_network, "CGROUPS", tmp_path)
    host_network.thaw()
    states = [(group / "freezer.state").read_text() for group in (frozen, awake, ours)]
    assert states == ["THAWED", "THAWED\n", "FROZEN\n"]
