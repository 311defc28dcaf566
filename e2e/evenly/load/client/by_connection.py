"""The ledger of somebody's own client, whose requests carry no id, joined with the pods' logs by where each came in."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from evenly.load.client.reconcile import Reconciled, sentence
from evenly.load.rows import Row

Place = tuple[str, int, int]
"""The pod's UID, its serial number of the connection, the index of the request on it (from 1)."""

_WORDS = 3  # at the end of a line: connection, request index, status


def join_by_connection(rows: Sequence[Row], logs: Mapping[str, Iterable[str] | None]) -> Reconciled:
    """Join the ledger with the logs of the same time, and name every way in which they disagree.

    ``logs`` is by UID; None for a log that is gone: what that pod answered is then believed. An index implies those before it
    on the connection, so that a request between two answers is known without a log, too. Each error may stand for one that
    arrived.
    """
    places = {row.number: (row.uid, row.connection, row.request) for row in rows if row.error is None and row.request}
    logged = {place for uid, lines in logs.items() for place in _logged(uid, lines or ())}
    times = Counter(places.values())
    arrived = logged | times.keys()
    arrived |= {(uid, connection, before) for uid, connection, index in arrived for before in range(1, index)}
    errors = sum(row.error is not None for row in rows)
    unreported = max(0, len(arrived - times.keys()) - errors)
    found = [
        (
            "answered without a place, so that a new connection cannot be told from one that was there",
            [row.number for row in rows if row.error is None and not row.request],
        ),
        ("in the place of another on its connection", [number for number, place in places.items() if times[place] > 1]),
        (
            "answered, but in no pod's log",
            [n for n, place in places.items() if logs.get(place[0]) is not None and place not in logged],
        ),
        ("answered in the name of a pod that is not there", [n for n, place in places.items() if place[0] not in logs]),
    ]
    discrepancies = [sentence(what, numbers) for what, numbers in found if numbers]
    if unreported:
        discrepancies.append(
            f"the pods got {unreported} more than the client told of: sent again without a word, or sent on (a redirect)"
        )
    told = {number: (place[0],) for number, place in places.items() if place in logged}
    return Reconciled(tuple(rows), told, tuple(discrepancies))


def _logged(uid: str, lines: Iterable[str]) -> Iterator[Place]:
    for line in lines:
        words = line.split()[-_WORDS:]
        if len(words) == _WORDS and all(word.isdecimal() for word in words):
            yield uid, int(words[0]), int(words[1])
