"""A private Docker engine, unpacked into the cache and started there; the machine is left as it was found."""

import json
from collections.abc import Mapping
from pathlib import Path

from evenly.cluster.cache import Cache, remove
from evenly.cluster.offline import daemon, host
from evenly.cluster.offline.engine_programs import engine_programs
from evenly.errors import EvenlyError
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
    return before.exists() and json.loads(before.read_text())["boot"] == host.boot()


def start(cache: Cache, progress: Progress) -> tuple[Path, Mapping[str, str]]:
    """Start the private engine, or find it running, and return its docker command and the environment to reach it.

    What the machine's network looked like before is kept in the cache, for `stop`. Raises EvenlyError with the engine's
    last words when it does not come up.
    """
    programs, tools = engine_programs(cache, progress)
    home = _home(cache)
    socket = home / "docker.sock"
    docker, env = programs / "docker", {"DOCKER_HOST": f"unix://{socket}", "PATH": tools["PATH"]}
    if socket.exists() and _answers(docker, env):
        return docker, env
    if other := host.other_engine():
        raise EvenlyError(
            f"a private Docker engine is needed, but another engine runs already (process {other}) and does not answer here",
            "wait until it answers or ends; if it is evenly's with another cache folder, end it with that one: evenly down",
        )
    if was_started(cache):  # and died; the record tells how it was before
        _end(home)
    else:
        unfinished = home / "before.tmp"
        unfinished.write_text(json.dumps(host.record(tools)))
        unfinished.replace(_before(cache))
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
    if not _answers(docker, env):
        raise daemon.failed("dockerd", home)
    return docker, env


def stop(cache: Cache, progress: Progress) -> None:
    """Stop the private engine with all its containers and put the machine's network back to what it was.

    Does nothing where none was started. One that died is started again first: only it can end the containers it left.
    """
    if not was_started(cache):
        return
    home = _home(cache)
    _, tools = engine_programs(cache, progress)
    try:
        docker, env = start(cache, progress)
        _remove_all(docker, env)
    finally:
        _end(home)
        if not host.other_engine():  # one that came after ours died needs the same chains
            host.restore(json.loads(_before(cache).read_text()), tools)
        _before(cache).unlink()
    remove(home / "run")


def _end(home: Path) -> None:
    for name in ("dockerd", "containerd"):
        daemon.stop(name, home)


def _remove_all(docker: Path, env: Mapping[str, str]) -> None:
    containers = run(docker, "ps", "--all", "--quiet", timeout_s=COMMAND_LIMIT_S, env=env).split()
    if containers:
        run(docker, "rm", "--force", "--volumes", *containers, timeout_s=COMMAND_LIMIT_S, env=env)
    networks = run(docker, "network", "ls", "--quiet", "--filter=type=custom", timeout_s=COMMAND_LIMIT_S, env=env).split()
    if networks:  # the engine leaves their bridges behind
        run(docker, "network", "rm", *networks, timeout_s=COMMAND_LIMIT_S, env=env)


def _before(cache: Cache) -> Path:
    return _home(cache) / "before.json"


def _home(cache: Cache) -> Path:
    home = cache.root / "engine"
    deepest = len(str(home)) + len("/run/containerd.sock.ttrpc")
    if deepest > SOCKET_PATH_LIMIT:
        raise EvenlyError(
            f"the cache folder {cache.root} has too long a path for a socket ({deepest} bytes of {SOCKET_PATH_LIMIT})",
            "name a cache folder with a shorter path",
        )
    home.mkdir(exist_ok=True)
    return home


def _answers(docker: Path, env: Mapping[str, str]) -> bool:
    try:
        run(docker, "version", timeout_s=COMMAND_LIMIT_S, env=env)
    except ProgramError:
        return False
    return True
