"""Pods of the cluster send a load together, counted to the last connection; what one that dies had is told."""

from threading import Thread

from evenly import INVALID, PASS, Cause
from evenly.cluster.faults.kill import kill
from evenly.k8s.wait import until
from evenly.load.plan import ROWS_FILE
from evenly.load.rows import read_rows

WORKERS = 2
RATE_PER_S = 100  # even or not takes more than ten seconds to tell
SENT_BEFORE = 200
BEGIN_LIMIT_S = 30.0
NOTICE_LIMIT_S = 10.0  # with what it takes to look for the pod, and to kill it


def test_pods_send_a_load_together(service, bench):
    spread = service("spring-service.yaml", workers_in_cluster=WORKERS)
    outcome = spread.load()
    assert outcome == PASS
    assert outcome.record.load.target == f"{spread.dns_name} from {WORKERS} worker pods"
    rows = read_rows(bench.run.evidence / outcome.record.name / ROWS_FILE)
    assert [row.number for row in rows] == list(range(1, outcome.record.load.attempts + 1))
    assert {row.client for row in rows} == {pod.ip for pod in spread.worker_pods}
    assert len({pod.node for pod in spread.worker_pods}) == WORKERS


def test_a_worker_pod_that_dies_is_noticed_at_once(service, cluster):
    spread = service("spring-service.yaml", workers_in_cluster=WORKERS, rate=RATE_PER_S)

    def kill_one():
        until(lambda: spread.sent >= SENT_BEFORE, limit_s=BEGIN_LIMIT_S)
        pod = spread.worker_pods[0]
        kill(cluster, pod.node, pod.uid, "python3")

    killer = Thread(target=kill_one)
    killer.start()
    outcome = spread.load(control=Cause.BOOKS)
    killer.join()
    assert outcome == INVALID
    assert outcome.cause is Cause.BOOKS
    assert "without word from the worker process that made them, which is gone" in outcome.explanation
    assert SENT_BEFORE <= outcome.record.load.attempts < SENT_BEFORE + RATE_PER_S * NOTICE_LIMIT_S
