"""The rules by which other suites accept a distribution, replayed on streams of connections.

Each takes a stream and the declared shares, and returns for every run whether that suite would accept it. Every request is
taken to have a connection of its own, which is the kindest reading, but for the chi-square test on kept-alive connections.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import floor
from types import MappingProxyType

import numpy as np
from scipy.special import chdtri

from calibration.tallies import Counts, Flags, Shares

BLOCK = 100  # connections
KEPT_ALIVE_REQUESTS = 15  # on each connection
_GATEWAY_REQUESTS = 500
_GATEWAY_TRIES = 10
_GATEWAY_TOLERANCE = 0.05  # of all requests
_SIMULATED = 100_000  # tries
_SEED = 20261124
_MIRROR_TRIES = 5
_MIRROR_DEVIATIONS = 3.0
_ISTIO_REQUESTS = 100
_ISTIO_TOLERANCE = 10  # requests
_KUBERNETES_TRIES = 30  # and the square of the number of pods
_KNATIVE_REQUESTS = 200
_KNATIVE_LEAST = 0.25
_CHI_SQUARE_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Stream:
    """The connections of many runs: ``first`` are the counts of the first few, ``blocks`` those of each 100, in order.

    ``first`` has the axes run and pod, and covers what Kubernetes sends; ``blocks`` has block, run and pod.
    """

    first: Counts
    blocks: Counts


def kubernetes_tries(pods: int) -> int:
    """Return how many requests Kubernetes's end-to-end test sends at most."""
    return pods**2 + _KUBERNETES_TRIES


def gateway(stream: Stream, declared: Shares) -> Flags:
    """Gateway API conformance: 500 requests, each share within 5 points, the first of up to 10 tries that fits.

    Source: kubernetes-sigs/gateway-api, conformance/utils/weight/weight.go and conformance/tests/httproute-weight.go.
    """
    return _any_try(_near(_attempts(stream, _GATEWAY_REQUESTS)[:_GATEWAY_TRIES], declared))


def gateway_requests(pods: int) -> float:
    """Return how many requests that rule sends to a Service that is even, on average until a try fits; by simulation."""
    even = np.full(pods, 1 / pods)
    fits = _near(np.random.default_rng(_SEED).multinomial(_GATEWAY_REQUESTS, even, _SIMULATED), even).all(axis=-1).mean()
    return float(_GATEWAY_REQUESTS * (1 - (1 - fits) ** _GATEWAY_TRIES) / fits)


def _near(counts: Counts, declared: Shares) -> Flags:
    return (np.abs(counts / _GATEWAY_REQUESTS - declared) <= _GATEWAY_TOLERANCE) & (counts > 0)


def mirror(stream: Stream, declared: Shares) -> Flags:
    """Gateway API's rule for mirrored requests: 500 requests, 3 standard deviations, up to 5 tries.

    Source: kubernetes-sigs/gateway-api, conformance/tests/httproute-request-percentage-mirror.go.
    """
    counts = _attempts(stream, _GATEWAY_REQUESTS)[:_MIRROR_TRIES]
    margin = _MIRROR_DEVIATIONS * np.sqrt(_GATEWAY_REQUESTS * declared * (1 - declared))
    return _any_try(np.abs(counts - _GATEWAY_REQUESTS * declared) <= margin)


def istio_once(stream: Stream, declared: Shares) -> Flags:
    """Istio's traffic shifting, a single try of it."""
    return _any_try(_istio(stream, declared)[:1])


def istio(stream: Stream, declared: Shares) -> Flags:
    """Istio's traffic shifting: 100 requests, each count within 10 of the expected one, tried again until it fits.

    There is a limit of time only; here it is the stream's end, after about 120 tries.
    Source: istio/istio, tests/integration/pilot/common/routing.go and traffic.go, and
    pkg/test/framework/components/echo/calloptions.go.
    """
    return _any_try(_istio(stream, declared))


def kubernetes(stream: Stream, declared: Shares) -> Flags:
    """Kubernetes's end-to-end test: every pod was seen once within the square of their number plus 30 requests.

    Source: kubernetes/kubernetes, test/e2e/framework/network/utils.go (MaxTries).
    """
    del declared
    return np.asarray((stream.first > 0).all(axis=-1))


def knative(stream: Stream, declared: Shares) -> Flags:
    """Knative's conformance: 200 requests, each answer at least 25 %, made for a split in halves.

    Source: knative/serving, test/conformance.go and test/conformance/api/v1/util.go.
    """
    del declared
    return _any_try(_attempts(stream, _KNATIVE_REQUESTS)[:1] >= floor(_KNATIVE_REQUESTS * _KNATIVE_LEAST))


def chi_square(stream: Stream, declared: Shares) -> Flags:
    """Textbook chi-square test at 5 %, on 1,500 requests over 100 kept-alive connections, as if each had chosen its pod."""
    requests = stream.blocks[0] * KEPT_ALIVE_REQUESTS
    expected = BLOCK * KEPT_ALIVE_REQUESTS * declared
    statistic = ((requests - expected) ** 2 / expected).sum(axis=-1)
    return np.asarray(statistic <= chdtri(declared.size - 1, _CHI_SQUARE_LEVEL))


Rule = Callable[[Stream, Shares], Flags]
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "Kubernetes e2e": kubernetes,
        "Istio": istio,
        "Knative": knative,
        "Gateway API": gateway,
        "Gateway API, mirror": mirror,
        "chi-square, kept alive": chi_square,
    }
)


def _istio(stream: Stream, declared: Shares) -> Flags:
    return np.asarray(np.abs(_attempts(stream, _ISTIO_REQUESTS) - _ISTIO_REQUESTS * declared) <= _ISTIO_TOLERANCE)


def _attempts(stream: Stream, requests: int) -> Counts:
    """Return the counts of as many tries of so many requests as the stream holds: axes try, run and pod."""
    blocks = requests // BLOCK
    tries = len(stream.blocks) // blocks
    return np.asarray(stream.blocks[: tries * blocks].reshape(tries, blocks, *stream.blocks.shape[1:]).sum(axis=1))


def _any_try(fits: Flags) -> Flags:
    """Return whether all pods fit in any of the tries: axes try, run and pod."""
    return np.asarray(fits.all(axis=-1).any(axis=0))
