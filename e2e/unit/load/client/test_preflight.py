import re
import resource
import socket
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.errors import EvenlyError
from evenly.load.client.preflight import Limits, check, connections_in, entries, read_limits

ROOMY = Limits(ports=28_232, files=20_000, tracked_free=262_144)
SHORT_STAY = Limits(ports=28_232, files=20_000, tracked_free=96_984, tracked_stay_s=10)  # for 500 a second, 81 s
UNKNOWN = Limits(ports=None, files=resource.RLIM_INFINITY, tracked_free=None)

ports = st.none() | st.integers(0, 60_000)


@pytest.mark.parametrize(
    ("made", "ports", "taken"),
    [(0, 28_232, 0), (20_000, 28_232, 60_000), (28_232, 28_232, 84_696), (150_000, 28_232, 206_464), (150_000, None, 450_000)],
)
def test_ports_of_this_machine_and_their_entries_are_used_again(made: int, ports: int | None, taken: int) -> None:
    assert entries(made, ports) == taken


@given(st.integers(0, 1_000_000), ports)
def test_as_many_connections_find_room_as_take_no_more_than_there_is(free: int, ports: int | None) -> None:
    most = connections_in(free, ports)
    assert entries(most, ports) <= free < entries(most + 1, ports)


@pytest.mark.parametrize("limits", [ROOMY, UNKNOWN])
@pytest.mark.parametrize("rate_per_s", [0, 0.1, 400, 1e9])
def test_the_usual_load_fits_a_usual_machine_at_full_speed_and_at_any_other(limits: Limits, rate_per_s: float) -> None:
    check(12_234, 20, limits, rate_per_s=rate_per_s)


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


@pytest.mark.parametrize(("clients", "said"), [(1_000, "ulimit -Hn 1100"), (28_233, "ip_local_port_range")])
def test_no_rate_makes_up_for_files_and_ports_that_clients_need_at_a_time(clients: int, said: str) -> None:
    with pytest.raises(EvenlyError, match=said):
        check(1, clients, Limits(28_232, 1_024, None), rate_per_s=1)


def test_this_machine_tells_its_limits() -> None:
    assert read_limits().files > 0


def test_without_limits_those_of_this_machine_count() -> None:
    check(1, 1)
    with pytest.raises(EvenlyError, match=r"100000000 clients need"):
        check(1, 100_000_000)


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


def test_full_speed_ends_where_the_entries_do() -> None:
    check(205_680, 20, ROOMY)
    with pytest.raises(EvenlyError, match="262145 connection tracking entries, and 262144 are free"):
        check(205_681, 20, ROOMY)


def test_each_address_has_the_ports() -> None:
    limits = Limits(28_232, 20_000, tracked_free=84_800)
    check(28_300, 20, limits, addresses=1)  # 84,764 entries: some ports are used again, and their entries, too
    with pytest.raises(EvenlyError, match="84900 connection tracking entries"):
        check(28_300, 20, limits, addresses=2)


def test_what_comes_after_the_verdict_needs_room_too() -> None:
    check(205_000, 20, ROOMY, hold=680)
    with pytest.raises(EvenlyError, match="up to 205681 connections need 262145 connection tracking entries"):
        check(205_000, 20, ROOMY, hold=681)


@pytest.mark.parametrize(
    ("rate_per_s", "suggested"), [(0, "--rate 500/s, for"), (800, "--rate 500/s (in a test, rate_per_s=500), for")]
)
def test_a_load_that_is_too_fast_is_refused_and_told_the_rate_that_fits(rate_per_s: float, suggested: str) -> None:
    with pytest.raises(EvenlyError) as refused:
        check(50_000, 20, SHORT_STAY, rate_per_s=rate_per_s)
    assert refused.value.problem == "up to 50000 connections need 106464 connection tracking entries, and 96984 are free"
    assert refused.value.remedy.startswith(
        f"send fewer a second: {suggested} up to 100 s, or plan fewer connections, or wait 3 min"
    )


@given(st.integers(1, 200_000), st.integers(300, 150_000), st.integers(0, 20_000), st.booleans())
def test_at_the_rate_that_a_refusal_suggests_the_load_fits(cap: int, free: int, in_time_wait: int, client_closes: bool) -> None:  # noqa: FBT001 - a case
    limits = Limits(28_232, 20_000, free, in_time_wait)
    try:
        check(cap, 20, limits, client_closes=client_closes)
    except EvenlyError as refused:
        suggested = re.match(r"send fewer a second: --rate (\d+)/s", refused.remedy)
    else:
        return
    if suggested:
        check(cap, 20, limits, rate_per_s=int(suggested[1]), client_closes=client_closes)
        with pytest.raises(EvenlyError):
            check(cap, 20, limits, rate_per_s=int(suggested[1]) + 1, client_closes=client_closes)
    else:
        with pytest.raises(EvenlyError):
            check(cap, 20, limits, rate_per_s=1, client_closes=client_closes)


def test_where_no_rate_fits_none_is_suggested() -> None:
    with pytest.raises(EvenlyError, match="300 connection tracking entries, and 60 are free") as refused:
        check(100, 20, Limits(28_232, 20_000, tracked_free=60))
    assert refused.value.remedy.startswith("plan fewer connections, or wait 3 minutes")


def test_where_the_client_closes_first_its_ports_limit_the_load() -> None:
    limits = Limits(28_232, 20_000, tracked_free=None, in_time_wait=212)
    check(30_000, 20, limits)  # the server keeps them
    check(28_020, 20, limits, client_closes=True)
    with pytest.raises(EvenlyError, match="30000 local ports, and 28020 are free") as refused:
        check(30_000, 20, limits, client_closes=True)
    assert "--rate 394/s" in refused.value.remedy, "28,000 in 71 s"


def test_all_that_is_short_is_named_and_the_scarcest_sets_the_rate() -> None:
    limits = Limits(1_000, 20_000, tracked_free=3_000)
    with pytest.raises(EvenlyError, match=r"5000 local ports, and 1000 are free and 7000 .* 3000 are free") as refused:
        check(5_000, 20, limits, client_closes=True)
    assert "--rate 5/s" in refused.value.remedy, "980 in 191 s; the ports would bear 980 in 71 s"
    assert "ip_local_port_range" in refused.value.remedy
    assert "nf_conntrack_max" in refused.value.remedy
