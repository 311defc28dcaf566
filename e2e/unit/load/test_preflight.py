import resource

import pytest

from evenly.errors import EvenlyError
from evenly.load.preflight import Limits, check, read_limits

ROOMY = Limits(ports=28_232, files=20_000, tracked_free=262_144)


def test_the_usual_load_fits_a_usual_machine() -> None:
    check(12_234, 20, ROOMY)
    check(12_234, 20, Limits(ports=None, files=resource.RLIM_INFINITY, tracked_free=None))


@pytest.mark.parametrize(
    ("limits", "cap", "clients", "said"),
    [
        (ROOMY, 100_000, 20, "300000 connection tracking entries"),
        (Limits(28_232, 1_024, None), 100, 1_000, "ulimit -Hn 1100"),
        (Limits(100, 20_000, None), 100, 101, "ip_local_port_range"),
    ],
)
def test_what_cannot_fit_is_refused_with_the_remedy(limits: Limits, cap: int, clients: int, said: str) -> None:
    with pytest.raises(EvenlyError, match=said):
        check(cap, clients, limits)


def test_this_machine_tells_its_limits() -> None:
    assert read_limits().files > 0
