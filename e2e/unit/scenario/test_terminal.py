"""A terminal shows what a person sees who types, and hands on what kubectl needs."""

import pytest
import yaml

from evenly import shipped
from evenly.k8s.manifest import at
from evenly.process import ProgramError
from evenly.scenario.terminal import Terminal

NOTE = "# in a namespace of its own: add -n shop to each kubectl"


class Kubectl:
    """Plays kubectl: knows the field nodePort, refuses another, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.given: list[str | None] = []

    def __call__(self, *args: str, stdin: str | None = None) -> str:
        self.asked.append(args)
        self.given.append(stdin)
        if "nordPort" in (stdin or ""):
            raise ProgramError(
                "kubectl ended with exit code 1", "look", 'error when creating "STDIN": unknown field "nordPort"\n'
            )
        return "service/spring-service created\n"


@pytest.fixture
def kubectl() -> Kubectl:
    return Kubectl()


@pytest.fixture
def terminal(kubectl: Kubectl) -> Terminal:
    return Terminal(kubectl, "shop", find=shipped.manifest, written="nginx:1.26", image="evenly/nginx:1.26")


def test_a_command_goes_to_the_namespace_and_is_seen_as_it_was_typed(terminal: Terminal, kubectl: Kubectl) -> None:
    assert terminal("kubectl get service -o jsonpath='{.spec.type}'  # of what type?") == "service/spring-service created\n"
    assert kubectl.asked == [("--namespace", "shop", "get", "service", "-o", "jsonpath={.spec.type}")]
    assert terminal.transcript.splitlines() == [
        NOTE,
        "$ kubectl get service -o jsonpath='{.spec.type}'  # of what type?",
        "service/spring-service created",
    ]


def test_a_file_is_handed_over_on_standard_input_with_the_image_that_there_is(terminal: Terminal, kubectl: Kubectl) -> None:
    terminal("kubectl apply -f backend.yaml")
    assert kubectl.asked == [("--namespace", "shop", "apply", "-f", "-")]
    _, deployment = yaml.safe_load_all(kubectl.given[0] or "")
    (container,) = at(deployment, "spec", "template", "spec", "containers")
    assert container["image"] == "evenly/nginx:1.26"


def test_a_refusal_is_seen_and_returned_with_the_files_name(terminal: Terminal) -> None:
    words = 'error when creating "spring-service-as-printed.yaml": unknown field "nordPort"'
    assert terminal.refused("kubectl apply -f spring-service-as-printed.yaml") == words
    assert terminal.transcript.splitlines() == [NOTE, "$ kubectl apply -f spring-service-as-printed.yaml", words]


def test_an_unexpected_refusal_is_an_error_and_seen_all_the_same(terminal: Terminal) -> None:
    with pytest.raises(ProgramError, match="kubectl ended with exit code 1"):
        terminal("kubectl apply -f spring-service-as-printed.yaml")
    assert terminal.transcript.endswith('unknown field "nordPort"')


def test_what_should_be_refused_and_is_taken_fails(terminal: Terminal) -> None:
    with pytest.raises(AssertionError, match=r"this was not refused: kubectl apply -f spring-service\.yaml"):
        terminal.refused("kubectl apply -f spring-service.yaml")
    assert terminal.transcript.endswith("service/spring-service created")
