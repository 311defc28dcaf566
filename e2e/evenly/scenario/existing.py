"""What a test holds of a Service that was there before."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from evenly.k8s.pods import Pod
from evenly.load.identify import Identify
from evenly.scenario.adopt import adopt
from evenly.scenario.loads import Loads
from evenly.scenario.record import Scenario
from evenly.scenario.sender import Sender
from evenly.scenario.target import Target, node_port
from evenly.scenario.testbed import Testbed


class ExistingService:
    """A Service that was there before: ``load`` goes through it, ``under_load`` also while its owner changes it.

    The changes are those of its endpoints, as they are seen: what comes between two calls of ``until_even()`` is one.
    """

    def __init__(self, target: Target, loads: Loads) -> None:
        self.load = loads.send
        self.under_load = loads.sustain
        self._target = target

    @property
    def pods(self) -> tuple[Pod, ...]:
        """The pods that were its endpoints when it settled last."""
        return self._target.settled.expected

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that a load can go through, each with rules of its own; the first is where one goes by default."""
        return tuple(self._target.entries.nodes)

    @property
    def node_port(self) -> str:
        """The first node's own address, with the Service's node port."""
        return node_port(self._target)


@contextmanager
def existing_service(bed: Testbed, scenario: Scenario, name: str, identify: Identify) -> Iterator[ExistingService]:
    """Find a Service of the cluster, ``namespace/name``, for a scenario."""
    began_s = time.monotonic()
    bed.cluster.await_forgotten(bed.run.progress)
    with Sender(bed, scenario.name) as sender, adopt(bed, name, identify) as target:
        yield ExistingService(target, Loads(bed, scenario, target, sender, began_s))
