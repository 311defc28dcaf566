"""A load balancer before a cluster's nodes: HAProxy in a container beside them, as kind has before several control planes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.cluster.engine.engine import Engine
from evenly.cluster.host import ports
from evenly.cluster.kind import LABEL, NETWORK

DOCKER_LIMIT_S = 60.0
PORT = 8080  # the Service's own, as it would be outside a cluster
CONFIG = "/usr/local/etc/haproxy/haproxy.cfg"
# kind deletes what has this role with the cluster, and does not take it for a node.
ROLE = "io.x-k8s.kind.role=external-load-balancer"


@dataclass(frozen=True, slots=True)
class Server:
    """A node that gets ``weight`` connections in a round; ``address`` is its own, with the node port."""

    name: str
    address: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer that was started: ``address`` is its own on the nodes' network, ``entry`` is on this machine."""

    name: str
    address: str
    entry: str


def configuration(servers: Sequence[Server]) -> str:
    """Return HAProxy's configuration: the servers get connections in turn, and none is tried again behind the client's back."""
    lines = "\n".join(f"    server {one.name} {one.address} check weight {one.weight}" for one in servers)
    return f"""\
defaults
    mode tcp               # connections as they are, without a look inside
    retries 0              # what fails is for the client to see
    timeout connect 5s
    timeout check 5s
    timeout client 60s
    timeout server 60s

listen nodes
    bind :{PORT}
    balance roundrobin     # in turn, by weight
{lines}
"""


@contextmanager
def started(cluster: str, config: str, image: str, engine: Engine) -> Iterator[Balancer]:
    """Start HAProxy on the network of a cluster's nodes, and remove it afterwards; the end of the cluster removes it, too.

    Raises LackingError when its port is taken, and ProgramError with the engine's words.
    """
    remove(engine, cluster)
    ports.check_balancer_free()
    name, entry = _name(cluster), f"{ports.HOST}:{ports.BALANCER}"
    try:
        engine.docker(
            *("create", "--name", name, "--label", f"{LABEL}={cluster}", "--label", ROLE),
            *("--network", NETWORK, "--publish", f"{entry}:{PORT}", image),
            timeout_s=DOCKER_LIMIT_S,
        )
        with TemporaryDirectory() as folder:
            file = Path(folder, "haproxy.cfg")
            file.write_text(config, encoding="utf-8")
            file.chmod(0o644)  # the official image's HAProxy is not root
            engine.docker("cp", file, f"{name}:{CONFIG}", timeout_s=DOCKER_LIMIT_S)
        engine.docker("start", name, timeout_s=DOCKER_LIMIT_S)
        shown = f"{{{{.NetworkSettings.Networks.{NETWORK}.IPAddress}}}}"
        address = engine.docker("inspect", "--format", shown, name, timeout_s=DOCKER_LIMIT_S).strip()
        yield Balancer(name, address, entry)
    finally:
        remove(engine, cluster)


def remove(engine: Engine, cluster: str) -> None:
    """Remove a cluster's load balancer, where there is one."""
    mine = ("--filter", f"label={ROLE}", "--filter", f"name=^{_name(cluster)}$")
    if found := engine.docker("ps", "--all", "--quiet", *mine, timeout_s=DOCKER_LIMIT_S).split():
        engine.docker("rm", "--force", "--volumes", *found, timeout_s=DOCKER_LIMIT_S)


def _name(cluster: str) -> str:
    return f"{cluster}-load-balancer"
