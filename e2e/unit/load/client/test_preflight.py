import resource
import socket
import sys

import pytest

from evenly.errors import EvenlyError
from evenly.load.client.preflight import Fit, Limits, check, fit, read_limits

ROOMY = Limits(ports=28_232, files=20_000, tracked_free=262_144)
SHORT_STAY = Limits(ports=28_232, files=20_000, tracked_free=96_984, tracked_stay_s=10)  # for 500 a second, 81 s
UNKNOWN = Limits(ports=None, files=resource.RLIM_INFINITY, tracked_free=None)


def test_the_usual_load_fits_a_usual_machine() -> None:
    check(12_234, 20, ROOMY)
    check(12_234, 20, UNKNOWN)


@pytest.mark.parametrize(
    ("limits", "cap", "clients", "said"),
    [
        (ROOMY, 300_000, 20, "356464 connection tracking entries, and 262144 are free"),
        (Limits(28_232, 1_024, None), 100, 1_000, "ulimit -Hn 1100"),
        (Limits(100, 20_000, None), 100, 101, "ip_local_port_range"),
    ],
)
def test_what_cannot_fit_is_refused_with_the_remedy(limits: Limits, cap: int, clients: int, said: str) -> None:
    with pytest.raises(EvenlyError, match=said):
        check(cap, clients, limits)
    with pytest.raises(EvenlyError, match=said):
        fit(cap, clients, limits)


def test_this_machine_tells_its_limits() -> None:
    assert read_limits().files > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_ports_that_wait_out_their_minute_are_counted() -> None:
    before = read_limits().in_time_wait
    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(20):
            client = socket.create_connection(server.getsockname())
            accepted, _address = server.accept()
            client.close()
            accepted.recv(1)
            accepted.close()
    assert read_limits().in_time_wait >= before + 10  # other connections may end theirs meanwhile


def test_what_fits_goes_at_full_speed_and_says_what_it_needs() -> None:
    assert fit(12_234, 20, ROOMY) == Fit(
        None, "up to 12234 connections fit at full speed: they need 36702 of 262144 free connection tracking entries"
    )
    assert fit(12_234, 20, UNKNOWN) == Fit(None, "up to 12234 connections fit at full speed")


@pytest.mark.parametrize(("addresses", "entries"), [(1, 84_764), (2, 84_900)])
def test_each_address_has_the_ports(addresses: int, entries: int) -> None:
    assert f"they need {entries} of 262144" in fit(28_300, 20, ROOMY, addresses=addresses).sentence


@pytest.mark.parametrize(("cap", "limit"), [(205_680, True), (205_681, False)])
def test_full_speed_ends_where_the_entries_do(cap: int, limit: bool) -> None:  # noqa: FBT001 - whether it fits
    assert (fit(cap, 20, ROOMY, limit_s=1_000).rate_limit_per_s is None) == limit


def test_connections_that_outlast_the_room_go_at_a_pace_that_fits() -> None:
    found = fit(50_000, 20, SHORT_STAY, limit_s=100)
    assert found.rate_limit_per_s == pytest.approx(500)
    assert found.sentence == (
        "up to 50000 connections fit at 500.0 a second: "
        "all at once they need 106464 connection tracking entries, and 96984 are free"
    )


def test_a_pace_that_fits_but_takes_too_long_is_refused() -> None:
    assert fit(50_000, 20, SHORT_STAY, limit_s=100).rate_limit_per_s
    with pytest.raises(EvenlyError, match=r"500\.0 a second, they take longer than 100 s"):
        fit(50_001, 20, SHORT_STAY, limit_s=100)


def test_what_comes_after_the_verdict_needs_room_too() -> None:
    assert fit(205_000, 20, ROOMY, hold=680).rate_limit_per_s is None
    with pytest.raises(EvenlyError, match="262145 connection tracking entries"):
        fit(205_000, 20, ROOMY, hold=681)


def test_where_the_client_closes_first_its_ports_limit_the_load() -> None:
    limits = Limits(28_232, 20_000, tracked_free=None, in_time_wait=212)
    assert fit(30_000, 20, limits).rate_limit_per_s is None, "the server keeps them"
    assert fit(28_020, 20, limits, client_closes=True).rate_limit_per_s is None
    found = fit(30_000, 20, limits, client_closes=True, limit_s=77)
    assert found.rate_limit_per_s == pytest.approx(28_000 / 71)
    with pytest.raises(EvenlyError, match="30000 local ports, and 28020 are free"):
        fit(30_000, 20, limits, client_closes=True, limit_s=76)


def test_a_load_that_cannot_be_paced_is_refused_where_a_pace_would_fit() -> None:
    with pytest.raises(EvenlyError, match="106464 connection tracking entries"):
        check(50_000, 20, SHORT_STAY)


def test_all_that_is_short_is_named() -> None:
    limits = Limits(1_000, 20_000, tracked_free=3_000)
    with pytest.raises(EvenlyError, match=r"5000 local ports, and 1000 are free and 7000 .* 3000 are free") as refused:
        fit(5_000, 20, limits, client_closes=True)
    assert "ip_local_port_range" in refused.value.remedy
    assert "nf_conntrack_max" in refused.value.remedy
