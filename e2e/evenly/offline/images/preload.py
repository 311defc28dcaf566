"""Images put into a node's own container store before the node exists, so that no node pulls or loads anything."""

import signal
import time
from collections.abc import Iterable
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import gettempdir

from evenly.cluster.cache.key import key
from evenly.cluster.cache.scratch import scratch
from evenly.process import Program, ProgramError, run, start, stop, tail

START_LIMIT_S = 20.0
IMPORT_LIMIT_S = 120.0
LABEL_LIMIT_S = 10.0
POLL_S = 0.02

# All that would touch the machine instead of the store, and all that would run containers: this daemon runs none.
DISABLED_PLUGINS = (
    *(f"io.containerd.grpc.v1.{name}" for name in ("cri", "sandbox-controllers")),
    *(f"io.containerd.snapshotter.v1.{name}" for name in ("aufs", "blockfile", "btrfs", "devmapper", "zfs")),
    *("io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp"),
)


def preload(archives: Iterable[Path], *, store: Path, programs: Path) -> None:
    """Import image archives into ``store``, the root folder of a containerd that does not run yet.

    ``programs`` is the folder of containerd and ctr. Images are pinned, or a kubelet short of disk would delete them.
    """
    # Not in the cache: a socket's path is short.
    with scratch(Path(gettempdir()) / f"evenly-{key([str(store)])}") as home:
        socket = home / "containerd.sock"
        config = home / "config.toml"
        disabled = ", ".join(f'"{plugin}"' for plugin in DISABLED_PLUGINS)
        config.write_text(
            f'version = 2\nroot = "{store}"\nstate = "{home / "state"}"\ndisabled_plugins = [{disabled}]\n'
            f'[grpc]\n  address = "{socket}"\n'
        )
        with start(programs / "containerd", "--config", config, "--log-level", "warn") as daemon:
            try:
                _await(socket, daemon)
                images = (programs / "ctr", "--address", socket, "--namespace", "k8s.io", "images")
                for archive in archives:
                    run(*images, "import", "--local", "--no-unpack", archive, timeout_s=IMPORT_LIMIT_S)
                for image in run(*images, "list", "--quiet", timeout_s=LABEL_LIMIT_S).split():
                    run(*images, "label", image, "io.cri-containerd.pinned=pinned", timeout_s=LABEL_LIMIT_S)
            finally:
                stop(daemon, signal.SIGTERM)


def _await(socket: Path, daemon: Program) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not socket.exists():
        try:
            daemon.wait(POLL_S)
        except TimeoutExpired:
            if time.monotonic() < deadline:
                continue
        stop(daemon)
        _, stderr = daemon.communicate()
        raise ProgramError(
            f"containerd did not come up within {START_LIMIT_S:g} s{tail(stderr)}",
            "look at the last lines above; they are its own",
            stderr,
        )
