"""Compares the client's ledger of one load with the pods' own logs, read before and after it or followed meanwhile."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from evenly.k8s import logs
from evenly.k8s.log_follower import LogFollower
from evenly.k8s.namespace import Namespace
from evenly.k8s.pods import Pod
from evenly.k8s.probe import PROBE_ID
from evenly.load.client.by_connection import join_by_connection
from evenly.load.client.reconcile import Reconciled, join
from evenly.load.rows import Row


class PodLogs:
    """Opened before a load and closed after it; ``ids`` is how its attempts' ids begin, "" where they carry none.

    A log whose beginning has gone meanwhile was rotated: it counts as gone, as that of a pod which was killed.
    """

    def __init__(self, namespace: Namespace, pods: Sequence[Pod], ids: str) -> None:
        self._namespace = namespace
        self._pods = pods
        self._ids = ids
        self._heads = logs.heads(namespace, pods)
        before = {} if ids else logs.read(namespace, pods, {}, self._counts)
        self._before = {uid: len(lines) for uid, lines in before.items()}

    def reconcile(self, rows: Sequence[Row], pods: Sequence[Pod], *, kept: bool) -> Reconciled:
        """Join the rows with the logs of these pods; ``kept`` says that connections were meant to carry several attempts."""
        wanted = {uid: self._before.get(uid, 0) + n for uid, n in Counter(row.uid for row in rows).items()}
        lines = logs.read(self._namespace, pods, wanted, self._counts)
        heads = logs.heads(self._namespace, pods)
        whole = {uid for uid in lines if self._heads.get(uid) in {heads.get(uid), None, ""}}  # it may have been new, or empty
        known = {pod.uid: None for pod in (*self._pods, *pods)} | {uid: lines[uid][self._before.get(uid, 0) :] for uid in whole}
        return join(rows, known, self._ids, kept=kept) if self._ids else join_by_connection(rows, known)

    def _counts(self, line: str) -> bool:
        return line.startswith(f"{self._ids}/") if self._ids else not line.startswith(PROBE_ID)


class Unverified:
    """The ledger of a backend that logs none of our ids: its answers cannot be cross-checked."""

    def reconcile(self, rows: Sequence[Row], pods: Sequence[Pod], *, kept: bool) -> Reconciled:
        """Return the rows alone."""
        del pods, kept
        return Reconciled(tuple(rows), {}, ())


class FollowedPodLogs:
    """The pods' logs of a load during which pods come and go: they are followed while the ``with`` block lasts.

    What the log of a pod that has ended lacks was not written, or not read, before the pod went: it counts as unread.
    """

    def __init__(self, namespace: Namespace, ids: str, follower: LogFollower | None = None) -> None:
        self._ids = ids
        self._follower = follower or LogFollower(namespace, lambda line: line.startswith(f"{ids}/"))

    def __enter__(self) -> Self:
        self._follower.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._follower.__exit__(kind, error, trace)

    def reconcile(self, rows: Sequence[Row], pods: Sequence[Pod], *, kept: bool) -> Reconciled:
        """Join the rows with all that was followed; ``pods`` are those that are still there."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if not row.error:
                wanted[row.uid].add(f"{self._ids}/{row.number}")
        lines = self._follower.lines(wanted)
        ended = self._follower.ended  # also those of which nothing could be read
        known = dict.fromkeys([*(pod.uid for pod in pods), *ended]) | lines
        return join(rows, known, self._ids, kept=kept, cut=ended)
