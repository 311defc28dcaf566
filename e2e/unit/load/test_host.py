import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from evenly.load import host
from evenly.load.host import HostCounters, NetworkCounts, activity

SNMP = """\
Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm MaxConn OutSegs RetransSegs InErrs
Tcp: 1 -1 2936242 {again} 0
Udp: InDatagrams
Udp: 5
"""
NETSTAT = """\
TcpExt: PAWSEstab PAWSTimewait ListenOverflows ListenDrops TCPSynRetrans
TcpExt: 4 {paws} {overflows} {drops} {syns}
IpExt: InOctets
IpExt: 77
"""
TRACKED = """\
entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error
00000004  00000000 00000000 00000000 0000006d 00000000 00000000 00000000 00000000 {0} {1} {2} 00000000
00000004  00000000 00000000 00000000 00000073 00000000 00000000 00000000 00000000 {3} {4} {5} 00000000
"""
STAT = "cpu  {user} 0 100 {idle} {iowait} 0 0 0 {user} 0\ncpu0 1 2 3\nbtime 5\n"
OWN_STAT = "42 (a) b) R 1 42 42 0 -1 4194304 100 0 0 0 {user} {system} 7777 7777 20 0 1 0 5000 1 1\n"


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(host, "_PROC", tmp_path)
    (tmp_path / "42/net/stat").mkdir(parents=True)
    return tmp_path


def count(
    proc: Path, *, tcp: tuple[int, ...], tracked: tuple[str, ...], own: tuple[int, int], cpu: tuple[int, int, int]
) -> None:
    names = ("again", "paws", "overflows", "drops", "syns")
    numbers = dict(zip(names, tcp, strict=True))
    (proc / "42/net/snmp").write_text(SNMP.format(**numbers))
    (proc / "42/net/netstat").write_text(NETSTAT.format(**numbers))
    (proc / "42/net/stat/nf_conntrack").write_text(TRACKED.format(*tracked))
    (proc / "42/stat").write_text(OWN_STAT.format(user=own[0], system=own[1]))
    (proc / "stat").write_text(STAT.format(user=cpu[0], idle=cpu[1], iowait=cpu[2]))


def read() -> HostCounters:
    counters = HostCounters.read(42)
    assert counters
    return counters


def test_the_difference_of_two_readings_is_what_the_kernel_counted_between_them(proc: Path) -> None:
    none = ("00000000",) * 3
    count(proc, tcp=(1, 2, 3, 4, 5), tracked=(*none, "0000000a", "00000010", "ffffffff"), own=(100, 50), cpu=(1000, 600, 50))
    before = read()
    count(
        proc,
        tcp=(11, 22, 33, 44, 55),
        tracked=("00000001", "00000100", "00000000", "0000000a", "00000010", "00000004"),
        own=(160, 90),
        cpu=(1100, 650, 70),
    )
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    between = activity(before, replace(read(), at_ns=before.at_ns + 4_000_000_000))
    assert between.seconds == 4
    assert between.network == NetworkCounts(
        segments_sent_again=10,
        refused_by_time_wait=20,
        listen_overflows=30,
        listen_drops=40,
        syns_sent_again=50,
        tracked_insert_failed=1,
        tracked_dropped=256,
        tracked_early_dropped=5,  # from ffffffff over the end
    )
    assert between.client_core_share == pytest.approx(100 * tick_s / 4)
    assert between.idle_share == pytest.approx(70 / 170)


def test_a_host_that_tracks_nothing_dropped_nothing(proc: Path) -> None:
    count(proc, tcp=(1, 2, 3, 4, 5), tracked=("00000001",) * 6, own=(1, 1), cpu=(1, 1, 1))
    (proc / "42/net/stat/nf_conntrack").unlink()
    assert read().network == NetworkCounts(1, 5, 4, 3, 2, 0, 0, 0)


def test_there_are_no_counters_of_a_process_that_has_ended_or_of_another_system(proc: Path) -> None:
    assert HostCounters.read(43) is None
    assert not (proc / "43").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts")
def test_this_kernel_has_every_counter_under_the_name_that_is_read() -> None:
    assert HostCounters.read(os.getpid())
    names = Path("/proc/net/netstat").read_text().splitlines()[0].split()
    assert {"TCPSynRetrans", "ListenDrops", "ListenOverflows", "PAWSTimewait"} <= set(names)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts")
def test_a_listen_queue_that_overflows_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        before = HostCounters.read(os.getpid())
        clients = [socket.socket() for _ in range(3)]
        for client in clients:
            client.settimeout(0)
            client.connect_ex(server.getsockname())
        after = HostCounters.read(os.getpid())
        for client in clients:
            client.close()
    assert before
    assert after
    network = activity(before, after).network
    assert max(network.listen_drops, network.listen_overflows) > 0
