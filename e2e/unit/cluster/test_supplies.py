"""Images are pulled where a registry answers and built where none does, unless the user has decided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenly.cluster import supplies
from evenly.cluster.cache import Cache
from evenly.cluster.engine import Engine
from evenly.cluster.offline import parts
from evenly.cluster.offline.node_image import TAG as BUILT_NODE_IMAGE
from evenly.cluster.offline.parts import Parts
from evenly.cluster.supplies import BACKEND_IMAGE, NODE_IMAGE, PullError, Supplies
from evenly.progress import Progress
from evenly.settings import ClusterFrom

if TYPE_CHECKING:
    from unit.cluster.conftest import Machine

Obtain = Callable[..., Supplies]
BUILT = Parts("built/node", "built/nginx", Path("built/kind"))


@pytest.fixture
def obtain(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Obtain:
    monkeypatch.setattr(parts, "build", lambda *_: BUILT)
    engine = Engine(machine.here / "bin" / "docker", "99.1", private=False, why="")

    def call(way: ClusterFrom = ClusterFrom.AUTO, node_image: str | None = None) -> Supplies:
        return supplies.obtain(Cache(tmp_path / "cache"), engine, way, Progress(), node_image)

    return call


def test_what_the_engine_has_is_not_asked_of_a_registry(machine: Machine, obtain: Obtain) -> None:
    machine.holds(NODE_IMAGE)
    machine.holds(BACKEND_IMAGE)
    found = obtain()
    assert (found.node_image, found.backend_image, found.kind) == (NODE_IMAGE, BACKEND_IMAGE, None)
    assert not [line for line in machine.diary if line.startswith("docker pull")]


def test_what_is_missing_is_pulled_and_its_digest_recorded(machine: Machine, obtain: Obtain) -> None:
    machine.becomes("registry")
    found = obtain()
    assert [line for line in machine.diary if "pull" in line] == [f"docker pull {NODE_IMAGE}", f"docker pull {BACKEND_IMAGE}"]
    assert found.digests[BACKEND_IMAGE] == "nginx@sha256:feed"


def test_without_a_registry_the_images_are_built_and_the_reason_is_given(obtain: Obtain) -> None:
    found = obtain()
    assert (found.node_image, found.backend_image, found.kind) == ("built/node", "built/nginx", Path("built/kind"))
    assert found.why == "built here; kindest/node:v1.37.0 cannot be pulled: no such host"


def test_built_images_that_are_there_spare_the_question_to_a_registry(machine: Machine, obtain: Obtain) -> None:
    machine.holds(BUILT_NODE_IMAGE)
    machine.becomes("registry")
    assert obtain().node_image == "built/node"
    assert not [line for line in machine.diary if "pull" in line]


def test_pulled_as_told_does_not_fall_back_to_building(machine: Machine, obtain: Obtain) -> None:
    machine.holds(BUILT_NODE_IMAGE)
    with pytest.raises(PullError, match=r"cannot be pulled: Error response from daemon") as caught:
        obtain(ClusterFrom.PULLED)
    assert "--cluster-from built" in caught.value.remedy


def test_built_as_told_does_not_ask_a_registry(machine: Machine, obtain: Obtain) -> None:
    machine.holds(NODE_IMAGE)
    machine.holds(BACKEND_IMAGE)
    assert obtain(ClusterFrom.BUILT).node_image == "built/node"


def test_a_node_image_that_was_named_is_never_replaced(machine: Machine, obtain: Obtain) -> None:
    machine.holds(BUILT_NODE_IMAGE)
    machine.holds(BACKEND_IMAGE)
    with pytest.raises(PullError, match=r"the image mine/node:1 cannot be pulled"):
        obtain(node_image="mine/node:1")
    machine.holds("mine/node:1")
    assert obtain(node_image="mine/node:1").node_image == "mine/node:1"


def test_a_registry_that_keeps_silent_is_given_up_within_the_limit(
    machine: Machine, obtain: Obtain, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine.here / "bin" / "docker").write_text(
        "#!/bin/sh\ncase $1 in pull) exec /bin/sleep 60;; esac\necho 'No such image' >&2; exit 1\n"
    )
    monkeypatch.setattr(supplies, "ANSWER_LIMIT_S", 0.2)
    assert "no registry answered within 0.2 s" in obtain().why
