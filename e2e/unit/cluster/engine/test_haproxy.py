"""HAProxy stands beside the nodes while it is needed, marked so that it goes with them, and never twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from evenly.cluster.engine.haproxy import Balancer, Server, configuration, started
from evenly.cluster.host import ports as host_ports
from evenly.cluster.host.requirements import LackingError, Requirement
from evenly.process import ProgramError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from evenly.cluster.engine.engine import Engine

HAPROXY = "evenly-run-load-balancer"


@dataclass
class PlayedEngine:
    """Has containers, by name, with their labels; and the configuration that was copied last."""

    containers: dict[str, list[str]] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    config: str = ""
    breaks_at: str = ""

    def docker(self, command: str, *args: str | Path, timeout_s: float) -> str:
        assert timeout_s > 0
        words = [str(arg) for arg in args]
        if command == self.breaks_at:
            raise ProgramError(f"docker {command} ended with exit code 1", "look")
        match command:
            case "create":
                name = words[words.index("--name") + 1]
                assert name not in self.containers
                self.containers[name] = [words[at + 1] for at, word in enumerate(words) if word == "--label"]
            case "cp":
                assert words[1] == f"{HAPROXY}:/usr/local/etc/haproxy/haproxy.cfg"
                assert Path(words[0]).stat().st_mode & 0o004
                self.config = Path(words[0]).read_text(encoding="utf-8")
            case "start":
                self.running.add(words[0])
            case "inspect":
                return "172.18.0.5\n"
            case "ps":
                return "\n".join(name for name in self.containers if f"name=^{name}$" in words)
            case "rm":
                for name in words[2:]:
                    del self.containers[name]
        return ""


@pytest.fixture(autouse=True)
def _port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_ports, "check_balancer_free", lambda: None)


def start(engine: PlayedEngine) -> AbstractContextManager[Balancer]:
    return started("evenly-run", "the configuration", "haproxy:3.0", cast("Engine", engine))


def test_each_node_is_a_server_that_gets_its_turns() -> None:
    config = configuration([Server("a", "172.18.0.2:30000"), Server("b", "172.18.0.3:30000", weight=3)])
    servers = [line.split() for line in config.splitlines() if line.strip().startswith("server")]
    assert servers == [
        ["server", "a", "172.18.0.2:30000", "check", "weight", "1"],
        ["server", "b", "172.18.0.3:30000", "check", "weight", "3"],
    ]
    assert "retries 0 " in config, "a connection that fails is seen, not tried again"


def test_it_runs_with_its_configuration_and_goes_afterwards() -> None:
    engine = PlayedEngine()
    with start(engine) as haproxy:
        assert haproxy == Balancer(HAPROXY, "172.18.0.5", "127.0.0.1:30003")
        assert engine.running == {HAPROXY}
        assert engine.config == "the configuration"
    assert engine.containers == {}


def test_it_is_marked_as_part_of_the_cluster_and_as_no_node_of_it() -> None:
    engine = PlayedEngine()
    with start(engine):
        assert engine.containers[HAPROXY] == [
            "io.x-k8s.kind.cluster=evenly-run",
            "io.x-k8s.kind.role=external-load-balancer",
        ]


@pytest.mark.parametrize("step", ["cp", "start", "inspect"])
def test_one_that_does_not_start_leaves_nothing(step: str) -> None:
    engine = PlayedEngine(breaks_at=step)
    with pytest.raises(ProgramError, match=f"docker {step}"), start(engine):
        pytest.fail("it started")
    assert engine.containers == {}


def test_an_interrupted_test_leaves_nothing() -> None:
    engine = PlayedEngine()
    with pytest.raises(KeyboardInterrupt), start(engine):
        raise KeyboardInterrupt
    assert engine.containers == {}


def test_one_that_a_killed_run_left_makes_room() -> None:
    engine = PlayedEngine(containers={HAPROXY: ["left"], "somebody-else": []})
    with start(engine):
        assert engine.containers[HAPROXY] != ["left"]
    assert set(engine.containers) == {"somebody-else"}


def test_a_taken_port_is_told_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = Requirement("ports", "port 30003 is taken", met=False, remedy="stop it")
    monkeypatch.undo()
    monkeypatch.setattr(
        host_ports, "free", lambda ports: taken if 30003 in ports else pytest.fail("another port was asked for")
    )
    engine = PlayedEngine(breaks_at="create")
    with pytest.raises(LackingError, match="a load balancer needs a port of its own: port 30003 is taken"), start(engine):
        pytest.fail("it started behind a taken port")
