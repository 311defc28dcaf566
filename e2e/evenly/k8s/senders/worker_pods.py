"""Pods that send a load in the place of this machine; manifests/locust-worker.yaml is how they do it."""

import base64
import io
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from kubernetes.client import ApiClient, BatchV1Api, CoreV1Api, V1Pod

from evenly import limits
from evenly.errors import EvenlyError
from evenly.k8s import manifest, namespace
from evenly.k8s.manifest import Document
from evenly.k8s.pods import Pod, pod_of
from evenly.k8s.wait import until

MANIFEST = "locust-worker.yaml"
WORKER = "locust-worker"
"""The name of the Job, and of the ConfigMap beside it."""

IMAGE_IN_MANIFEST = "locust"

_PACKAGE = Path(__file__).parents[2]
_NEEDED = ("__init__.py", "codec.py", "errors.py", "judge/*.py", "load/*.py", "load/locust/*.py", "load/distributed/*.py")


class WorkerPods:
    """So many pods with a worker each, in a namespace of their own.

    ``meeting`` is where they meet their master, as ``evenly.load.distributed.meeting`` writes it.
    """

    def __init__(self, api: ApiClient, run_id: str, purpose: str) -> None:
        self._namespace = namespace.create(api, run_id, purpose)
        self._count = 0

    def start(self, documents: Sequence[Document], image: str, locustfile: Path, meeting: str, count: int) -> None:
        """Have the API server make them; they start in the background."""
        self._count = count
        beside: Document = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": WORKER, "labels": {"app": WORKER}},
            "data": {"meeting": meeting, "new_connection.py": locustfile.read_text(encoding="utf-8")},
            "binaryData": {"evenly.zip": base64.b64encode(_code()).decode("ascii")},
        }
        namespace.apply(manifest.with_image([beside, *_so_many(documents, count)], IMAGE_IN_MANIFEST, image), self._namespace)

    @property
    def pods(self) -> tuple[Pod, ...]:
        """The pods, by name, as the API server has them now."""
        return tuple(sorted(map(pod_of, self._found()), key=lambda pod: pod.name))

    def await_met(self, met: Callable[[], bool], in_vain: Callable[[], bool]) -> None:
        """Wait until all have met their master; raises EvenlyError where one has ended, and after the limit."""

        def one_has_ended() -> bool:
            return any(pod.status.phase == "Failed" for pod in self._found())

        if until(met, limit_s=limits.WORKERS_MET_S, in_vain=lambda: in_vain() or one_has_ended()) or in_vain():
            return
        raise EvenlyError(
            f"{self._count} worker pods were to send the load, and have not all come to this machine: {self._why()}",
            "let pods reach this machine, such as through its firewall; or have its own processes send the load: --workers",
        )

    def take_away(self) -> None:
        """Delete them with their namespace, in the background."""
        namespace.delete(self._namespace)

    def _found(self) -> list[V1Pod]:
        found: list[V1Pod] = CoreV1Api(self._namespace.api).list_namespaced_pod(self._namespace.name).items
        return found

    def _why(self) -> str:
        """Return what those that have ended said last, or else what the cluster says of the others."""
        core, found = CoreV1Api(self._namespace.api), self._found()
        ended = (pod.metadata.name for pod in found if pod.status.phase == "Failed")
        last = [
            f"{pod} ended: {core.read_namespaced_pod_log(pod, self._namespace.name, tail_lines=1).strip()}" for pod in ended
        ]
        notes = [f"{pod.name}: {pod.note}" for pod in map(pod_of, found) if pod.note]
        return "; ".join(last or notes) or (f"{len(found)} run" if found else self._why_none())

    def _why_none(self) -> str:
        job = BatchV1Api(self._namespace.api).read_namespaced_job(WORKER, self._namespace.name)
        return next((one.message for one in job.status.conditions or [] if one.message), "there are no pods")


def _so_many(documents: Sequence[Document], count: int) -> list[Document]:
    many = {"parallelism": count, "completions": count}
    return [one | {"spec": one["spec"] | many} if one["kind"] == "Job" else one for one in documents]


@cache
def _code() -> bytes:
    """Return what of evenly a worker runs, as Python imports it from one file; the same code gives the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for pattern in _NEEDED for path in _PACKAGE.glob(pattern)):
            archive.writestr(zipfile.ZipInfo(f"evenly/{path.relative_to(_PACKAGE)}"), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
