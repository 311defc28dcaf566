"""The client's ledger beside the pods' own logs: every attempt is accounted for by its id."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from evenly.load.rows import Row

IDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The rows joined with the logs.

    ``logged`` gives, by number, the UIDs of the pods whose logs have the attempt, one for each time. ``discrepancies`` are
    sentences with counts and ids; empty where ledger and logs agree. ``unread`` is how many answers, by pod, stand in the part
    of a log that was gone before it could be read: they are believed, and told.
    """

    rows: tuple[Row, ...]
    logged: Mapping[int, tuple[str, ...]]
    discrepancies: tuple[str, ...]
    unread: Mapping[str, int] = field(default_factory=dict)

    @property
    def answered(self) -> dict[str, int]:
        """How many attempts each pod answered, by UID, as the answers say."""
        return dict(Counter(row.uid for row in self.rows if row.error is None))

    @property
    def errors(self) -> dict[str, int]:
        """How many attempts ended in each kind of error."""
        return dict(Counter(row.error.value for row in self.rows if row.error))

    @property
    def logged_once(self) -> int:
        """How many attempts are found in exactly one pod's log, once."""
        return sum(len(self.logged.get(row.number, ())) == 1 for row in self.rows)

    def without(self, lost: Sequence[int]) -> Self:
        """Return the same, with word of the attempts that were lost with a process of the load's own."""
        if not lost:
            return self
        what = "without word from the worker process that made them, which is gone"
        return replace(self, discrepancies=(*self.discrepancies, sentence(what, lost)))

    @property
    def false_names(self) -> Counter[tuple[str, str]]:
        """Count the answers by the pod whose log has the attempt and the pod that the answer named, where these differ."""
        logged = ((row.uid, self.logged.get(row.number, ())) for row in self.rows if row.error is None)
        return Counter((uids[0], named) for named, uids in logged if uids and named not in uids)

    @property
    def samples(self) -> Iterator[tuple[object, ...]]:
        """Yield what is kept of each attempt: its row, and the UID of the pod whose log has it ("" without one)."""
        return ((*row, next(iter(self.logged.get(row.number, ())), "")) for row in self.rows)


def join(
    rows: Sequence[Row],
    logs: Mapping[str, Iterable[str] | None],
    run_id: str,
    *,
    kept: bool = False,
    cut: Collection[str] = (),
) -> Reconciled:
    """Join the ledger with the logs by id, and name every way in which they disagree.

    ``logs`` holds the lines of each pod that could answer, by UID; None for a pod whose log is gone, because it was killed or
    deleted: its answers are then believed. A line begins with ``<run_id>/<number>``; other lines are passed over. ``kept`` says
    that connections were meant to carry several attempts; each then has a place of its own on its connection. ``cut`` are pods
    whose logs ended before they could be read to their end: what they lack is believed, too.
    """
    logged: dict[int, tuple[str, ...]] = {}
    for uid, lines in logs.items():
        for number in _numbers(lines or (), run_id):
            logged[number] = (*logged.get(number, ()), uid)
    lost_logs = {uid for uid, lines in logs.items() if lines is None} | set(cut)

    places = Counter((row.uid, row.connection, row.request) for row in rows if row.error is None)

    def told(row: Row) -> bool:
        return row.error is None and row.uid in logs and row.uid not in lost_logs

    checks: tuple[tuple[str, Callable[[Row], bool]], ...] = (
        ("answered, but in no pod's log", lambda row: told(row) and row.number not in logged),
        ("in the logs more than once, so something in between sent again", lambda row: len(logged.get(row.number, ())) > 1),
        (
            "answered in the name of one pod, but in the log of another",
            lambda row: told(row) and row.number in logged and row.uid not in logged[row.number],
        ),
        ("answered in the name of a pod that is not there", lambda row: row.error is None and row.uid not in logs),
        ("on a connection that had carried another", lambda row: row.request > 1 and not kept),
        ("in the place of another on its connection", lambda row: kept and places[row.uid, row.connection, row.request] > 1),
    )
    found = [(what, [row.number for row in rows if wrong(row)]) for what, wrong in checks]
    numbers = {row.number for row in rows}
    sent = range(1, max(numbers | logged.keys(), default=0) + 1)
    found.append(("without a row in the ledger", [number for number in sent if number not in numbers]))
    unread = Counter(row.uid for row in rows if row.error is None and row.uid in lost_logs and row.number not in logged)
    return Reconciled(tuple(rows), logged, tuple(sentence(what, ids) for what, ids in found if ids), dict(unread))


def _numbers(lines: Iterable[str], run_id: str) -> Iterable[int]:
    prefix = f"{run_id}/"
    for line in lines:
        number = line.partition(" ")[0].removeprefix(prefix)
        if line.startswith(prefix) and number.isdecimal():
            yield int(number)


def sentence(what: str, ids: Sequence[int]) -> str:
    """Say how many attempts are what, and which are the first of them."""
    shown = ", ".join(map(str, ids[:IDS_SHOWN])) + (", ..." if len(ids) > IDS_SHOWN else "")
    noun = "attempt is" if len(ids) == 1 else "attempts are"
    return f"{len(ids)} {noun} {what}: {shown}"
