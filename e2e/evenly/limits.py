"""How long evenly waits for a cluster or a Service, in seconds: each limit, why it is so long, and one factor for them all.

A limit is many times what a healthy cluster takes, so that to reach one is a finding rather than bad luck. For a slow cluster
or machine ``patience`` multiplies them: ``k8s.wait.until`` and ``process.run`` apply it, and what waits otherwise asks
``scaled``. Times of a measurement are no such limits: what an attempt of a load may take decides its verdict and is load's own.
"""

from dataclasses import dataclass
from math import inf

from evenly.errors import EvenlyError

# The cluster

NODES_READY_S = 60.0
"""Until the nodes of a new cluster take pods: 2 to 6 s after `kind create cluster`."""

KUBE_PROXY_BACK_S = 60.0
"""Until kube-proxy is back after its pods were deleted: 2 to 4 s."""

# The roll-out

CONVERGE_S = 60.0
"""Until a Service's pods are rolled out and all have answered: a few seconds where the image is there; a setting of its own."""

SERVICE_GONE_S = 10.0
"""Until a deleted Service is gone and its node port free: moments, unless a finalizer holds it."""

NOTICE_S = 15.0
"""Until the endpoints show a change of pods or ports: the readiness probe runs every second."""

POD_RESTARTED_S = 30.0
"""Until the kubelet has started a pod's program again: 1 to 3 s the first time, later ones are put off."""

POD_COMMAND_S = 10.0
"""Until a command in a pod has ended: none takes a second."""

# The rules

RULES_S = 30.0
"""Until a node's rules are what the API server says: kube-proxy writes them once a second at most, within moments."""

SILENCE_S = 3.0
"""Until a first answer where the manifests say that none can come: rules lag 1 to 2 s behind a roll-out."""

# Answers and logs

PROBE_S = 1.0
"""Until a probe is answered that is one of many: there is always another."""

ANSWER_S = 10.0
"""Until a request is answered that counts by itself: as long as a load's attempts may take."""

CONNECT_S = 10.0
"""Until a node's network has accepted or refused a connection: for an address that nobody has the kernel itself gives up after
about 3 s, in which it asks for it by name (ARP) three times."""

TRY_S = 5.0
"""Until a pod has accepted a connection from its node, where a request had no answer."""

FLUSH_S = 5.0
"""Until a log line is there to be read: nginx flushes after 0.1 s, the kubelet copies within moments."""

STILL_S = 1.0
"""Until a log that has no new line is taken for complete after its container was killed: ten times what nginx keeps back."""

ENDPOINTS_WHOLE_S = 10.0
"""Until a Service's endpoints are its ready pods: they lag a second or two, and some are meant to be others."""

ALL_ANSWERED_S = 10.0
"""Until each pod of a Service that was there has answered: rules lag a second or two, and some laws never let all answer."""

BALANCER_ANSWER_S = 10.0
"""Until HAProxy passes on a first answer: 0.1 s."""

PROVIDER_S = 60.0
"""Until a cluster's provider has given a Service its external address, and from there until the first answer."""

# The load

LOAD_BEGINS_S = 10.0
"""Until a load's first attempts have ended: Locust needs a second, and a Service that loses them 5 s more."""

EVEN_S = 20.0
"""Until a load under changes has decided: at 800 a second it gets as many connections as its cap asks for three pods."""

WORKERS_MET_S = 60.0
"""Until all worker pods have come to their master, from their Job's creation: 3 to 6 s on two cores."""


@dataclass(slots=True)
class _Patience:
    factor: float = 1.0


_PATIENCE = _Patience()


def be_patient(factor: float) -> None:
    """Multiply every limit by a factor from now on, in the whole process; raises EvenlyError unless it is a number above 0."""
    if not 0 < factor < inf:
        raise EvenlyError(f"patience is {factor}", "give a number above 0: 2 doubles every time limit")
    _PATIENCE.factor = factor


def scaled(limit_s: float) -> float:
    """Return how long a limit is with the patience that is set."""
    return limit_s * _PATIENCE.factor


def told(limit_s: float) -> str:
    """Say how long a limit is with the patience that is set: "15 s"."""
    return f"{scaled(limit_s):g} s"
