"""Data planes whose truth is known, in front of real nginx, get the right verdict from the real load and judge. Needs root."""

import signal
from collections.abc import Callable, Sequence
from statistics import median

import pytest

from evenly.judge import round_robin, sticky
from evenly.load.client.process import CLIENTS
from evenly.load.plan import HOLD_RATE_PER_S
from planes import rules
from planes.bench import ADDRESSES, UNDISTURBED, Bench, Plane
from planes.conftest import Measure
from planes.judged import Judged, contradicts
from planes.rules import DOOR, DOOR_PORT, Rules
from planes.servers import PORT

Slots = Sequence[int]

# Of 600, so that a third is 200 and a point is 6.
EVEN = (200, 200, 200)
UNEVEN = {
    "5 points more": (230, 185, 185),
    "5 points less": (170, 215, 215),
    "10 points more": (260, 170, 170),
}
GREY = {
    "2 points more": (212, 194, 194),
    "3 points more": (218, 191, 191),
}

EVEN_FOR = 3_000  # connections: more than usual until PASS
HOLD_S = 4.0  # at 500 a second that reaches beyond them from wherever PASS came, or FAIL came first

PODS = f"upstream pods {{ random; {' '.join(f'server {pod}:{PORT};' for pod in ADDRESSES)} }}"
FORWARD = "proxy_pass http://pods;"
CACHE = "proxy_cache_path /tmp/cache keys_zone=answers:1m;"
CACHED = "proxy_cache answers; proxy_cache_key all; proxy_cache_valid 1h;"
AGAIN = "location = /again { internal; proxy_pass http://pods$request_uri; }"

SLOW_MS = 5
SLOW_DOOR = "127.0.0.14"
# The only pause that nginx knows is before it says no; then it asks the pod after all. It counts from the last whole ms.
SLOW = f"""
    auth_basic slow;
    auth_basic_user_file /dev/null;
    auth_delay {SLOW_MS + 1}ms;
    error_page 401 = @pod;
    location / {{ }}
    location @pod {{ auth_basic off; proxy_pass http://{ADDRESSES[-1]}:{PORT}; }}
"""


def by_nftables(slots: Slots) -> Rules:
    return rules.nftables(ADDRESSES, PORT, slots)


def by_iptables(slots: Slots) -> Rules:
    return rules.iptables(ADDRESSES, PORT, rules.in_turn(slots))


each_kind = pytest.mark.parametrize("kind", [by_nftables, by_iptables], ids=["nftables", "iptables"])
Kind = Callable[[Slots], Rules]


@each_kind
def test_an_even_plane_passes(measure: Measure, kind: Kind) -> None:
    assert set(measure(Plane(kind(EVEN)), EVEN).verdicts) == {"PASS"}


@each_kind
@pytest.mark.parametrize("slots", UNEVEN.values(), ids=UNEVEN)
def test_a_bias_of_delta_or_more_fails(measure: Measure, kind: Kind, slots: Slots) -> None:
    assert set(measure(Plane(kind(slots)), slots).verdicts) == {"FAIL (shares)"}


@each_kind
@pytest.mark.parametrize("slots", GREY.values(), ids=GREY)
def test_a_smaller_bias_is_not_taken_for_a_fault_of_the_run(measure: Measure, kind: Kind, slots: Slots) -> None:
    assert set(measure(Plane(kind(slots)), slots).verdicts) <= {"PASS", "FAIL (shares)", "INCONCLUSIVE (undecided)"}


def test_a_chain_that_gives_every_rule_the_same_chance_fails(measure: Measure) -> None:
    chain = rules.iptables(ADDRESSES, PORT, [1 / 3, 1 / 3, 1])
    assert set(measure(Plane(chain), truth=(3, 2, 4)).verdicts) == {"FAIL (shares)"}


def test_a_dead_pod_fails(measure: Measure, bench: Bench) -> None:
    plane = Plane(by_nftables(EVEN), down=[list(bench.pods)[-1]])
    assert set(measure(plane, truth=(1, 1, 0)).verdicts) == {"FAIL (errors)"}


def test_round_robin_is_even_by_its_shares_and_fails_by_its_order(measure: Measure) -> None:
    measured = measure(Plane(rules.nftables(ADDRESSES, PORT, (1, 1, 1), way=rules.INC)), EVEN)
    assert set(measured.verdicts) == {"FAIL (order)"}
    assert [load.counts for load in measured.loads if max(load.counts) - min(load.counts) > 1] == []


def test_round_robin_passes_where_it_is_declared_and_chance_does_not(measure: Measure) -> None:
    turns = Plane(rules.nftables(ADDRESSES, PORT, (1, 1, 1), way=rules.INC), law=round_robin)
    assert set(measure(turns, EVEN).verdicts) == {"PASS"}
    assert set(measure(Plane(by_nftables(EVEN), law=round_robin), EVEN).verdicts) == {"FAIL (turn)"}


def test_clients_that_stay_pass_where_it_is_declared_and_chance_does_not(measure: Measure) -> None:
    staying = rules.nftables(ADDRESSES, PORT, EVEN, way=rules.BY_SOURCE)
    assert set(measure(Plane(staying, law=sticky)).verdicts) == {"PASS"}
    assert set(measure(Plane(by_nftables(EVEN), law=sticky), EVEN).verdicts) == {"FAIL (move)"}


def test_a_client_that_stays_is_no_spread_of_its_connections(measure: Measure) -> None:
    staying = rules.nftables(ADDRESSES, PORT, EVEN, way=rules.BY_SOURCE)
    assert set(measure(Plane(staying)).verdicts) == {"FAIL (shares)"}


def test_a_plane_that_changes_after_pass_fails_while_it_is_held(measure: Measure) -> None:
    changing = rules.changing(ADDRESSES, PORT, EVEN, after=EVEN_FOR)
    held = measure(Plane(changing, hold_s=HOLD_S))
    assert set(held.verdicts) == {"FAIL (drift)"}
    assert all(EVEN_FOR < load.verdict.connections <= EVEN_FOR + 200 for load in held.loads)


def test_an_even_plane_passes_and_goes_on_passing_while_it_is_held(measure: Measure) -> None:
    held = measure(Plane(by_nftables(EVEN), hold_s=HOLD_S), EVEN)
    assert set(held.verdicts) == {"PASS"}
    for load in held.loads:
        assert len(load.reconciled.rows) == pytest.approx(load.verdict.connections + HOLD_S * HOLD_RATE_PER_S, abs=CLIENTS)


def test_of_a_pod_that_is_killed_every_attempt_is_accounted_for(measure: Measure, bench: Bench) -> None:
    killed, *left = bench.pods
    measured = measure(Plane(by_nftables(EVEN), struck=(killed, signal.SIGKILL)))
    assert set(measured.verdicts) == {"FAIL (errors)"}
    for load in measured.loads:
        assert [row.number for row in load.reconciled.rows] == list(range(1, len(load.reconciled.rows) + 1))
        assert load.reconciled.errors.keys() <= {"refused", "reset", "bad response"}
        assert load.reconciled.discrepancies == ()
        others = [row for row in load.reconciled.rows if row.uid in left]
        assert all(load.reconciled.logged[row.number] == (row.uid,) for row in others)


def test_of_a_pod_that_hangs_every_attempt_is_accounted_for(measure: Measure, bench: Bench) -> None:
    measured = measure(Plane(by_nftables(EVEN), struck=(next(iter(bench.pods)), signal.SIGSTOP)))
    assert set(measured.verdicts) == {"FAIL (errors)"}
    for load in measured.loads:
        assert load.reconciled.errors.keys() == {"time-out in response"}
        assert load.reconciled.discrepancies == ()


def test_of_a_load_that_is_interrupted_every_attempt_is_accounted_for(measure: Measure) -> None:
    measured = measure(Plane(by_nftables(EVEN), stopped=True))
    for load in measured.loads:
        assert load.reconciled.discrepancies == ()
        assert load.reconciled.errors == {}
        assert load.reconciled.logged_once == len(load.reconciled.rows) >= UNDISTURBED


def test_a_slow_pod_is_no_bias(measure: Measure, bench: Bench) -> None:
    door = bench.servers.proxy(SLOW_DOOR, PORT, SLOW)
    measured = measure(Plane(rules.nftables((*ADDRESSES[:-1], SLOW_DOOR), PORT, EVEN), proxies=[door]), EVEN)
    assert set(measured.verdicts) == {"PASS"}
    for load in measured.loads:
        *others, slow = (usual_ms(load, uid) for uid in bench.pods)
        assert slow >= max(SLOW_MS, *others)


def test_a_proxy_that_only_forwards_passes(measure: Measure, bench: Bench) -> None:
    proxy = bench.servers.proxy(DOOR, DOOR_PORT, f"location / {{ {FORWARD} }}", PODS)
    assert set(measure(Plane(proxies=[proxy]), EVEN).verdicts) == {"PASS"}


def test_a_proxy_that_answers_from_its_cache_is_found_in_the_books(measure: Measure, bench: Bench) -> None:
    proxy = bench.servers.proxy(DOOR, DOOR_PORT, f"location / {{ {FORWARD} {CACHED} }}", PODS + CACHE)
    measured = measure(Plane(proxies=[proxy]))
    assert set(measured.verdicts) == {"INVALID (unreconciled)"}
    assert all("in no pod's log" in load.reconciled.discrepancies[0] for load in measured.loads)


def test_a_proxy_that_sends_twice_is_found_in_the_books(measure: Measure, bench: Bench) -> None:
    proxy = bench.servers.proxy(DOOR, DOOR_PORT, f"location / {{ mirror /again; {FORWARD} }} {AGAIN}", PODS)
    measured = measure(Plane(proxies=[proxy]))
    assert set(measured.verdicts) == {"INVALID (unreconciled)"}
    assert all("more than once" in load.reconciled.discrepancies[0] for load in measured.loads)


def test_counts_that_another_truth_would_not_give_are_noticed(bench: Bench) -> None:
    assert contradicts(bench.load(Plane(by_nftables(EVEN))).counts, UNEVEN["10 points more"])


def usual_ms(load: Judged, uid: str) -> float:
    """Return the median time of a pod's answers, in milliseconds."""
    return median(row.response_us / 1000 for row in load.reconciled.rows if row.uid == uid and row.response_us is not None)
