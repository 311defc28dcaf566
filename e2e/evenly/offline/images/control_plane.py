"""The images that kubeadm asks for: one for all of the control plane under every name, and pause."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.offline.compiler.binaries import Binaries, kubernetes_version
from evenly.offline.images import archive, libraries
from evenly.process import run

LIST_LIMIT_S = 30.0
PROGRAMS = (
    *("coredns", "etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler"),
    "pod-network",
)
# On top of nft, which every kernel that containers run on has: no choice between two back ends is left to be made.
IPTABLES_COMMANDS = ("iptables", "iptables-restore", "iptables-save", "ip6tables", "ip6tables-restore", "ip6tables-save")
KUBE_PROXY_CALLS = ("conntrack", "nft", "xtables-nft-multi")
PROTOCOLS = "etc/protocols"


def image_names(binaries: Binaries) -> list[str]:
    """Return the names, with tags, of all images that this version's kubeadm asks for."""
    with TemporaryDirectory() as folder:
        kubeadm = Path(folder, "kubeadm")
        kubeadm.symlink_to(binaries.node)
        listed = run(
            *(kubeadm, "config", "images", "list", "--kubernetes-version", kubernetes_version()),
            timeout_s=LIST_LIMIT_S,
        )
    return listed.split()


def named(program: str, names: Sequence[str]) -> str:
    """Return the one of ``names`` that is the image of ``program``."""
    return next(name for name in names if f"/{program}:" in name)


def write(names: Sequence[str], binaries: Binaries, *, rootfs: Path, into: Path) -> list[Path]:
    """Write the archives of all ``names`` into a folder; ``rootfs`` is where kube-proxy's tools are taken from."""
    root = into / "root"
    multi = root / "usr/local/bin/node"
    multi.parent.mkdir(parents=True)
    shutil.copy2(binaries.node, multi)
    for program in PROGRAMS:
        (multi.parent / program).symlink_to("node")
    calls = [rootfs / "usr/sbin" / program for program in KUBE_PROXY_CALLS]
    # The plug-ins count too: one of them needs libm, without which kube-proxy could not write a single rule.
    libraries.extract([*calls, *rootfs.glob("usr/lib/*/xtables/*.so")], root=rootfs, into=root)
    for command in IPTABLES_COMMANDS:
        (root / "usr/sbin" / command).symlink_to("xtables-nft-multi")
    # Without it nft tells protocols by number, and a kube-proxy that starts again takes what it wrote before for another's.
    (root / PROTOCOLS).parent.mkdir(exist_ok=True)
    shutil.copy2(rootfs / PROTOCOLS, root / PROTOCOLS)
    (root / "tmp").mkdir()
    pause = named("pause", names)
    of_pause = into / "pause"
    of_pause.mkdir()
    shutil.copy2(binaries.pause, of_pause)
    path = ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    archive.write(
        root,
        to=into / "control-plane.tar",
        tags=[name for name in names if name != pause],
        config={"Entrypoint": ["coredns"], "Env": path},  # every manifest but CoreDNS's names its command
    )
    archive.write(of_pause, to=into / "pause.tar", tags=[pause], config={"Entrypoint": ["/pause"]})
    return [into / "control-plane.tar", into / "pause.tar"]
