import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenly.judge import uniform
from evenly.k8s.wait import until
from evenly.load.answer import ErrorKind
from evenly.load.client.process import KEEP_ALIVE, KEEP_OPEN, KEPT, NEW_CONNECTION, LocustProcess
from evenly.load.plan import LoadPlan, Stopped
from evenly.shipped import shipped

if TYPE_CHECKING:
    from unit.load.conftest import Backend, KeptPods

pytestmark = pytest.mark.slow

LAW = uniform(("uid-1", "uid-2", "uid-3"))
NEVER = 1e-300  # an error rate so small that no load decides


def test_each_connection_is_kept_for_ten_requests_and_each_of_them_is_a_row(kept_pods: "KeptPods", tmp_path: Path) -> None:
    with LocustProcess(kept_pods.target, tmp_path, locustfile=KEEP_ALIVE) as load:
        load.release(LoadPlan("run-1", LAW, cap=300, alpha=NEVER, beta=NEVER, prelude=50))
        summary = load.wait()
    assert summary.stopped is Stopped.CAP
    assert summary.attempts == 3_000
    assert summary.prelude == 50
    assert Counter(kept_pods.requests) == {f"/keep/run-1/{number}": 1 for number in range(1, 3_001)}
    assert kept_pods.connections == 300
    assert Counter((row.uid, row.connection, row.request) for row in load.rows) == Counter(kept_pods.served)
    assert Counter(row.request for row in load.rows) == dict.fromkeys(range(1, 11), 300)
    assert [row.request for row in load.rows[:491]] == [*range(1, 11)] * 49 + [1], "the prelude is made by one alone"
    assert {row.connect_us == 0 for row in load.rows if row.request > 1} == {True}
    assert (tmp_path / "locust.log").read_text() == ""


@pytest.mark.parametrize("host", ["", "spring-service.shop.svc.cluster.local:8080"])
@pytest.mark.parametrize("locustfile", [NEW_CONNECTION, KEEP_ALIVE])
def test_every_request_names_the_plans_host_or_else_where_it_goes(
    locustfile: str, host: str, three_pods: "Backend", tmp_path: Path
) -> None:
    named, respond = Counter[bytes](), three_pods.respond

    def hear(request: bytes, serial: int) -> bytes | None:
        named.update(line for line in request.split(b"\r\n") if line.startswith(b"Host: "))
        return respond(request, serial)

    three_pods.respond = hear
    with LocustProcess(three_pods.target, tmp_path, locustfile=locustfile) as load:
        load.release(LoadPlan("run-1", LAW, cap=300, alpha=NEVER, beta=NEVER, prelude=50, host=host))
        load.wait()
    assert named == {f"Host: {host or three_pods.target}".encode(): 300}
    assert (load.target, load.host) == (three_pods.target, host)


def test_an_even_load_on_kept_connections_stops_as_soon_as_its_first_requests_decide(
    kept_pods: "KeptPods", tmp_path: Path
) -> None:
    with LocustProcess(kept_pods.target, tmp_path, locustfile=KEEP_ALIVE) as load:
        load.release(LoadPlan("run-1", LAW, cap=2_000, delta=0.2))
        summary = load.wait()
    assert summary.stopped is Stopped.DECIDED
    assert 100 <= kept_pods.connections < 2_000
    assert {f"/keep/run-1/{row.number}" for row in load.rows} == set(kept_pods.requests)
    assert len(load.rows) == len(kept_pods.requests), "none was sent again, and none was cut off"


def test_a_connection_that_is_cut_costs_one_error_and_no_retry(kept_pods: "KeptPods", tmp_path: Path) -> None:
    kept_pods.bodies = cut_at_the_seventh
    with LocustProcess(kept_pods.target, tmp_path, locustfile=KEEP_ALIVE) as load:
        load.release(LoadPlan("run-1", LAW, cap=100, alpha=NEVER, beta=NEVER, errors_allowed=1_000))
        load.wait()
    cut = sum(index == 7 for _, _, index in kept_pods.served)
    assert cut > 50
    assert [row.error for row in load.rows if row.error] == [ErrorKind.BAD_RESPONSE] * cut
    assert Counter(kept_pods.requests) == {f"/keep/run-1/{row.number}": 1 for row in load.rows}
    assert max(index for _, _, index in kept_pods.served) == 7


def cut_at_the_seventh(pod: int, serial: int, index: int) -> str | None:
    names = f'"pod":"pod-{pod}","uid":"uid-{pod}","node":"node-1"'
    return None if index == 7 else f'{{{names},"connection":{serial},"request":{index},"client":"127.0.0.1"}}'


@pytest.mark.parametrize(("locustfile", "most"), [(NEW_CONNECTION, 1), (KEEP_ALIVE, 10), (KEEP_OPEN, None)])
def test_evenlys_locustfiles_run_with_plain_locust(
    locustfile: str, most: int | None, kept_pods: "KeptPods", tmp_path: Path
) -> None:
    kept_pods.keep = locustfile in KEPT
    locust = subprocess.Popen(
        (
            *(sys.executable, "-m", "locust", "-f", shipped(locustfile), "--host", f"http://{kept_pods.target}"),
            *("--headless", "--only-summary", "-u", "3", "-r", "3"),
        ),
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")},
    )
    with locust:
        in_use = until(lambda: kept_pods.connections >= 3 and len(kept_pods.served) >= 100, limit_s=30)
        locust.terminate()
        _, said = locust.communicate(timeout=30)
    assert in_use, said
    assert locust.returncode == 0, said
    assert "Traceback" not in said
    assert "pod-1" in said
    carried = Counter((uid, serial) for uid, serial, _ in kept_pods.served).values()
    assert max(carried) == most if most else len(carried) == 3
