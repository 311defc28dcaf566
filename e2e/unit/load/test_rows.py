from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from evenly.load.answer import Answer, ErrorKind, Exchange
from evenly.load.rows import Row, RowWriter, read_rows

HEADER = "number,start_us,connect_us,response_us,pod,uid,node,connection,request,client,error"


def exchange(number: int, error: ErrorKind | None = None) -> Exchange:
    start_ns = 5_000_000_000 + number * 1_000_000
    answer = None if error else Answer("pod-1", "uid-1", "node, 1", number, 1, "10.0.0.1")
    return Exchange(start_ns, start_ns + 700_000, 200, answer, error)


def write(path: Path, numbers: list[int], flush_every: int = 100) -> RowWriter:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = RowWriter(file, flush_every)
        for number in numbers:
            writer.ended(number, exchange(number))
    return writer


def test_a_row_has_its_times_in_microseconds_since_the_first_start(tmp_path: Path) -> None:
    write(tmp_path / "rows.csv", [2, 1])
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert lines == [
        HEADER,
        '1,0,200,500,pod-1,uid-1,"node, 1",1,1,10.0.0.1,',
        '2,1000,200,500,pod-1,uid-1,"node, 1",2,1,10.0.0.1,',
    ]


def test_the_first_start_is_told_before_there_are_rows(tmp_path: Path) -> None:
    path, told = tmp_path / "rows.csv", []
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = RowWriter(file, 1, lambda t0_ns: told.append((t0_ns, read_rows(path))))
        for number in (2, 1, 3):
            writer.ended(number, exchange(number))
    assert told == [(exchange(1).start_ns, ())]


@given(st.permutations(range(1, 20)))
def test_rows_are_in_order_of_start_in_whatever_order_attempts_end(tmp_path_factory: object, numbers: list[int]) -> None:
    path = Path(tmp_path_factory.mktemp("rows")) / "rows.csv"  # type: ignore[attr-defined] # a fixture for each example
    write(path, numbers)
    assert [row.number for row in read_rows(path)] == list(range(1, 20))


def test_an_attempt_is_not_written_before_those_that_started_earlier(tmp_path: Path) -> None:
    write(tmp_path / "rows.csv", [1, 2, 4, 5])
    assert [row.number for row in read_rows(tmp_path / "rows.csv")] == [1, 2]


def test_what_was_looked_at_is_on_disk_while_the_load_runs(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = RowWriter(file, 10)
        for number in range(1, 26):
            writer.ended(number, exchange(number))
        assert [row.number for row in read_rows(path)] == list(range(1, 21))


def test_errors_and_missing_times_read_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = RowWriter(file, 100)
        writer.ended(1, Exchange(1_000, 9_000, None, None, ErrorKind.REFUSED))
        writer.ended(2, exchange(2, ErrorKind.NOT_OURS))
    refused, not_ours = read_rows(path)
    assert refused == Row(1, 0, None, None, "", "", "", 0, 0, "", ErrorKind.REFUSED)
    assert (not_ours.connect_us, not_ours.response_us, not_ours.error) == (200, None, ErrorKind.NOT_OURS)


def test_a_row_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    write(path, [1, 2, 3])
    path.write_text(path.read_text()[:-5])
    assert [row.number for row in read_rows(path)] == [1, 2]
    path.write_bytes(path.read_bytes() + "é".encode()[:1])
    assert [row.number for row in read_rows(path)] == [1, 2], "not even where a character was cut"


def test_attempts_that_never_end_are_told_and_those_behind_them_are_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        rows = RowWriter(file, flush_every=100)
        for number in (2, 5, 3):
            rows.ended(number, Exchange(number * 1000, number * 1000 + 500, 0, None, ErrorKind.RESET))
        assert rows.close_gaps(6) == (1, 4, 6)
    assert [(row.number, row.start_us) for row in read_rows(path)] == [(2, 0), (3, 1), (5, 3)]
