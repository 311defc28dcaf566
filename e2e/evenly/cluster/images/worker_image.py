"""The image of pods that send a load: Locust and what it needs, in the versions installed here, on a Python of its own.

What evenly itself has to say to Locust is not in it: that changes more often, and each pod is given it.
"""

import json
import platform
import sys
from importlib.metadata import distributions, version
from pathlib import Path

from evenly.cluster.cache.cache import Cache
from evenly.cluster.cache.key import key
from evenly.cluster.engine.engine import Engine
from evenly.cluster.images.labels import LABEL, holds
from evenly.cluster.images.sources import PYTHON_IMAGE, Sources, image_id
from evenly.process import run
from evenly.progress import Progress

NAME = "evenly/locust"
FOLDER = "/locust"
MAKING = "evenly.making=locust"  # the label of a container in which the image is made
PYTHON = PYTHON_IMAGE.partition(":")[2].removesuffix("-slim")
GLIBCS = ("2014", "_2_17", "_2_28", "_2_34")  # whose wheels run there, by the names of their platforms

INSTALL_LIMIT_S = 300.0
DOCKER_LIMIT_S = 60.0
REMEDY = "check the network and pip's index, and that pip is installed in this Python; then run again"


def obtain(sources: Sources) -> str:
    """Return the image's name, making it where the engine does not hold it: about 20 s.

    Its Python is pulled or built as the cluster's images are. Raises EvenlyError with the remedy when no way leads to it, and
    ProgramError with pip's words.
    """
    cache, engine, progress = sources.cache, sources.engine, sources.progress
    python = sources.python_image()
    wheels = _wheels(cache, progress)
    made_of = key([image_id(engine, python), wheels.parent.name, Path(__file__)])
    image = f"{NAME}:{version('locust')}"
    with cache.lock("images"):
        if not holds(engine, image, made_of):
            with progress.step("Locust for pods that send a load", usually_s=8):
                _make(image, python, wheels, made_of, engine)
    return image


def _wheels(cache: Cache, progress: Progress) -> Path:
    constraints = "".join(sorted(f"{one.name}=={one.version}\n" for one in distributions()))
    machine = platform.machine()

    def fetch(into: Path) -> None:
        file = into / "constraints.txt"
        file.write_text(constraints)
        with progress.step("fetch Locust for pods", usually_s=7):
            run(
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-compile"),
                *("--disable-pip-version-check", "--only-binary", ":all:"),
                *("--implementation", "cp", "--python-version", PYTHON),
                *(word for glibc in GLIBCS for word in ("--platform", f"manylinux{glibc}_{machine}")),
                *("--constraint", file, "--target", into / "wheels", "locust"),
                timeout_s=INSTALL_LIMIT_S,
                remedy=REMEDY,
            )

    return cache.entry("locust-wheels", [constraints, machine, PYTHON, *GLIBCS], fetch) / "wheels"


def _make(image: str, python: str, wheels: Path, made_of: str, engine: Engine) -> None:
    """Put the wheels into a container, let Python compile what Locust imports, and make an image of that."""

    def docker(*words: str | Path) -> str:
        return engine.docker(*words, timeout_s=DOCKER_LIMIT_S).strip()

    for left in docker("ps", "--all", "--quiet", "--filter", f"label={MAKING}").split():  # by a run that was killed
        docker("rm", "--force", left)
    container = docker(
        *("create", "--label", MAKING, "--network", "none", "--env", f"PYTHONPATH={FOLDER}"),
        *(python, "python3", "-m", "locust", "--version"),
    )
    try:
        docker("cp", wheels, f"{container}:{FOLDER}")
        docker("start", "--attach", container)
        changes = (f"LABEL {LABEL}={made_of}", f"CMD {json.dumps(['python3', '-m', 'locust'])}")
        docker("commit", *(word for change in changes for word in ("--change", change)), container, image)
    finally:
        docker("rm", "--force", container)
