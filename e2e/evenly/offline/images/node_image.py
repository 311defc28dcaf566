"""A drop-in for kindest/node: the same files, services and behaviour, put together from parts of the cache."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from evenly.cluster.cache.disk_errors import explained
from evenly.cluster.cache.key import key
from evenly.cluster.engine.engine import Engine
from evenly.cluster.images import labels
from evenly.offline.compiler.binaries import Binaries, kubernetes_version
from evenly.offline.images import archive, control_plane, libraries, preload
from evenly.process import run

TAG = f"evenly/node:{kubernetes_version()}"
MANIFESTS = Path(__file__).with_name("node")
# The way they are put together; a change of it makes another image.
RECIPE = [
    *(Path(__file__), Path(archive.__file__), Path(control_plane.__file__)),
    *(Path(labels.__file__), Path(libraries.__file__), Path(preload.__file__)),
]
COPY_LIMIT_S = 120.0
IMPORT_LIMIT_S = 300.0
SPEC_LIMIT_S = 10.0

# What kind's Dockerfile removes: services that a container has no use for.
UNWANTED = (
    "usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.*",
    *("usr/lib/systemd/system/multi-user.target.wants/*", "etc/systemd/system/*.wants/*"),
    *("usr/lib/systemd/system/local-fs.target.wants/*", "usr/lib/systemd/system/basic.target.wants/*"),
    *("usr/lib/systemd/system/sockets.target.wants/*udev*", "usr/lib/systemd/system/sockets.target.wants/*initctl*"),
)
ENABLED = ("containerd.service", "kubelet.service", "undo-mount-hacks.service")
RUNTIME_PROGRAMS = ("containerd", "containerd-shim-runc-v2", "ctr")
CNI_PLUGINS = ("host-local", "loopback", "portmap", "ptp")
NODE_PROGRAMS = ("kubeadm", "kubectl", "kubelet")


@dataclass(frozen=True, slots=True)
class Ingredients:
    """Parts of the cache that a node is made of: a Debian, containerd and the archive of the backend's image."""

    binaries: Binaries
    rootfs: Path
    runtime: Path
    backend: Path

    def key(self) -> str:
        """Return what changes with any ingredient, and with the way they are put together."""
        entries = [path.parent.name for path in (self.binaries.node, self.rootfs, self.runtime, self.backend)]
        return key([*entries, MANIFESTS, *RECIPE])


def load(made_of: Ingredients, work: Path, engine: Engine) -> None:
    """Put a node together in the empty folder ``work``, images included, and make it the engine's image ``TAG``.

    Nothing but this image is kept: it takes ten seconds to make, and its archive would be as large as all its parts.
    """
    with explained(work.parent):
        packed = _pack(made_of, work)
        changes = [
            'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]',
            "ENV container=docker",  # systemd asks for it; see its CONTAINER_INTERFACE
            "STOPSIGNAL SIGRTMIN+3",
            f"LABEL {labels.LABEL}={made_of.key()}",
        ]
        options = [part for change in changes for part in ("--change", change)]
        engine.docker("import", *options, packed, TAG, timeout_s=IMPORT_LIMIT_S)
        # The one that it replaces has lost its name by now.
        engine.docker("image", "prune", "--force", "--filter", f"label={labels.LABEL}", timeout_s=IMPORT_LIMIT_S)


def _pack(made_of: Ingredients, work: Path) -> Path:
    root, packed = work / "root", work / "root.tar"
    run("cp", "--archive", made_of.rootfs, root, timeout_s=COPY_LIMIT_S)
    names = control_plane.image_names(made_of.binaries)
    _lay_over(root, made_of.binaries.files)
    _set_up_services(root)
    _install_runtime(root, made_of.runtime, pause=control_plane.named("pause", names))
    _install_kubernetes(root, made_of.binaries, names)
    archives = control_plane.write(names, made_of.binaries, rootfs=made_of.rootfs, into=work / "control-plane")
    preload.preload([*archives, made_of.backend], store=root / "var/lib/containerd", programs=made_of.runtime / "usr/bin")
    run(
        *("tar", "--create", "--file", packed, "--directory", root, "--numeric-owner", "--exclude=./dev/*", "."),
        timeout_s=COPY_LIMIT_S,
    )
    return packed


def _lay_over(root: Path, files: Path) -> None:
    shutil.copytree(files, root, dirs_exist_ok=True)
    for path in files.rglob("*"):
        laid = root / path.relative_to(files)
        runs = path.is_dir() or path.parent in {files / "usr/local/bin", files / "kind/bin"}
        laid.chmod(0o755 if runs else 0o644)


def _set_up_services(root: Path) -> None:
    for pattern in UNWANTED:
        for path in root.glob(pattern):
            path.unlink()
    units = root / "etc/systemd/system"
    wanted = units / "multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    for unit in ENABLED:
        (wanted / unit).symlink_to(f"/etc/systemd/system/{unit}")
    (units / "systemd-binfmt.service").symlink_to("/dev/null")  # it would register formats with the machine's kernel
    with (root / "etc/systemd/journald.conf").open("a") as journald:
        journald.write("ReadKMsg=no\n")  # the kernel's messages are the machine's


def _install_runtime(root: Path, runtime: Path, *, pause: str) -> None:
    for program in RUNTIME_PROGRAMS:
        shutil.copy2(runtime / "usr/bin" / program, root / "usr/local/bin")
    plugins = root / "opt/cni/bin"
    plugins.mkdir(parents=True)
    for plugin in CNI_PLUGINS:
        shutil.copy2(runtime / "usr/lib/cni" / plugin, plugins)
    (root / "usr/lib/cni").symlink_to("/opt/cni/bin")  # where Debian's containerd looks
    config = root / "etc/containerd/config.toml"
    text = re.sub(r'sandbox_image = ".*"', f'sandbox_image = "{pause}"', config.read_text())
    # A machine without CAP_SYS_RESOURCE may raise a process's score, but not lower it as pods of high priority ask.
    config.write_text(text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true"))
    spec = json.loads(run(runtime / "usr/bin/ctr", "oci", "spec", timeout_s=SPEC_LIMIT_S))
    hooks = spec.setdefault("hooks", {}).setdefault("createContainer", [])
    hooks.append({"path": "/kind/bin/mount-product-files.sh"})
    del spec["process"]["rlimits"]
    (root / "etc/containerd/cri-base.json").write_text(json.dumps(spec))


def _install_kubernetes(root: Path, binaries: Binaries, names: list[str]) -> None:
    shutil.copy2(binaries.node, root / "usr/local/bin/node")
    for program in NODE_PROGRAMS:
        (root / "usr/bin" / program).symlink_to("/usr/local/bin/node")
    (root / "etc/kubernetes/manifests").mkdir(parents=True)
    with (root / "etc/default/kubelet").open("a") as defaults:
        defaults.write(" --fail-cgroupv1=false\n")  # kind's line ends without a newline
    (root / "kind/version").write_text(kubernetes_version())
    manifests = root / "kind/manifests"
    manifests.mkdir()
    network = (MANIFESTS / "default-cni.yaml").read_text()
    (manifests / "default-cni.yaml").write_text(
        network.replace("CONTROL_PLANE_IMAGE", control_plane.named("kube-proxy", names))
    )
    shutil.copy2(MANIFESTS / "default-storage.yaml", manifests)
