"""The pulled way against a real registry, on loopback: an engine without the images pulls them, and a verdict comes out."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine.engine import Engine
from evenly.cluster.engine_choice import find
from evenly.offline import apt
from evenly.offline.images import build
from evenly.offline.supplier import OfflineSupplier
from evenly.progress import Progress
from soak.conftest import Start

REGISTRY = "127.0.0.1:5000"
UP_LIMIT_S = 20.0
COPY_LIMIT_S = 300.0
CONFIG = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}/registry}}}}
http: {{addr: {address}}}
log: {{accesslog: {{disabled: true}}, level: error}}
"""


@pytest.fixture
def engine(cache: Cache) -> Engine:
    """A private engine; the run that is tested finds it and stops it."""
    engine = find(cache, Progress(), OfflineSupplier())
    assert engine.private, "the pulled way is tested with a private engine, whose registry can be set: stop your Docker"
    return engine


@contextmanager
def registry(folder: Path, cache: Cache) -> Iterator[None]:
    """Run Debian's registry on loopback."""
    apt.unpack(["docker-registry"], into=folder / "programs", cache=cache)
    config = folder / "registry.yml"
    config.write_text(CONFIG.format(folder=folder, address=REGISTRY))
    with (folder / "registry.log").open("w") as log:
        program = subprocess.Popen([folder / "programs/usr/bin/docker-registry", "serve", config], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + UP_LIMIT_S
        while not _answers():
            assert program.poll() is None, (folder / "registry.log").read_text()
            assert time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.05)
        yield
    finally:
        program.terminate()
        program.wait(UP_LIMIT_S)


def test_images_are_pulled_from_a_registry_and_judged(start: Start, engine: Engine, cache: Cache, scratch: Path) -> None:
    built = build.build(cache, engine, Progress())
    wanted = {built.node_image: "kindest/node:v1.37.2", built.backend_image: "nginx:1.26"}
    with registry(scratch, cache):
        for ours, theirs in wanted.items():
            name = theirs if "/" in theirs else f"library/{theirs}"
            engine.docker("tag", ours, f"{REGISTRY}/{name}", timeout_s=COPY_LIMIT_S)
            engine.docker("push", "--quiet", f"{REGISTRY}/{name}", timeout_s=COPY_LIMIT_S)
            engine.docker("image", "rm", ours, f"{REGISTRY}/{name}", timeout_s=COPY_LIMIT_S)
        left = engine.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", timeout_s=COPY_LIMIT_S).split()
        assert not {*wanted, *wanted.values()} & set(left)
        _mirror(cache, [f"http://{REGISTRY}"])
        run = start("--cluster-from", "pulled", "--kind-image", "kindest/node:v1.37.2", "-m", "core")
        ended = run.end()
    assert ended.code == 0, ended.text
    assert "pulled just now" in ended.text
    record = json.loads(next(scratch.glob("reports/latest/result.json")).read_text())
    assert [scenario["verdict"]["cause"] for scenario in record["scenarios"]] == [None, "unexpected pod", "endpoints"]


def _mirror(cache: Cache, mirrors: list[str]) -> None:
    """Tell the running engine where to pull from: it reads its configuration again on SIGHUP."""
    home = cache.root / "engine"
    (home / "daemon.json").write_text(json.dumps({"registry-mirrors": mirrors}))
    os.kill(int((home / "dockerd.pid").read_text()), signal.SIGHUP)


def _answers() -> bool:
    try:
        with urlopen(f"http://{REGISTRY}/v2/", timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
