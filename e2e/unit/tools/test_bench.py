"""The bench reads what each tool tells, takes the tools in turn, and shows medians with their spread."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from random import Random
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any, ClassVar

import pytest

from bench import __main__ as program
from bench import judge, verdict
from bench.judge import Cost, LookCost
from bench.picture import picture
from bench.places import Place, Target
from bench.programs import Programs
from bench.rounds import in_turn
from bench.runs import Run, other, ours
from bench.table import Compared, around, markdown
from bench.tools import OTHERS, WRK, Load, Spread, Told, Tool, read_ab, read_fortio, read_wrk
from bench.verdict import Decided, Verdicts
from calibration.others import gateway_requests
from evenly.errors import EvenlyError
from evenly.load.plan import LOAD_LIMIT_S

pytestmark = pytest.mark.slow

WRK_TOLD = """\
Running 1s test @ http://127.0.0.1:30000/bench/1
  1 threads and 20 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.37ms  762.83us   6.22ms   72.86%
    Req/Sec     7.92k   549.42     8.77k    80.00%
  Latency Distribution
     50%    1.25ms
     75%    1.72ms
     90%    2.32ms
     99%    3.86ms
  7892 requests in 1.01s, 1.80MB read
Requests/sec:   7850.31
Transfer/sec:      1.79MB
"""
AB_TOLD = """\
Benchmarking 127.0.0.1 (be patient)...Percentage served,Time in ms
0,0.352
50,2.515
99,5.262
..done


Server Software:        nginx/1.26.3
Concurrency Level:      20
Time taken for tests:   0.787 seconds
Complete requests:      6000
Failed requests:        0
Requests per second:    7620.81 [#/sec] (mean)

Percentage of the requests served within a certain time (ms)
  50%      3
  99%      5
"""
FORTIO_TOLD = """\
{
  "ActualQPS": 5497.327133579728,
  "ActualDuration": 1091439504,
  "DurationHistogram": {
    "Count": 6000,
    "Percentiles": [
      {"Percentile": 50, "Value": 0.003074074074074074},
      {"Percentile": 99, "Value": 0.015839701815789468}
    ]
  },
  "RetCodes": {"200": 6000},
  "ConnectionStats": {
    "Percentiles": [
      {"Percentile": 50, "Value": 0.001242914979757085},
      {"Percentile": 99, "Value": 0.007435897435897439}
    ]
  }
}
"""
LOAD = Load("bursts of 200 connections", 200, 1)


def run(rate: float, cpu_us: float = 50.0, errors: int = 0) -> Run:
    return Run(Told(1000, 1000 / rate, errors, whole=Spread(1.0, 2.0)), cpu_us / 1000, 1.5)


def test_what_wrk_tells_is_from_connected_to_answered() -> None:
    assert read_wrk(WRK_TOLD) == Told(7892, 1.01, 0, answer=Spread(1.25, 3.86))


@pytest.mark.parametrize(("shown", "ms"), [("602.00us", 0.602), ("1.25ms", 1.25), ("1.02s", 1020.0)])
def test_wrk_changes_its_units(shown: str, ms: float) -> None:
    told = read_wrk(WRK_TOLD.replace("1.25ms", shown))
    assert told.answer
    assert told.answer.p50_ms == pytest.approx(ms)


def test_errors_of_wrk_are_those_of_sockets_and_other_answers() -> None:
    more = "  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 50000\nRequests/sec:"
    assert read_wrk(WRK_TOLD.replace("Requests/sec:", more)).errors == 54321


def test_ab_tells_whole_attempts_finer_than_milliseconds() -> None:
    assert read_ab(AB_TOLD) == Told(6000, 0.787, 0, whole=Spread(2.515, 5.262))


def test_errors_of_ab_are_failed_requests_and_other_answers() -> None:
    told = AB_TOLD.replace("Failed requests:        0\n", "Failed requests:        3\nNon-2xx responses:      40\n")
    assert read_ab(told).errors == 43


def test_fortio_tells_whole_attempts_and_connecting() -> None:
    told = read_fortio(FORTIO_TOLD)
    assert (told.connections, told.errors) == (6000, 0)
    assert told.connections / told.seconds == pytest.approx(5497.327133579728)
    assert told.whole
    assert told.connect
    times_ms = (told.whole.p50_ms, told.whole.p99_ms, told.connect.p50_ms, told.connect.p99_ms)
    assert times_ms == pytest.approx((3.074, 15.840, 1.243, 7.436), abs=1e-3)


def test_errors_of_fortio_are_all_that_was_not_answered_with_200() -> None:
    assert read_fortio(FORTIO_TOLD.replace('{"200": 6000}', '{"200": 5990, "-1": 7, "503": 3}')).errors == 10


@pytest.mark.parametrize("read", [read_wrk, read_ab])
def test_a_report_that_is_not_understood_is_shown(read: Callable[[str], Told]) -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        read("unable to connect")


def test_every_tool_is_told_the_same_count_or_time() -> None:
    counted = {tool.name: tool.words(LOAD, "u") for tool in OTHERS}
    timed = {tool.name: tool.words(Load("", 0, 10), "u") for tool in OTHERS}
    assert all("200" in counted[name] and "200" not in timed[name] for name in ("ab", "fortio"))
    assert ("-d1s" in counted["wrk"], "-d10s" in timed["wrk"], "10s" in timed["fortio"]) == (True, True, True)
    assert timed["ab"].index("-t") < timed["ab"].index("-n")
    assert all("20" in "".join(words) for words in (*counted.values(), *timed.values()))


def test_the_cpu_of_a_program_is_counted_and_no_other(tmp_path: Path) -> None:
    busy = tmp_path / "busy"
    busy.write_text(f"#!/bin/sh\ni=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; cat <<END\n{WRK_TOLD}END\n")
    idle = tmp_path / "idle"
    idle.write_text(f"#!/bin/sh\ncat <<END\n{WRK_TOLD}END\n")
    runs = []
    for path in (busy, idle):
        path.chmod(0o755)
        programs = Programs({"wrk": path}, {})
        runs.append(other(WRK, programs, Target("127.0.0.1", 1), LOAD))
    assert [measured.told.connections for measured in runs] == [7892, 7892]
    assert 0 <= runs[1].cpu_s < runs[0].cpu_s
    assert runs[0].cpu_us == pytest.approx(runs[0].cpu_s / 7892 * 1e6)


CHANCE = Random(20261127)  # noqa: S311 - a simulation


class Pod(StreamRequestHandler):
    """Pods that answer by chance, and keep what they were asked; a single one a judge would soon find to be as declared."""

    asked: ClassVar[list[bytes]] = []
    uids: ClassVar[str] = "u"

    def handle(self) -> None:
        self.asked.append(self.rfile.readline().split()[1])
        uid = CHANCE.choice(self.uids)
        fields = {"pod": "p", "uid": uid, "node": "n", "connection": 1, "request": 1, "client": "c"}
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(fields).encode())


class Server(ThreadingTCPServer):
    """Lets more connections wait than a load makes at a time."""

    request_queue_size = 128


@contextmanager
def served() -> Iterator[Target]:
    with Server(("127.0.0.1", 0), Pod) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Target("127.0.0.1", server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def test_our_own_load_makes_all_its_connections_though_few_would_decide() -> None:
    with served() as target:
        measured = ours(target, Load("", 300, 1))
    assert (measured.told.connections, measured.told.errors) == (300, 0)
    assert {path for path in Pod.asked if path.startswith(b"/bench/")} == {b"/bench/%d" % n for n in range(1, 301)}
    assert 0 < measured.cpu_s < measured.program_cpu_s
    assert measured.told.whole is not None
    assert measured.told.connect is not None
    assert measured.told.connect.p50_ms < measured.told.whole.p50_ms < measured.told.whole.p99_ms


def test_tools_take_turns_and_every_second_round_goes_backwards() -> None:
    order: list[str] = []

    def measure(name: str) -> Callable[[], int]:
        def taken() -> int:
            order.append(name)
            return len(order)

        return taken

    results = in_turn({name: measure(name) for name in "abc"}, 3)
    assert "".join(order) == "abccbaabc"
    assert results == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


COMPARED = Compared(
    "a place",
    LOAD,
    {"evenly": [run(4000), run(9000), run(6000)], "wrk": [run(8000, 25), run(9000, 50), run(10000, 100, 7)]},
)
VERDICTS = Verdicts("a place", [Decided(0.9, 2300), Decided(0.7, 1900), Decided(1.1, 4800)], 540.0)
COST = Cost([LookCost(3, 20.4, 50)], 36.0, [])


def test_ratios_are_of_runs_in_the_same_round() -> None:
    assert COMPARED.of_wrk("evenly", lambda one: one.rate) == pytest.approx([0.5, 1.0, 0.6])


def test_a_row_shows_medians_and_the_least_and_the_most() -> None:
    [row, _] = [line for line in markdown([COMPARED], VERDICTS, COST).splitlines() if line.startswith("| evenly")]
    assert row == (
        "| evenly | 6,000 (4,000 to 9,000) | 0.60 (0.50 to 1.00) | 50 (50 to 50) | 1.00 (0.50 to 2.00) "
        "| - | - | 1.00 / 2.00 | 0 |"
    )
    assert around([3.0, 1.0, 2.25], 1) == "2.2 (1.0 to 3.0)"


def test_errors_are_added_up() -> None:
    assert "| 7 |\n" in markdown([COMPARED], VERDICTS, COST)
    assert "| 7 |\n" not in markdown([Compared("a place", LOAD, {"evenly": [run(1)], "wrk": [run(1)]})], VERDICTS, COST)


def test_a_verdict_is_beside_what_another_rule_needs_at_the_rate_of_the_fastest_tool() -> None:
    text = markdown([COMPARED], VERDICTS, COST)
    assert "| evenly | 0.90 (0.70 to 1.10) | 2,300 (1,900 to 4,800) |" in text
    assert "| Gateway API | 0.06 | 540 |" in text
    assert "at the rate of wrk." in text


@pytest.mark.parametrize(("pods", "problem"), [("abc", ""), ("aab", "is not even"), ("a", "one pod answers")])
def test_verdicts_are_taken_of_an_even_service_only(monkeypatch: pytest.MonkeyPatch, pods: str, problem: str) -> None:
    monkeypatch.setattr(verdict, "ROUNDS", 1)
    monkeypatch.setattr(Pod, "uids", pods)
    with served() as target, pytest.raises(EvenlyError, match=problem) if problem else nullcontext():
        verdicts = verdict.measure(Place("a place", lambda: nullcontext(target)))
        [found] = verdicts.ours
        assert found.connections > 1000
        assert 0 < found.seconds < LOAD_LIMIT_S
        assert verdicts.gateway_requests == pytest.approx(500, rel=0.15)


def test_a_rule_that_is_tried_again_sends_more_the_less_its_tries_fit() -> None:
    few, many = gateway_requests(2), gateway_requests(10)
    assert 500 < few < 520, "in halves 5 points are 2.24 standard deviations of 500, which 2.5 % go beyond"
    assert few > many > 500, "with more pods each share is smaller, and so is what it varies by"


@pytest.mark.parametrize("heavy", [[], ["numpy"]])
def test_the_judges_cost_is_beside_its_goal(heavy: list[str]) -> None:
    text = markdown([COMPARED], VERDICTS, Cost(COST.looks, 36.0, heavy))
    assert "| 3 | 20 | 50 |" in text
    assert f"it imports {'numpy' if heavy else 'nothing'}." in text


def test_the_picture_has_a_bar_for_each_tool_as_long_as_its_median() -> None:
    svg = ET.fromstring(picture([COMPARED]))  # noqa: S314 - our own
    ours_, wrk = (float(bar.attrib["width"]) for bar in svg.findall("{*}rect")[:2])
    assert ours_ / wrk == pytest.approx(6000 / 9000, abs=0.01)
    assert [text.text for text in svg.findall("{*}text") if text.text in {"6,000", "9,000"}] == ["6,000", "9,000"]


def test_a_look_costs_more_with_more_pods_and_the_import_brings_nothing_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "IMPORTS", 1)
    monkeypatch.setattr(judge, "LOOKS", 20)
    cost = judge.measure()
    assert cost.heavy == []
    assert 0 < cost.looks[0].us < cost.looks[1].us


def test_a_heavy_import_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "IMPORTS", 1)
    monkeypatch.setattr(judge, "LOOKS", 2)
    monkeypatch.setattr(judge, "IMPORT", judge.IMPORT.replace("import evenly.judge", "import evenly.judge, gevent"))
    assert judge.measure().heavy == ["gevent"]


@pytest.mark.parametrize("text", ["", "30000", "127.0.0.1:", "127.0.0.1:http"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(EvenlyError, match="is no target"):
        program.target_of(text)


def test_a_door_is_a_target_of_its_own_and_all_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def sent(target: Target, _: Load, workers: int = 1) -> Run:  # noqa: ARG001 - ours has them
        asked.append(str(target))
        return run(1000)

    def by_other(_: Tool, __: Programs, target: Target, load: Load) -> Run:
        return sent(target, load)

    monkeypatch.setattr(program, "fetch", lambda *_: Programs({}, {}))
    monkeypatch.setattr(program, "ours", sent)
    monkeypatch.setattr(program, "other", by_other)
    monkeypatch.setattr(program, "door", lambda target, _: Place("door", lambda: nullcontext(target)))
    monkeypatch.setattr(verdict, "measure", lambda place: replace(VERDICTS, place=place.name))
    monkeypatch.setattr(judge, "measure", lambda: COST)
    monkeypatch.setenv("EVENLY_CACHE", str(tmp_path / "cache"))
    program.main(tmp_path / "bench", program.target_of("127.0.0.1:30000"))
    assert asked == ["127.0.0.1:30000"] * 7 * 6
    found: Any = json.loads((tmp_path / "bench" / "table.json").read_text())
    assert [len(runs) for runs in found["loads"][0]["runs"].values()] == [7] * 6
    assert "door" in (tmp_path / "bench" / "table.md").read_text()
    assert (tmp_path / "bench" / "bench.svg").read_text().startswith("<svg")
