"""Pods of the cluster send a load together, counted to the last connection; what one that dies had is told."""

from threading import Thread

from evenly import INVALID, PASS, Cause, until

WORKERS = 2
RATE_PER_S = 100  # even or not takes more than ten seconds to tell
SENT_BEFORE = 200
BEGIN_LIMIT_S = 30.0
NOTICE_LIMIT_S = 10.0  # with what it takes to look for the pod, and to kill it


def test_pods_send_a_load_together(service):
    svc = service("spring-service.yaml", workers_in_cluster=WORKERS)
    outcome = svc.load()
    assert outcome == PASS
    assert outcome.record.load.target == f"{svc.dns_name} from {WORKERS} worker pods"
    rows = outcome.rows
    assert [row.number for row in rows] == list(range(1, outcome.record.load.attempts + 1))
    assert {row.client for row in rows} == {pod.ip for pod in svc.worker_pods}
    assert len({pod.node for pod in svc.worker_pods}) == WORKERS


def test_a_worker_pod_that_dies_is_noticed_at_once(service, cluster):
    svc = service("spring-service.yaml", workers_in_cluster=WORKERS, rate=RATE_PER_S)

    def kill_one():
        until(lambda: svc.sent >= SENT_BEFORE, limit_s=BEGIN_LIMIT_S)
        pod = svc.worker_pods[0]
        cluster.kill(pod.node, pod.uid, "python3")

    killer = Thread(target=kill_one)
    killer.start()
    outcome = svc.load(must_catch=Cause.UNRECONCILED)
    killer.join()
    assert outcome == INVALID
    assert outcome.cause is Cause.UNRECONCILED
    assert "without word from the worker process that made them, which is gone" in outcome.explanation
    assert SENT_BEFORE <= outcome.record.load.attempts < SENT_BEFORE + RATE_PER_S * NOTICE_LIMIT_S
