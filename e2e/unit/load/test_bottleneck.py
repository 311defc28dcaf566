import os
from dataclasses import fields, replace

import pytest

from evenly.load.bottleneck import Finding, Found, findings, found_since
from evenly.load.host import HostActivity, HostCounters, NetworkCounts

QUIET = HostActivity(2.0, NetworkCounts(0, 0, 0, 0, 0, 0, 0, 0), 0.5, 0.5)


def seen(**network: int) -> HostActivity:
    return replace(QUIET, network=replace(QUIET.network, **network))


def what(found: tuple[Finding, ...]) -> list[Found]:
    return [finding.what for finding in found]


def test_a_quiet_host_has_nothing_to_tell() -> None:
    assert findings(QUIET) == ()
    assert findings(replace(QUIET, client_core_share=0.95, idle_share=0.02)) == ()


@pytest.mark.parametrize(
    ("activity_seen", "found", "said"),
    [
        (replace(QUIET, client_core_share=0.96), Found.CLIENT_BUSY, "96% of a core"),
        (replace(QUIET, idle_share=0.019), Found.HOST_BUSY, "1.9% of its CPU time was idle"),
        (seen(syns_sent_again=1, segments_sent_again=1), Found.SYNS_LOST, "sent again: 1."),
        (seen(refused_by_time_wait=2), Found.TIME_WAIT, "TIME_WAIT: 2."),
        (seen(listen_drops=1_200, listen_overflows=1_100), Found.LISTEN_QUEUE_FULL, "was full: 1,200."),
        (seen(tracked_dropped=9), Found.TRACKING_FULL, "was full: 9."),
        (seen(tracked_early_dropped=9), Found.TRACKING_FULL, "was full: 9."),
        (seen(tracked_insert_failed=9, tracked_dropped=9), Found.TRACKING_CLASHED, "tracking: 9."),
    ],
)
def test_each_thing_that_holds_a_load_up_is_named_with_a_remedy(activity_seen: HostActivity, found: Found, said: str) -> None:
    [finding] = findings(activity_seen)
    assert finding.what is found
    assert said in finding.sentence
    assert finding.remedy


def test_a_full_host_only_informs() -> None:
    [host_busy] = findings(replace(QUIET, idle_share=0.0))
    assert host_busy.only_informs
    [client_busy] = findings(replace(QUIET, client_core_share=1.0))
    assert not client_busy.only_informs


def test_everything_at_once_is_told_once_each() -> None:
    everything = HostActivity(1.0, NetworkCounts(*[2] * len(fields(NetworkCounts))), 1.0, 0.0)
    assert what(findings(everything)) == list(Found)


def test_the_busiest_process_of_a_load_is_the_one_that_is_told_of() -> None:
    now = HostCounters.read(os.getpid())
    assert now
    before = replace(now, at_ns=now.at_ns - 10_000_000_000)
    assert not [one for one in found_since(before, [3.0, 9.0]) if Found.CLIENT_BUSY.value in one.lower()]
    [told] = [one for one in found_since(before, [3.0, 9.7]) if Found.CLIENT_BUSY.value in one.lower()]
    assert "97% of a core" in told
