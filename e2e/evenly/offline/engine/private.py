"""A private Docker engine, unpacked into the cache and started there; the machine is left as it was found."""

import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.cluster.cache.disk_errors import remove
from evenly.cluster.host import machine
from evenly.cluster.host.requirements import Requirement, require
from evenly.offline.engine import daemon, host_network
from evenly.offline.engine.programs import engine_programs
from evenly.process import ProgramError, run
from evenly.progress import Progress

COMMAND_LIMIT_S = 60.0
SOCKET_PATH_LIMIT = 107  # bytes; sun_path of unix(7), less the closing zero
CONTAINERD_CONFIG = """\
version = 2
root = "{home}/data/containerd"
state = "{home}/run/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "{home}/run/containerd.sock"
"""


def was_started(cache: Cache) -> bool:
    """Tell whether a private engine was started since the machine was, and not stopped, be it alive or not."""
    before = _before(cache)
    return before.exists() and json.loads(before.read_text())["boot"] == host_network.boot()


def requirements(cache_folder: Path) -> tuple[Requirement, ...]:
    """Tell what a private engine needs of this machine."""
    return (machine.debian(), machine.root(), machine.kernel(), *_room(cache_folder))


def start(cache: Cache, progress: Progress) -> tuple[Path, Mapping[str, str]]:
    """Start the private engine, or find it running, and return its docker command and the environment to reach it.

    What the machine's network looked like before is kept in the cache, for `stop`. Raises EvenlyError with the engine's
    last words when it does not come up.
    """
    programs, tools = engine_programs(cache, progress)
    home = _home(cache)
    home.mkdir(exist_ok=True)
    socket = home / "docker.sock"
    docker, env = programs / "docker", {"DOCKER_HOST": f"unix://{socket}", "PATH": tools["PATH"]}
    if socket.exists() and _answers(docker, env):
        return docker, env
    require("a private Docker engine cannot be started", *_room(cache.root))
    with progress.step("start the private Docker engine", usually_s=2):
        if was_started(cache):  # and died; the record tells how it was before
            _end(home)
        else:
            unfinished = home / "before.tmp"
            unfinished.write_text(json.dumps(host_network.record(tools)))
            unfinished.replace(_before(cache))
        _launch(programs, socket, home, tools)
        if not _answers(docker, env):
            raise daemon.failed("dockerd", home)
    return docker, env


def _launch(programs: Path, socket: Path, home: Path, tools: Mapping[str, str]) -> None:
    # containerd on its own: dockerd would end the one it starts by itself only by the second
    containerd = home / "run" / "containerd.sock"
    containerd.parent.mkdir(exist_ok=True)
    (home / "containerd.toml").write_text(CONTAINERD_CONFIG.format(home=home))
    daemon.start(programs / "containerd", "--config", home / "containerd.toml", socket=containerd, home=home, env=tools)
    (home / "daemon.json").write_text("{}")  # or the machine's own configuration would count
    daemon.start(
        programs / "dockerd",
        *("--config-file", home / "daemon.json", "--data-root", home / "data", "--exec-root", home / "run"),
        *("--pidfile", "", "--host", f"unix://{socket}", "--containerd", containerd, "--userland-proxy=false"),
        "--bridge=none",  # kind makes a network of its own; docker0 would stay behind
        socket=socket,
        home=home,
        env=tools,
    )


def stop(cache: Cache, progress: Progress) -> None:
    """Stop the private engine with all its containers and put the machine's network back to what it was.

    Does nothing where none was started. One that died is started again first: only it can end the containers it left.
    """
    if not was_started(cache):
        return
    home = _home(cache)
    _, tools = engine_programs(cache, progress)
    with progress.step("stop the private Docker engine", usually_s=2):
        try:
            docker, env = start(cache, progress)
            _remove_all(docker, env)
        finally:
            _end(home)
            if not host_network.other_engine():  # one that came after ours died needs the same chains
                host_network.restore(json.loads(_before(cache).read_text()), tools)
            _before(cache).unlink()
        remove(home / "run")


def _room(cache_folder: Path) -> tuple[Requirement, ...]:
    return (_socket_path(cache_folder), _alone())


def _alone() -> Requirement:
    """Tell whether no other engine shares this machine's network: two would take each other's packet rules away."""
    if os.geteuid():
        return Requirement("alone", "whether another engine runs only root can see", met=None)
    other = host_network.other_engine()
    found = f"another engine runs already (process {other})" if other else "no other engine runs"
    remedy = "wait until it answers or ends; if it is evenly's with another cache folder, end it with that one: evenly down"
    return Requirement("alone", found, not other, remedy)


def _socket_path(cache_folder: Path) -> Requirement:
    length = len(str(cache_folder / "engine/run/containerd.sock.ttrpc"))
    found = f"paths below {cache_folder} have up to {length} bytes of {SOCKET_PATH_LIMIT}"
    return Requirement(
        "sockets", found, length <= SOCKET_PATH_LIMIT, "name a cache folder with a shorter path: EVENLY_CACHE=..."
    )


def _end(home: Path) -> None:
    for name in ("dockerd", "containerd"):
        daemon.stop(name, home)


def _remove_all(docker: Path, env: Mapping[str, str]) -> None:
    containers = run(docker, "ps", "--all", "--quiet", timeout_s=COMMAND_LIMIT_S, env=env).split()
    if containers:
        rm = partial(run, docker, "rm", "--force", "--volumes", *containers, timeout_s=COMMAND_LIMIT_S, env=env)
        host_network.thaw()
        try:
            rm()
        except ProgramError:  # it was killed, and what was frozen just then keeps it from ending
            host_network.thaw()
            rm()
    networks = run(docker, "network", "ls", "--quiet", "--filter=type=custom", timeout_s=COMMAND_LIMIT_S, env=env).split()
    if networks:  # the engine leaves their bridges behind
        run(docker, "network", "rm", *networks, timeout_s=COMMAND_LIMIT_S, env=env)


def _before(cache: Cache) -> Path:
    return _home(cache) / "before.json"


def _home(cache: Cache) -> Path:
    return cache.root / "engine"


def _answers(docker: Path, env: Mapping[str, str]) -> bool:
    try:
        run(docker, "version", timeout_s=COMMAND_LIMIT_S, env=env)
    except ProgramError:
        return False
    return True
