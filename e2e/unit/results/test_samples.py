"""samples.csv.gz is summed up per scenario and pod as it streams by."""

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from evenly.errors import EvenlyError
from evenly.results.samples import COLUMNS, SAMPLES, SamplesFile, write_samples
from unit.factories import RunOf, simulate

HEADER = ",".join(COLUMNS) + "\n"
GOOD = (1, 100, 50, 900, "pod-a", "a", "node-1", 1, 1, "10.0.0.1", None, "a")
LOST = (2, 200, None, None, "", "", "", 0, 0, "", "reset", "b")


def test_the_file_has_a_header_a_scenario_and_the_rows_under_its_name(tmp_path: Path) -> None:
    write_samples(tmp_path / SAMPLES, "three, pods", [GOOD, LOST])
    with gzip.open(tmp_path / SAMPLES, "rt", newline="") as file:
        header, *records = csv.reader(file)
    assert header == [
        *("scenario", "number", "start_us", "connect_us", "response_us", "pod", "uid", "node"),
        *("connection", "request", "client", "error", "logged"),
    ]
    assert records == [
        ["three, pods", "1", "100", "50", "900", "pod-a", "a", "node-1", "1", "1", "10.0.0.1", "", "a"],
        ["three, pods", "2", "200", "", "", "", "", "", "0", "0", "", "reset", "b"],
    ]


def test_equal_rows_give_equal_bytes_and_scenarios_are_appended(tmp_path: Path) -> None:
    for name in ("one.gz", "two.gz"):
        write_samples(tmp_path / name, "first", [GOOD])
        write_samples(tmp_path / name, "second", [GOOD])
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()
    with gzip.open(tmp_path / "one.gz", "rt") as file:
        assert [text.split(",")[0] for text in file] == ["scenario", "first", "scenario", "second"]


def test_samples_that_find_no_room_leave_those_of_earlier_scenarios(
    tmp_path: Path, disk_that_fills_up: Callable[[int], AbstractContextManager[None]]
) -> None:
    path = tmp_path / SAMPLES
    write_samples(path, "first", [GOOD])
    before = path.read_bytes()
    with disk_that_fills_up(len(before) + 10), pytest.raises(EvenlyError, match=r"samples\.csv\.gz cannot be written: "):
        write_samples(path, "second", [GOOD])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [SAMPLES]


def test_every_scenario_has_its_own_sums(run_of: RunOf) -> None:
    made = [simulate(), simulate(name="other", weights=[5, 3, 2], errors=["refused", "reset", "refused"])]
    samples = SamplesFile(run_of(*made) / SAMPLES).read()
    for one in made:
        seen = samples[one.record.name]
        counted = Counter(row["uid"] for row in one.rows if not row["error"])
        assert {uid: pod.answered for uid, pod in seen.pods.items()} == counted
        assert seen.errors == Counter(row["error"] for row in one.rows if row["error"])
        assert seen.sent == len(one.rows)
        assert seen.clients == {"172.18.0.1": counted.total()}


def test_latencies_are_kept_as_they_are(run_of: RunOf) -> None:
    made = simulate()
    pod = SamplesFile(run_of(made) / SAMPLES).read()[made.record.name].pods["uid-1"]
    assert list(pod.connect_us) == [row["connect_us"] for row in made.rows if row["uid"] == "uid-1"]
    assert (pod.name, pod.node) == ("backend-app-6d5f9c7b8d-q8zcd", "evenly-3f9c-worker2")


def test_choices_are_connections_where_they_carried_several_requests(run_of: RunOf) -> None:
    made = simulate(per_connection=300, attempts=6000)
    samples = SamplesFile(run_of(made) / SAMPLES).read()[made.record.name]
    assert samples.longest_connection == 300
    assert samples.chosen().total() == 20
    assert samples.chosen()["never seen"] == 0


def test_an_error_counts_for_the_pod_whose_log_has_it(tmp_path: Path) -> None:
    _write(tmp_path, HEADER + "s,1,0,,,,,,,,,refused,\ns,2,9,,,,,,,,,time-out in response,uid-2\n")
    samples = SamplesFile(tmp_path / SAMPLES).read()["s"]
    assert samples.errors == {"refused": 1, "time-out in response": 1}
    assert samples.errors_that_reached_a_pod == 1
    assert {uid: pod.errors for uid, pod in samples.pods.items()} == {"uid-2": 1}


def test_how_many_started_before_a_time_is_known(tmp_path: Path) -> None:
    _write(tmp_path, HEADER + "".join(f"s,{n},{n * 1000},1,1,p,u,n,{n},1,c,,u\n" for n in range(5)))
    assert SamplesFile(tmp_path / SAMPLES).read()["s"].started_before(0.0025) == 3


def test_a_run_without_any_load_has_no_samples(tmp_path: Path) -> None:
    assert SamplesFile(tmp_path / SAMPLES).read() == {}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no gzip at all", "gzipped"),
        (gzip.compress(b"x" * 50_000, mtime=0)[:-20], "stream"),
        (gzip.compress(b"a,b,c\n1,2,3\n", mtime=0), "its columns are a,b,c"),
        (gzip.compress(HEADER.encode() + b"s,1,zero,1,1,p,u,n,1,1,c,,u\n", mtime=0), "invalid literal"),
        (gzip.compress(HEADER.encode() + b"s,1,0\n", mtime=0), "unpack"),
        (gzip.compress(HEADER.encode() + b"\xff\xff\n", mtime=0), "decode"),
    ],
)
def test_damaged_samples_are_refused_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / SAMPLES).write_bytes(content)
    with pytest.raises(EvenlyError, match=rf"samples\.csv\.gz is damaged: .*{why}"):
        SamplesFile(tmp_path / SAMPLES).read()


def _write(folder: Path, text: str) -> None:
    (folder / SAMPLES).write_bytes(gzip.compress(text.encode(), mtime=0))


def test_a_file_that_grows_is_read_on_from_where_it_ended(run_of: RunOf) -> None:
    file = run_of(simulate()) / SAMPLES
    first = file.read_bytes()
    second = (run_of(simulate(name="other")) / SAMPLES).read_bytes()
    file.write_bytes(first)
    growing = SamplesFile(file)
    assert len(growing.read()) == 1
    for _ in ("grown", "as it was"):
        file.write_bytes(first + second)
        assert growing.read() == SamplesFile(file).read()
    assert len(growing.read()) == 2
