"""The picture of a request's way ends where the record does, and leads to the pods that the rule may pick."""

import re
from dataclasses import replace

import pytest

from evenly.judge import Word
from evenly.report import render
from evenly.report.charts.request_path import Address, Reach, path_picture
from evenly.report.text.markup import plain
from evenly.results.schema import Attachment, HopRecord, PathRecord, TargetRecord, TestRecord
from unit.factories import RunOf

HOPS = (
    HopRecord("client", "127.0.0.1:41234", "127.0.0.1:41234 -> 127.0.0.1:30000"),
    HopRecord("node", "172.18.0.3:30000", "172.18.0.1:41234 -> 172.18.0.3:30000"),
    HopRecord("rule", "10.96.1.2:8080", "KUBE-SVC-X -> 10.244.2.5:8080"),
    HopRecord("pod", "10.244.2.5:8080", "backend-app-5f-q8zcd on worker2"),
    HopRecord("back", "172.18.0.3:9999", "10.244.2.5:8080 -> 172.18.0.3:9999"),
    HopRecord("answer", "127.0.0.1:41234", "127.0.0.1:30000 -> 127.0.0.1:41234"),
)
TARGETS = (
    TargetRecord("10.244.1.7:8080", "backend-app-5f-k7m2p", "worker", 0.2, taken=False),
    TargetRecord("10.244.2.5:8080", "backend-app-5f-q8zcd", "worker2", 0.4, taken=True),
    TargetRecord("10.244.2.6:8080", "backend-app-5f-w4n9x", "worker2", 0.4, taken=False),
)
WHOLE = PathRecord("control-plane", "spring-service:http", HOPS, TARGETS, "172.18.0.3")
REFUSED = replace(WHOLE, hops=HOPS[:3], seen_client="", reason="Connection refused")
UNTAKEN = tuple(replace(target, taken=False) for target in TARGETS)


def reaches(record: PathRecord) -> list[str]:
    return [station.reach.value for station in path_picture(record).stations]


def page_of(run_of: RunOf, record: PathRecord | None) -> str:
    test = TestRecord("e2e/test_a.py::test_it", (6,), "It.", Word.PASS, 1.0, (Attachment("The way", "client  a -> b", record),))
    return render(run_of(tests=[test])).page.read_text()


def test_a_whole_way_has_five_stations_with_what_is_known_of_each() -> None:
    stations = path_picture(WHOLE).stations
    assert [(station.title, station.reach) for station in stations] == [
        (title, Reach.SEEN) for title in ("Client", "Node", "Service", "Pod", "Answer")
    ]
    assert [station.at for station in stations] == [
        Address("127.0.0.1:41234"),
        Address("172.18.0.3:", "30000"),
        Address("10.96.1.2:", "8080"),
        None,
        Address("127.0.0.1:41234"),
    ]
    assert [len(station.ways) for station in stations] == [1, 1, 1, 0, 2]
    assert plain(stations[2].told).endswith("It picks one of three pods by chance.")
    assert plain(stations[3].told).startswith("backend-app-5f-q8zcd on worker2 answers")
    assert "172.18.0.3 for its client" in plain(stations[3].told)


def test_ports_are_told_also_where_two_have_the_same_number() -> None:
    assert plain(path_picture(WHOLE).ports) == "30000 → 8080 → 8080"


def test_the_fan_has_what_the_rule_gives_and_the_way_goes_on_from_the_pod_that_was_picked() -> None:
    picture = path_picture(WHOLE)
    assert [(t.at, t.name, t.share, t.picked) for t in picture.targets] == [
        (Address("10.244.1.7:", "8080"), "k7m2p", "20.0 %", ""),
        (Address("10.244.2.5:", "8080"), "q8zcd", "40.0 %", "picked"),
        (Address("10.244.2.6:", "8080"), "w4n9x", "40.0 %", ""),
    ]
    ends = [[float(number) for number in re.findall(r"[\d.]+", target.fan)] for target in picture.targets]
    assert [end[-1] for end in ends] == [50, 94, 138], "a row each, 44 pixels high"
    begins = {tuple(end[:2]) for end in ends}
    back = [float(number) for number in re.findall(r"[\d.]+", picture.back)]
    assert begins == {(0, back[-1])}, "all leave the line, which the answer comes back to"
    assert back[1] == 94


@pytest.mark.parametrize(
    ("hops", "reach"),
    [
        (1, ["seen", "end", "beyond", "beyond", "beyond"]),
        (2, ["seen", "seen", "end", "beyond", "beyond"]),
        (3, ["seen", "seen", "seen", "end", "beyond"]),
        (4, ["seen", "seen", "seen", "seen", "end"]),
    ],
)
def test_a_way_ends_at_the_first_station_that_it_did_not_come_to(hops: int, reach: list[str]) -> None:
    record = replace(REFUSED, hops=HOPS[:hops])
    assert reaches(record) == reach
    told = {station.reach: plain(station.told) for station in path_picture(record).stations}
    assert told[Reach.END] == "It ends here: Connection refused"
    assert told.get(Reach.BEYOND, "") == ""


def test_from_a_pod_that_did_not_answer_nothing_leads_on() -> None:
    assert path_picture(REFUSED).back == ""
    assert path_picture(REFUSED).targets[1].picked == "picked"


def test_where_nobody_counted_each_pod_is_only_perhaps_the_one() -> None:
    perhaps = replace(REFUSED, targets=tuple(replace(target, taken=True) for target in TARGETS))
    assert {target.picked for target in path_picture(perhaps).targets} == {"perhaps picked"}


def test_a_request_that_came_to_no_node_used_no_port_and_picked_no_pod(run_of: RunOf) -> None:
    record = replace(REFUSED, hops=HOPS[:1], targets=UNTAKEN)
    assert path_picture(record).ports == ()
    html = page_of(run_of, record)
    assert "Underlined" not in html
    assert "In percent" in html
    assert "· picked" not in html


def test_where_no_chance_decides_nothing_is_said_of_it(run_of: RunOf) -> None:
    record = replace(WHOLE, targets=tuple(replace(target, share=None) for target in TARGETS))
    assert plain(path_picture(record).stations[2].told).endswith("It picks one of three pods.")
    assert "In percent" not in page_of(run_of, record)
    alone = replace(record, targets=record.targets[1:2])
    assert plain(path_picture(alone).stations[2].told).endswith("It has one pod to pick.")


def test_of_many_pods_a_few_are_drawn_with_the_one_that_was_picked(run_of: RunOf) -> None:
    many = tuple(
        TargetRecord(f"10.244.3.{i}:8080", f"backend-app-5f-p{i:04}", "worker", 0.01, taken=i == 90) for i in range(100)
    )
    picture = path_picture(replace(WHOLE, targets=many))
    assert [target.name for target in picture.targets] == [*(f"p{i:04}" for i in range(7)), "p0090"]
    assert picture.others == 92
    assert "and 92 more" in page_of(run_of, replace(WHOLE, targets=many))


def test_a_page_without_a_way_does_not_carry_its_style(run_of: RunOf) -> None:
    assert ".way {" in page_of(run_of, WHOLE)
    assert ".way {" not in page_of(run_of, None)


def test_the_page_draws_it_and_folds_its_transcript(run_of: RunOf) -> None:
    html = page_of(run_of, WHOLE)
    (way,) = re.findall(r'<ol class="way">.*?</ol>', html, re.DOTALL)
    assert re.findall(r'<span class="title">(.*?)</span>', way) == [
        "1 · Client",
        "2 · Node",
        "3 · Service",
        "4 · Pod",
        "5 · Answer",
    ]
    assert re.findall("<u>(.*?)</u>", way) == ["30000", "8080", "8080", "8080", "8080"]
    assert way.count('class="mark end"') == 0
    assert re.search(r"<details><summary>[^<]*</summary>\s*<pre[^>]*>client  a -&gt; b\s*</pre>", html)


def test_the_page_marks_the_pod_that_refused(run_of: RunOf) -> None:
    html = page_of(run_of, REFUSED)
    (marked,) = re.findall(r'class="mark end".*?<b class="at mono">(.*?)</b>', html, re.DOTALL)
    assert marked == "10.244.2.5:<u>8080</u>"
    assert 'class="back"' not in html
