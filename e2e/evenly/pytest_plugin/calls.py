"""How tests call the fixtures that are functions: each call as a type, so that a misspelt argument is mypy's error."""

from difflib import get_close_matches
from inspect import signature
from typing import TYPE_CHECKING, Protocol, TypedDict, Unpack

from evenly.errors import EvenlyError
from evenly.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from evenly.k8s.request_path.path import Path as RequestPath
    from evenly.load.identify import Identify
    from evenly.scenario.existing import ExistingService
    from evenly.scenario.load_balancer import LoadBalancer
    from evenly.scenario.service import ServiceUnderTest

BACKEND = "backend.yaml"


class Options(TypedDict, total=False):
    """The run's options that one Service may have otherwise."""

    alpha: float
    beta: float
    clients: int
    converge_s: float
    delta: float
    hold: float
    locustfile: str
    rate: float
    workers: int
    workers_in_cluster: int


class DeployService(Protocol):
    """What the fixture ``service`` is."""

    def __call__(
        self,
        manifest: str,
        also: str | None = None,
        *,
        backend: str = BACKEND,
        wanted: tuple[str, ...] = (),
        client_pods: int = 0,
        **options: Unpack[Options],
    ) -> "ServiceUnderTest":
        """Deploy a Service by its manifest, beside the backend's; see the fixture."""


class UseExisting(Protocol):
    """What the fixture ``existing`` is."""

    def __call__(self, name: str, *, identify: "Identify") -> "ExistingService":
        """Find a Service of the cluster, ``namespace/name``."""


class PutLoadBalancer(Protocol):
    """What the fixture ``load_balancer`` is."""

    def __call__(self, svc: "ServiceUnderTest", favours: str = "") -> "LoadBalancer":
        """Put a load balancer before a Service; it sends more to the node that it favours."""


class Kubectl(Protocol):
    """What the fixture ``kubectl`` is."""

    def __call__(self, *args: str, stdin: str | None = None) -> str:
        """Run kubectl on the run's cluster, and return what it prints."""


class Show(Protocol):
    """What the fixture ``show`` is."""

    def __call__(self, title: str, seen: "str | RequestPath") -> None:
        """Attach a transcript, or a request's path, to the test's record and to the page."""


def check_names(fixture: str, given: "Iterable[str]", call: "Callable[..., object]") -> None:
    """Raise EvenlyError, with the nearest name, for an argument that a fixture's call does not have."""
    named = [name for name in signature(call).parameters if name not in {"self", "options", "unknown"}]
    known = [*named, *(Options.__annotations__ if call is DeployService.__call__ else ())]
    for name in given:
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            remedy = f"did you mean {nearest[0]}?" if nearest else f"it has {', '.join(known)}"
            raise EvenlyError(f"{fixture}() has no argument {name}", remedy)


assert Options.__annotations__.keys() <= Settings.__dataclass_fields__.keys()  # noqa: S101 - each is an option of a run
