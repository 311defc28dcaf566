import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenly.errors import EvenlyError
from evenly.judge import round_robin, uniform
from evenly.load.answer import ErrorKind
from evenly.load.client import process
from evenly.load.client.by_connection import join_by_connection
from evenly.load.client.process import LocustProcess
from evenly.load.plan import LoadPlan, Stopped, Summary
from evenly.load.rows import Row

if TYPE_CHECKING:
    from unit.load.conftest import KeptPods

pytestmark = pytest.mark.slow

LAW = uniform(("uid-1", "uid-2", "uid-3"))
NEVER = 1e-300  # an error rate so small that no load decides
PLAN = LoadPlan("run-1", LAW, cap=300, alpha=NEVER, beta=NEVER)

SHOPPER = """
from locust import FastHttpUser, HttpUser, task

class Shopper({client}):
    @task
    def shop(self):
        self.client.get("/")
        self.client.post("/cart", json={{"item": 1}})
        with self.client.get("/checkout?now=1", name="checkout", catch_response=True) as response:
            response.failure("too dear")
"""

both_clients = pytest.mark.parametrize("client", ["HttpUser", "FastHttpUser"])


def load(pods: "KeptPods", folder: Path, source: str, plan: LoadPlan = PLAN) -> tuple[Summary, tuple[Row, ...]]:
    file = folder / "shop.py"
    file.write_text(source)
    with LocustProcess(pods.target, folder / "load", 5, file) as locust:
        locust.release(plan)
        summary = locust.wait()
        return summary, locust.rows


@both_clients
def test_each_request_of_somebodys_own_users_is_a_row_and_their_few_connections_are_told(
    client: str, kept_pods: "KeptPods", tmp_path: Path
) -> None:
    summary, rows = load(kept_pods, tmp_path, SHOPPER.format(client=client))
    assert summary.stopped is Stopped.CAP
    assert summary.attempts == 300
    assert [row.number for row in rows] == list(range(1, 301))
    assert Counter((row.uid, row.connection, row.request) for row in rows) == Counter(kept_pods.served)
    assert set(kept_pods.requests) == {"/", "/cart", "/checkout?now=1"}
    starts = [row.start_us for row in rows]
    assert starts == sorted(starts)
    assert all(row.response_us and row.response_us > 0 for row in rows)
    assert (tmp_path / "load" / process.HTML_FILE).stat().st_size > 10_000
    assert len({(row.uid, row.connection) for row in rows}) == 5, "one for each client"
    assert join_by_connection(rows, kept_pods.logs).discrepancies == ()


@both_clients
def test_where_the_server_closes_each_answer_is_a_choice_and_an_even_load_passes(
    client: str, kept_pods: "KeptPods", tmp_path: Path
) -> None:
    kept_pods.keep = False
    summary, rows = load(kept_pods, tmp_path, SHOPPER.format(client=client), LoadPlan("run-1", LAW, cap=2_000, delta=0.2))
    assert summary.stopped is Stopped.DECIDED
    assert summary.attempts < 2_000
    assert len(rows) == len(kept_pods.served), "what was under way has ended, and is in the ledger"
    assert {row.request for row in rows} == {1}
    assert join_by_connection(rows, kept_pods.logs).discrepancies == ()


def test_a_connection_that_is_cut_is_an_error_of_httpusers(kept_pods: "KeptPods", tmp_path: Path) -> None:
    kept_pods.bodies = cut_at_the_seventh
    _, rows = load(kept_pods, tmp_path, SHOPPER.format(client="HttpUser"))
    errors = [row.error for row in rows if row.error]
    assert errors == [ErrorKind.BAD_RESPONSE] * sum(index == 7 for _, _, index in kept_pods.served)
    assert errors
    assert join_by_connection(rows, kept_pods.logs).discrepancies == ()


def test_what_fasthttpuser_sends_again_in_secret_is_found_in_the_pods_logs(kept_pods: "KeptPods", tmp_path: Path) -> None:
    kept_pods.bodies = cut_at_the_seventh
    _, rows = load(kept_pods, tmp_path, SHOPPER.format(client="FastHttpUser"))
    errors = sum(row.error is not None for row in rows)
    cut = sum(index == 7 for _, _, index in kept_pods.served)
    assert cut > errors, "otherwise nothing was hidden"
    (found,) = join_by_connection(rows, kept_pods.logs).discrepancies
    assert found.startswith(f"the pods got {cut - errors} more than the client told of")


def cut_at_the_seventh(pod: int, serial: int, index: int) -> str | None:
    return None if index == 7 else whole(pod, serial, index)


def whole(pod: int, serial: int, index: int) -> str:
    names = f'"pod":"pod-{pod}","uid":"uid-{pod}","node":"node-1"'
    return f'{{{names},"connection":{serial},"request":{index},"client":"127.0.0.1"}}'


@both_clients
def test_answers_that_only_name_their_pod_cannot_tell_a_choice(client: str, kept_pods: "KeptPods", tmp_path: Path) -> None:
    kept_pods.bodies = lambda pod, *_: f'{{"pod":"pod-{pod}"}}'
    _, rows = load(kept_pods, tmp_path, SHOPPER.format(client=client))
    assert {row.pod for row in rows} <= {"pod-1", "pod-2", "pod-3"}
    (found,) = join_by_connection(rows, {"": None}).discrepancies
    assert found.startswith("300 attempts are answered without a place, so that a new connection cannot be told")


@both_clients
def test_answers_of_something_else_are_not_ours(client: str, kept_pods: "KeptPods", tmp_path: Path) -> None:
    kept_pods.bodies = lambda *_: "<html>hello</html>"
    _, rows = load(kept_pods, tmp_path, SHOPPER.format(client=client))
    assert {row.error for row in rows} == {ErrorKind.NOT_OURS}


@both_clients
def test_a_port_that_nobody_listens_on_refuses(client: str, kept_pods: "KeptPods", tmp_path: Path) -> None:
    kept_pods.port = 1
    plan = LoadPlan("run-1", LAW, cap=20, errors_allowed=20, alpha=NEVER, beta=NEVER)
    _, rows = load(kept_pods, tmp_path, SHOPPER.format(client=client), plan)
    assert [row.error for row in rows] == [ErrorKind.REFUSED] * 20


def test_two_kinds_of_users_with_waits_and_errors_of_their_own_are_followed(kept_pods: "KeptPods", tmp_path: Path) -> None:
    (tmp_path / "goods.py").write_text("PATHS = ['/a', '/b']\n")
    source = """
import random
from locust import FastHttpUser, HttpUser, between, constant, events, task
from goods import PATHS

class Patient(HttpUser):
    wait_time = constant(60)
    @task
    def look(self):
        self.client.get("/patient")

class Hasty(FastHttpUser):
    wait_time = between(0, 0.001)
    @task(3)
    def look(self):
        self.client.get(random.choice(PATHS))
    @task
    def stumble(self):
        self.client.get("/wrong")
        raise KeyError("theirs")

@events.quitting.add_listener
def _(environment, **kwargs):
    environment.process_exit_code = 1
"""
    began = time.monotonic()
    summary, rows = load(kept_pods, tmp_path, source)
    assert time.monotonic() - began < 20, "a user who waits for a minute is not waited for"
    assert summary.attempts == len(rows) == len(kept_pods.served) == 300
    assert set(kept_pods.requests) == {"/patient", "/a", "/b", "/wrong"}


def test_requests_to_somewhere_else_are_none_of_ours(kept_pods: "KeptPods", three_pods: "KeptPods", tmp_path: Path) -> None:
    elsewhere = f'self.client.get("http://{three_pods.target}/token")'
    source = SHOPPER.format(client="HttpUser").replace('self.client.get("/")', elsewhere)
    _, rows = load(kept_pods, tmp_path, source)
    assert len(rows) == len(kept_pods.served) == 300
    assert len(three_pods.requests) >= 150
    assert {row.error for row in rows} == {None}


def test_a_task_that_catches_everything_and_asks_again_is_ended_too(kept_pods: "KeptPods", tmp_path: Path) -> None:
    source = """
from locust import HttpUser, task
class Stubborn(HttpUser):
    @task
    def ask(self):
        while True:
            try:
                self.client.get("/")
            except Exception:
                pass
"""
    summary, _ = load(kept_pods, tmp_path, source)
    assert summary.attempts == len(kept_pods.served) == 300


def test_an_answer_counts_though_a_listener_ends_the_user_as_it_comes(kept_pods: "KeptPods", tmp_path: Path) -> None:
    leaving = """
from locust import events
from locust.exception import RescheduleTask

@events.request.add_listener
def _(**kwargs):
    raise RescheduleTask
"""
    _, rows = load(kept_pods, tmp_path, SHOPPER.format(client="HttpUser") + leaving)
    assert {row.error for row in rows} == {None}
    assert len(rows) == len(kept_pods.served) == 300


def test_pytest_functions_that_locust_takes_for_users_are_followed(kept_pods: "KeptPods", tmp_path: Path) -> None:
    summary, rows = load(kept_pods, tmp_path, 'def test_shop(session):\n    session.get("/")\n')
    assert summary.attempts == len(rows) == len(kept_pods.served) == 300


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import nothing_of_that_name\n", "No module named 'nothing_of_that_name'"),
        ("def broken(:\n", "SyntaxError"),
        ("x = 1\n", "No User class found"),
        ("from locust import User, task\nclass Pure(User):\n    @task\n    def t(self): pass\n", "only Pure"),
    ],
)
def test_a_locustfile_that_cannot_be_followed_is_named_in_locusts_own_words(
    source: str, words: str, kept_pods: "KeptPods", tmp_path: Path
) -> None:
    with pytest.raises(EvenlyError, match=r"(?s)0 attempts were made.*shop\.py; it must run by itself") as raised:
        load(kept_pods, tmp_path, source)
    assert words in str(raised.value)
    assert kept_pods.connections == 0


def test_a_law_of_turns_cannot_be_judged_by_users_who_ask_when_they_like(kept_pods: "KeptPods", tmp_path: Path) -> None:
    turns = LoadPlan("run-1", round_robin(("uid-1", "uid-2")), cap=300)
    with pytest.raises(EvenlyError, match="only where evenly says when, and from where, each request is sent"):
        load(kept_pods, tmp_path, SHOPPER.format(client="HttpUser"), turns)
    assert kept_pods.connections == 0


@pytest.mark.parametrize("name", ["missing.py", "a,b.py", "."])
def test_a_path_that_locust_would_misread_is_refused(name: str, tmp_path: Path) -> None:
    if "," in name:
        (tmp_path / name).touch()
    with pytest.raises(EvenlyError, match=r"is no locustfile|has a comma"):
        LocustProcess("127.0.0.1:1", tmp_path / "load", locustfile=tmp_path / name)


def test_an_interrupted_load_of_somebodys_own_users_keeps_its_rows(kept_pods: "KeptPods", tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOPPER.format(client="FastHttpUser"))
    with LocustProcess(kept_pods.target, tmp_path / "load", 5, tmp_path / "shop.py") as locust:
        locust.release(LoadPlan("run-1", LAW, cap=10_000_000, alpha=NEVER, beta=NEVER))
        deadline = time.monotonic() + 15
        while len(locust.rows) < 100:
            assert time.monotonic() < deadline, "no rows within the limit"
            time.sleep(0.02)
        locust.stop()
        assert locust.wait().stopped is Stopped.INTERRUPTED
        assert Counter((row.uid, row.connection, row.request) for row in locust.rows) == Counter(kept_pods.served)


def test_a_disk_that_fills_up_is_named_though_it_is_somebodys_task_that_meets_it(
    kept_pods: "KeptPods", tmp_path: Path, disk_that_fills_up: Callable[[int], AbstractContextManager[None]]
) -> None:
    (tmp_path / "shop.py").write_text(SHOPPER.format(client="HttpUser"))
    with disk_that_fills_up(20_000):
        locust = LocustProcess(kept_pods.target, tmp_path / "load", 5, tmp_path / "shop.py")
    with locust:
        locust.release(LoadPlan("run-1", LAW, cap=10_000_000, alpha=NEVER, beta=NEVER))
        with pytest.raises(EvenlyError, match=r"rows\.csv cannot be written: File too large"):
            locust.wait()
