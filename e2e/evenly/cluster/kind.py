"""A kind cluster: pytest-kind's, within time limits, and never somebody else's."""

import os
import shutil
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import pykube
import yaml
from pytest_kind import KindCluster
from pytest_kind.cluster import KUBECTL_VERSION

from evenly.errors import EvenlyError
from evenly.process import ProgramError, run
from evenly.settings import ProxyMode

CREATE_LIMIT_S = 300.0  # 17 to 24 s on two cores; minutes where the disk is slow
DELETE_LIMIT_S = 60.0
LOAD_LIMIT_S = 120.0
LIST_LIMIT_S = 20.0
KUBECTL_LIMIT_S = 60.0
NODE_LIMIT_S = 20.0  # of a command on a node, which takes 0.1 s to begin
KUBECTL_WITHOUT_CACHE = {"KUBECACHEDIR": os.devnull}  # else it would leave what it learns of the API in ~/.kube
LABEL = "io.x-k8s.kind.cluster"  # on each node; see pkg/cluster/internal/providers/docker/constants.go of kind
NETWORK = "kind"
ADMIN_KUBECONFIG = "/etc/kubernetes/admin.conf"  # kubeadm's, on the control plane


class Kind(KindCluster):  # type: ignore[misc]  # pytest-kind ships no types
    """A cluster by the name of ``name``, whose kubeconfig nobody else writes or reads.

    ``port_forward`` and ``api`` (of pykube, after `create` or `connect`) are pytest-kind's.
    """

    def __init__(self, name: str, kubeconfig: Path, *, kind: Path, image: str, env: Mapping[str, str]) -> None:
        # the parent's constructor would make a folder where the user stands
        self.name = name
        self.kubeconfig_path = kubeconfig
        self.kind_path = kind
        self.kubectl_path = Path(shutil.which("kubectl") or kubeconfig.with_name(f"kubectl-{KUBECTL_VERSION}"))
        self.platform = sys.platform
        self.image = image
        self._env = {**env, "KIND_EXPERIMENTAL_PROVIDER": "docker"}  # the engine is chosen already

    def create(self, config: str) -> None:
        """Create the cluster; raises ProgramError with kind's last lines, and what there is by then is to be deleted."""
        self._kind("create", "cluster", "--image", self.image, "--config", "-", timeout_s=CREATE_LIMIT_S, stdin=config)
        self.connect()

    def connect(self) -> None:
        """Make ``api`` of the kubeconfig."""
        self.api = pykube.HTTPClient(pykube.KubeConfig.from_file(self.kubeconfig_path))

    def delete(self) -> None:
        """Delete the cluster's nodes and its kubeconfig; no error where there are none."""
        self._kind("delete", "cluster", timeout_s=DELETE_LIMIT_S)
        self.kubeconfig_path.unlink(missing_ok=True)

    def check_whole(self, nodes: Iterable[str]) -> None:
        """Raise ProgramError when kind has made its cluster without one of these nodes.

        kind finds its nodes by their label, so it goes on with the others when one is removed while it works.
        """
        made = run(self.kind_path, "get", "nodes", "--name", self.name, timeout_s=LIST_LIMIT_S, env=self._env).split()
        if missing := sorted(set(nodes) - set(made)):
            raise ProgramError(
                f"kind create cluster made {self.name} without {', '.join(missing)}: somebody removed it meanwhile",
                "see what removes containers on this machine, such as a clean-up job; then run again",
            )

    def check_name_free(self) -> None:
        """Raise EvenlyError when the engine has a cluster of this name, alive or not."""
        if self.name in run(self.kind_path, "get", "clusters", timeout_s=LIST_LIMIT_S, env=self._env).split():
            raise EvenlyError(
                f"there is a kind cluster {self.name} that evenly did not make",
                f"give another name; or delete it: kind delete cluster --name {self.name};"
                f" or test that one: --context kind-{self.name}",
            )

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """Run kubectl on the cluster and return what it prints; raises ProgramError with its own words.

        It is this machine's, else the control plane's own: pytest-kind would download an old one.
        """
        own = shutil.which("kubectl")
        inside = (*_on(f"{self.name}-control-plane"), "kubectl", "--kubeconfig", ADMIN_KUBECONFIG)
        program = (own, "--kubeconfig", str(self.kubeconfig_path)) if own else inside
        env = {**self._env, **KUBECTL_WITHOUT_CACHE}
        return run(*program, *args, timeout_s=KUBECTL_LIMIT_S, stdin=stdin, env=env)

    def on_node(self, node: str, *command: str, stdin: str | None = None) -> str:
        """Run a command on a node, as root, and return what it prints; raises ProgramError with its own words."""
        return run(*_on(node), *command, timeout_s=NODE_LIMIT_S, stdin=stdin, env=self._env)

    def load_docker_image(self, docker_image: str, *nodes: str) -> None:
        """Copy an image of the engine's into every node, or into these; one that has it is left out."""
        some = ("--nodes", ",".join(nodes)) if nodes else ()
        run(
            *(self.kind_path, "load", "docker-image", docker_image, "--name", self.name, *some),
            timeout_s=LOAD_LIMIT_S,
            env=self._env,
        )

    def _kind(self, *command: str | Path, timeout_s: float, stdin: str | None = None) -> None:
        whose = ("--name", self.name, "--kubeconfig", self.kubeconfig_path)
        run(self.kind_path, *command, *whose, timeout_s=timeout_s, stdin=stdin, env=self._env)


def _on(node: str) -> tuple[str, ...]:
    return ("docker", "exec", "--interactive", node)


def configuration(file: Path, proxy_mode: ProxyMode) -> str:
    """Return kind's configuration from a file, with the mode that kube-proxy is to run in."""
    config = yaml.safe_load(file.read_text())
    config["networking"] = {**config.get("networking", {}), "kubeProxyMode": str(proxy_mode)}
    return yaml.safe_dump(config)


def end_orphan(kubeconfig: Path) -> None:
    """End a kind program that still works on this kubeconfig although the run that started it was killed."""
    for arguments in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended while we looked
            if str(kubeconfig).encode() in arguments.read_bytes().split(b"\0"):
                os.killpg(int(arguments.parent.name), signal.SIGKILL)  # it leads the group of all that it started
