"""Decides, with known error rates, whether a Kubernetes Service spreads its connections evenly over its pods.

What stands here is public: words, causes, laws, how an answer names its pod, and the types of the fixtures and of what they
return. Everything below is evenly's own, and may change.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from evenly.errors import EvenlyError, NotApplicableError
from evenly.judge.law import Law, absent, grouped, local_only, round_robin, sticky, uniform, weighted
from evenly.judge.verdict import Cause, Word
from evenly.load.identify import body, header

if TYPE_CHECKING:
    from evenly.cluster import Cluster
    from evenly.k8s.namespace import Namespace
    from evenly.k8s.pods import Pod
    from evenly.k8s.wait import until
    from evenly.pytest_plugin.calls import DeployService, Kubectl, PutLoadBalancer, Show, UseExisting
    from evenly.scenario.existing import ExistingService
    from evenly.scenario.load_balancer import LoadBalancer
    from evenly.scenario.outcome import Outcome
    from evenly.scenario.service import ServiceUnderTest
    from evenly.scenario.terminal import Terminal
    from evenly.scenario.under_load import UnderLoad

PASS, FAIL, INCONCLUSIVE, INVALID = Word.PASS, Word.FAIL, Word.INCONCLUSIVE, Word.INVALID

# Importing these takes the client of Kubernetes a second, so they come when they are asked for.
_LATE = {
    "Cluster": "evenly.cluster",
    "DeployService": "evenly.pytest_plugin.calls",
    "ExistingService": "evenly.scenario.existing",
    "Kubectl": "evenly.pytest_plugin.calls",
    "LoadBalancer": "evenly.scenario.load_balancer",
    "Namespace": "evenly.k8s.namespace",
    "Outcome": "evenly.scenario.outcome",
    "Pod": "evenly.k8s.pods",
    "PutLoadBalancer": "evenly.pytest_plugin.calls",
    "ServiceUnderTest": "evenly.scenario.service",
    "Show": "evenly.pytest_plugin.calls",
    "Terminal": "evenly.scenario.terminal",
    "UnderLoad": "evenly.scenario.under_load",
    "UseExisting": "evenly.pytest_plugin.calls",
    "until": "evenly.k8s.wait",
}

__all__ = [
    "FAIL",
    "INCONCLUSIVE",
    "INVALID",
    "PASS",
    "Cause",
    "Cluster",
    "DeployService",
    "EvenlyError",
    "ExistingService",
    "Kubectl",
    "Law",
    "LoadBalancer",
    "Namespace",
    "NotApplicableError",
    "Outcome",
    "Pod",
    "PutLoadBalancer",
    "ServiceUnderTest",
    "Show",
    "Terminal",
    "UnderLoad",
    "UseExisting",
    "Word",
    "absent",
    "body",
    "grouped",
    "header",
    "local_only",
    "round_robin",
    "sticky",
    "uniform",
    "until",
    "weighted",
]


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module 'evenly' has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)
