"""A record in the cache of every cluster that evenly made, so that a later run can find, reuse or remove it."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.cluster.cache.disk_errors import explained


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """One cluster: written before its first container starts, removed after its last one is gone.

    ``key`` tells what it was made from; ``own_network`` whether the network named kind came with it.
    """

    name: str
    kubeconfig: str
    key: str
    run_id: str
    pid: int
    own_network: bool
    kept: bool = False


def remember(cache: Cache, made: ClusterRecord) -> None:
    """Write a cluster's record, replacing what is there of that name."""
    path = _path(cache, made.name)
    unfinished = path.with_name("unfinished")  # always the same, so that a killed run leaves one at most
    with explained(cache.root):
        path.parent.mkdir(exist_ok=True)
        unfinished.write_text(json.dumps(asdict(made), indent=1))
        unfinished.replace(path)


def forget(cache: Cache, made: ClusterRecord) -> None:
    """Remove a cluster's record, its kubeconfig, and what was unpacked from it."""
    Path(made.kubeconfig).unlink(missing_ok=True)
    shutil.rmtree(certificates(Path(made.kubeconfig)), ignore_errors=True)
    _path(cache, made.name).unlink(missing_ok=True)


def everything(cache: Cache) -> list[ClusterRecord]:
    """Return all clusters on record, kept ones and those whose run was killed.

    A record that is damaged still has its name, the cluster's: it counts as that of a killed run, so that what the cluster
    has left is found and removed.
    """
    with explained(cache.root):
        return [_read(cache, path) for path in sorted((cache.root / "clusters").glob("*.json"))]


def kubeconfig(cache: Cache, name: str) -> Path:
    """Return where a cluster's kubeconfig goes when nobody says otherwise."""
    return _path(cache, name).with_suffix(".kubeconfig")


def _read(cache: Cache, path: Path) -> ClusterRecord:
    try:
        return ClusterRecord(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        name = path.stem
        return ClusterRecord(
            name, str(kubeconfig(cache, name)), "", f"unknown (its record {path} is damaged)", 0, own_network=False
        )


def certificates(kubeconfig: Path) -> Path:
    """Return the folder for what a client unpacks from the kubeconfig of a cluster of ours."""
    return kubeconfig.with_suffix(".certificates")


def _path(cache: Cache, name: str) -> Path:
    return cache.root / "clusters" / f"{name}.json"
