"""Worker pods: as many as are asked for, with all they need beside them, and each way in which they do not come."""

import base64
import io
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s.manifest import Document, at, only, read
from evenly.k8s.namespace import Namespace
from evenly.k8s.senders import worker_pods as module
from evenly.k8s.senders.worker_pods import MANIFEST, WorkerPods
from evenly.shipped import shipped

DOCUMENTS = read(shipped(f"manifests/{MANIFEST}"))
LOCUSTFILE = shipped("locustfiles/new_connection.py")
UNSCHEDULABLE = SimpleNamespace(type="PodScheduled", status="False", reason="Unschedulable", message="Insufficient memory.")


def pod(name: str, phase: str, *conditions: Any) -> Any:  # noqa: ANN401 - stands for the client's object
    return SimpleNamespace(
        metadata=SimpleNamespace(
            uid=name, name=name, owner_references=[], labels={}, creation_timestamp=datetime(2026, 11, 27, tzinfo=UTC)
        ),
        spec=SimpleNamespace(node_name="worker", containers=[]),
        status=SimpleNamespace(
            phase=phase, conditions=conditions, container_statuses=[], init_container_statuses=[], pod_ip="10.244.1.7"
        ),
    )


class Api:
    """Plays both APIs: has some pods, or a Job that says why it has none."""

    def __init__(self) -> None:
        self.pods: list[Any] = []
        self.job = ""

    def list_namespaced_pod(self, _: str) -> Any:  # noqa: ANN401
        return SimpleNamespace(items=self.pods)

    def read_namespaced_pod_log(self, name: str, _: str, tail_lines: int) -> str:
        assert tail_lines == 1
        return f"what {name} said last\n"

    def read_namespaced_job(self, _name: str, _namespace: str) -> Any:  # noqa: ANN401
        return SimpleNamespace(status=SimpleNamespace(conditions=[SimpleNamespace(message=self.job)] if self.job else None))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    played = Api()
    for name in ("CoreV1Api", "BatchV1Api"):
        monkeypatch.setattr(module, name, lambda _: played)
    return played


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    documents: list[Document] = []
    namespace = SimpleNamespace(
        create=lambda api, run_id, purpose: Namespace(api, f"{run_id}-{purpose}"),
        apply=lambda made, _: documents.extend(made),
        delete=lambda one: documents.append({"kind": "deleted", "name": one.name}),
    )
    monkeypatch.setattr(module, "namespace", namespace)
    return documents


@pytest.fixture
def workers(api: Api, applied: list[Document]) -> WorkerPods:  # noqa: ARG001 - it takes their place
    started = WorkerPods(None, "run", "workers-it")
    started.start(DOCUMENTS, "evenly/locust:2", LOCUSTFILE, "172.18.0.1:1:2:word", 3)
    return started


@pytest.mark.usefixtures("workers")
def test_as_many_pods_as_are_wanted_get_the_code_the_locustfile_and_the_meeting(applied: list[Document]) -> None:
    job, beside = only(applied, "Job", ""), only(applied, "ConfigMap", "")
    assert (at(job, "spec", "parallelism"), at(job, "spec", "completions")) == (3, 3)
    [container] = at(job, "spec", "template", "spec", "containers")
    assert container["image"] == "evenly/locust:2"
    named = [volume["configMap"]["name"] for volume in at(job, "spec", "template", "spec", "volumes")]
    assert named == [beside["metadata"]["name"]]
    assert beside["data"] == {"meeting": "172.18.0.1:1:2:word", "new_connection.py": LOCUSTFILE.read_text()}


@pytest.mark.usefixtures("workers")
def test_the_code_is_all_that_a_worker_imports_of_evenly(applied: list[Document], tmp_path: Path) -> None:
    packed = base64.b64decode(only(applied, "ConfigMap", "")["binaryData"]["evenly.zip"])
    assert zipfile.ZipFile(io.BytesIO(packed)).testzip() is None
    assert len(packed) < 200_000  # of the 1 MiB that a ConfigMap may have
    archive = tmp_path / "evenly.zip"
    archive.write_bytes(packed)
    command = at(only(DOCUMENTS, "Job", ""), "spec", "template", "spec", "containers")[0]["command"]
    module = command[command.index("-m") + 1]  # evenly's own entry point
    words = f"import locust, importlib.util, evenly.load.locust.users; print(importlib.util.find_spec('{module}').origin)"
    told = subprocess.run(
        [sys.executable, "-c", words], env={"PYTHONPATH": str(archive)}, capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith(str(archive))


def test_no_service_under_test_takes_a_worker_pod_in() -> None:
    job = only(DOCUMENTS, "Job", "")
    assert at(job, "spec", "template", "metadata", "labels") == {"app": "locust-worker"}
    assert at(job, "spec", "backoffLimit") == 0, "one that is lost is not made anew"


def test_the_wait_ends_when_all_have_come_and_when_their_master_has_ended(workers: WorkerPods) -> None:
    workers.await_met(lambda: True, in_vain=lambda: False)
    workers.await_met(lambda: False, in_vain=lambda: True)  # which its own log explains better


@pytest.mark.parametrize(
    ("pods", "job", "limit_s", "words"),
    [
        ([pod("a", "Running"), pod("b", "Failed")], "", 30.0, "this machine: b ended: what b said last"),
        ([pod("a", "Pending", UNSCHEDULABLE)], "", 0.05, "this machine: a: Unschedulable: Insufficient memory."),
        ([], "forbidden: quota", 0.05, "this machine: forbidden: quota"),
        ([], "", 0.05, "this machine: there are no pods"),
    ],
    ids=["ended", "not scheduled", "not made", "nothing is known"],
)
def test_workers_that_do_not_come_are_told_with_their_reason(  # noqa: PLR0913, PLR0917 - a case, and what it is played with
    workers: WorkerPods,
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    pods: list[Any],
    job: str,
    limit_s: float,
    words: str,
) -> None:
    api.pods, api.job = pods, job
    monkeypatch.setattr(limits, "WORKERS_MET_S", limit_s)
    with pytest.raises(EvenlyError) as refused:
        workers.await_met(lambda: False, in_vain=lambda: False)
    assert refused.value.problem.endswith(words)
    assert "3 worker pods" in refused.value.problem
    assert "--workers" in refused.value.remedy


def test_pods_are_told_by_name_also_when_they_have_ended(workers: WorkerPods, api: Api) -> None:
    api.pods = [pod("b", "Succeeded"), pod("a", "Running")]
    assert [(one.name, one.ip) for one in workers.pods] == [("a", "10.244.1.7"), ("b", "10.244.1.7")]


def test_they_go_with_their_namespace(workers: WorkerPods, applied: list[Document]) -> None:
    workers.take_away()
    assert applied[-1] == {"kind": "deleted", "name": "run-workers-it"}
