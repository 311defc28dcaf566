"""Images are pulled where a registry answers and built where none does, unless the user has decided."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from evenly.cluster.cache.cache import Cache
from evenly.cluster.engine.engine import Engine
from evenly.cluster.host.requirements import LackingError, Requirement
from evenly.cluster.images import registry, sources
from evenly.cluster.images.registry import PullError
from evenly.cluster.images.sources import BACKEND_IMAGE, BALANCER_IMAGE, NODE_IMAGE, PYTHON_IMAGE, Sources, Supplies
from evenly.progress import Progress
from evenly.settings import ClusterFrom
from unit.cluster.fakes import FakeSupplier

if TYPE_CHECKING:
    from unit.fakes import Machine

Obtain = Callable[..., Supplies]
NO_ROOT = Requirement("root", "this is user id 7", met=False, remedy="be root")
BUILT_NODE_IMAGE = FakeSupplier.node_image


@pytest.fixture
def engine(machine: Machine) -> Engine:
    return Engine(machine.here / "bin" / "docker", "99.1", private=False, why="")


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supplier() -> FakeSupplier:
    return FakeSupplier()


@pytest.fixture
def from_(engine: Engine, supplier: FakeSupplier, tmp_path: Path, said: io.StringIO) -> Callable[[ClusterFrom], Sources]:
    progress = Progress(Console(file=said, soft_wrap=True))
    return lambda way: Sources(Cache(tmp_path / "cache"), engine, way, progress, supplier)


@pytest.fixture
def obtain(from_: Callable[[ClusterFrom], Sources]) -> Obtain:
    def call(way: ClusterFrom = ClusterFrom.AUTO, node_image: str | None = None) -> Supplies:
        return from_(way).obtain(node_image)

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


def test_the_fall_back_to_building_is_told_as_it_happens(obtain: Obtain, said: io.StringIO) -> None:
    obtain()
    assert said.getvalue().splitlines()[-1] == ("kindest/node:v1.37.0 cannot be pulled: no such host; so images are built here")


def test_what_is_pulled_says_nothing_of_building(machine: Machine, obtain: Obtain, said: io.StringIO) -> None:
    machine.becomes("registry")
    obtain()
    assert "built" not in said.getvalue()


def test_where_images_can_neither_be_pulled_nor_built_both_reasons_are_given(obtain: Obtain, supplier: FakeSupplier) -> None:
    supplier.lacks = (NO_ROOT,)
    with pytest.raises(LackingError, match="images can neither be pulled nor built here") as caught:
        obtain()
    assert "--  registry: the image kindest/node:v1.37.0 cannot be pulled" in caught.value.problem
    assert "--  root: this is user id 7\n      be root" in caught.value.problem
    with pytest.raises(LackingError, match="images cannot be built here: this is user id 7"):
        obtain(ClusterFrom.BUILT)


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
    monkeypatch.setattr(registry, "ANSWER_LIMIT_S", 0.2)
    began_s = time.monotonic()
    assert "no registry answered within 0.2 s" in obtain().why
    assert time.monotonic() - began_s < 30, "the pull was ended, and has not ended by itself"


@pytest.fixture
def balancer_image(from_: Callable[[ClusterFrom], Sources]) -> Callable[..., str]:
    return lambda way=ClusterFrom.AUTO: from_(way).balancer_image()


def test_a_load_balancer_that_the_engine_has_is_not_asked_of_a_registry(
    machine: Machine, balancer_image: Callable[..., str]
) -> None:
    machine.holds(BALANCER_IMAGE)
    assert balancer_image() == BALANCER_IMAGE
    assert not [line for line in machine.diary if "pull" in line]


def test_a_load_balancer_that_is_missing_is_pulled(machine: Machine, balancer_image: Callable[..., str]) -> None:
    machine.becomes("registry")
    assert balancer_image() == BALANCER_IMAGE
    assert [line for line in machine.diary if "pull" in line] == [f"docker pull {BALANCER_IMAGE}"]


def test_without_a_registry_the_load_balancer_is_built_and_the_reason_is_given(
    balancer_image: Callable[..., str], said: io.StringIO
) -> None:
    assert balancer_image() == "built/haproxy"
    assert said.getvalue().splitlines()[-1] == "haproxy:3.0 cannot be pulled: no such host; so it is built here"


def test_beside_nodes_that_were_built_the_load_balancer_is_built_without_a_question(
    machine: Machine, balancer_image: Callable[..., str]
) -> None:
    machine.holds(BUILT_NODE_IMAGE)
    machine.becomes("registry")
    assert balancer_image() == "built/haproxy"
    assert not [line for line in machine.diary if "pull" in line]


def test_the_load_balancer_comes_from_where_one_is_told(machine: Machine, balancer_image: Callable[..., str]) -> None:
    machine.holds(BUILT_NODE_IMAGE)
    with pytest.raises(PullError, match=r"haproxy:3\.0 cannot be pulled"):
        balancer_image(ClusterFrom.PULLED)
    machine.holds(BALANCER_IMAGE)
    assert balancer_image(ClusterFrom.BUILT) == "built/haproxy"


def test_the_python_of_worker_pods_comes_from_where_the_load_balancer_does(
    machine: Machine, from_: Callable[[ClusterFrom], Sources]
) -> None:
    assert from_(ClusterFrom.AUTO).python_image() == "built/python"
    machine.becomes("registry")
    assert from_(ClusterFrom.AUTO).python_image() == PYTHON_IMAGE
    assert from_(ClusterFrom.BUILT).python_image() == "built/python"


def test_the_question_to_a_registry_pulls_nothing(machine: Machine, engine: Engine) -> None:
    assert sources.registry_answers(engine).met is False
    assert sources.registry_answers(engine).found.endswith("cannot be pulled: no such host")
    machine.becomes("registry")
    assert sources.registry_answers(engine).met is True
    assert not [line for line in machine.diary if "pull" in line]


def test_images_that_were_pulled_before_need_no_registry(machine: Machine, engine: Engine) -> None:
    machine.holds(NODE_IMAGE)
    assert sources.registry_answers(engine).met is False
    machine.holds(BACKEND_IMAGE)
    assert sources.registry_answers(engine).met is True


def test_an_engine_with_a_mirror_may_reach_what_its_command_does_not(machine: Machine, engine: Engine) -> None:
    machine.becomes("mirror")
    assert sources.registry_answers(engine).met is None


def test_without_an_engine_the_docker_command_is_asked_and_without_one_nobody(machine: Machine) -> None:
    machine.becomes("registry")
    assert sources.registry_answers(None).met is True
    (machine.here / "bin" / "docker").unlink()
    assert sources.registry_answers(None).met is None
