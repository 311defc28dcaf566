"""Somebody else's backend: which pod answered, by a header or by words in the body; and what is no name is no answer."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.errors import EvenlyError
from evenly.judge import uniform
from evenly.load.answer import Answer, ErrorKind
from evenly.load.client.process import LocustProcess
from evenly.load.identify import EvenlyBackend, Identify, body, header
from evenly.load.plan import LoadPlan, Stopped

Serve = Callable[..., Any]

KNOWN = {"shop-1": "uid-1", "10.0.0.1": "uid-1", "shop-2": "uid-2"}


def response(head: str, text: str = "hello") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n{text}".encode()


def answer(pod: str, uid: str) -> Answer:
    return Answer(pod, uid, "", 0, 1, "")


@pytest.mark.parametrize("head", ["X-Pod: shop-1", "x-pod:shop-1 ", "Server: nginx\r\nX-POD:  shop-1\r\nVia: x"])
def test_a_header_names_the_pod_however_it_is_written(head: str) -> None:
    assert header("X-Pod").knowing(KNOWN).read(response(head)) == answer("shop-1", "uid-1")


def test_words_in_the_body_name_the_pod() -> None:
    by_words = body(r"served by (\S+)").knowing(KNOWN)
    assert by_words.read(response("Server: x", "<p>served by 10.0.0.1 today")) == answer("10.0.0.1", "uid-1")


def test_a_stranger_stands_for_itself() -> None:
    assert header("X-Pod").knowing(KNOWN).read(response("X-Pod: canary")) == answer("canary", "canary")


@pytest.mark.parametrize("head", ["Server: X-Pod: shop-1", "X-Pod:", "X-Pods: shop-1", f"X-Pod: {'x' * 1025}", "X-Pod: a\x1bb"])
def test_an_answer_without_a_name_is_none(head: str) -> None:
    assert header("X-Pod").read(response(head)) is ErrorKind.NOT_OURS


def test_a_body_without_the_words_is_no_answer() -> None:
    assert body("by (.+)").read(response("Server: x", "nothing")) is ErrorKind.NOT_OURS
    assert body("by|(x)").read(response("Server: x", "by")) is ErrorKind.NOT_OURS, "the words were found, but no name"


@pytest.mark.parametrize(
    "whole", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Pod: shop-1", response("Content-Length: 9")]
)
def test_what_is_not_whole_is_told_apart(whole: bytes) -> None:
    assert header("X-Pod").read(whole) is ErrorKind.BAD_RESPONSE


@given(st.binary(max_size=300))
def test_whatever_comes_is_an_answer_or_an_error(received: bytes) -> None:
    for dialect in (EvenlyBackend(), header("X-Pod"), body("(.)")):
        assert isinstance(dialect.read(b"HTTP/1.1 " + received), Answer | ErrorKind)


@pytest.mark.parametrize(
    ("identify", "wrong"),
    [
        (lambda: header("X Pod"), "'X Pod' is no name of a header"),
        (lambda: header(""), "'' is no name of a header"),
        (lambda: body("("), r"'\(' is no regular expression: missing \), unterminated"),
        (lambda: body("served by"), "'served by' has 0 groups"),
        (lambda: body("(a)(b)"), r"'\(a\)\(b\)' has 2 groups"),
        (lambda: header("X-Pod", path="shop"), "'shop' cannot be asked for"),
        (lambda: header("X-Pod", path="/a b"), "'/a b' cannot be asked for"),
        (lambda: header("X-Pod", path="/a\r\nHost: b"), "cannot be asked for"),
    ],
)
def test_a_way_that_cannot_be_is_refused_at_once(identify: Callable[[], Identify], wrong: str) -> None:
    with pytest.raises(EvenlyError, match=wrong):
        identify()


def test_a_load_asks_for_the_path_with_its_id_in_a_header_and_counts_pods_by_their_names(serve: Serve, tmp_path: Path) -> None:
    asked: list[bytes] = []

    def respond(request: bytes, serial: int) -> bytes:
        asked.append(request)
        return response(f"X-Pod: shop-{1 + serial % 2}\r\nContent-Length: 5")

    plan = LoadPlan("run-1", uniform(("uid-1", "uid-2")), cap=300, identify=header("X-Pod", path="/buy?x=1").knowing(KNOWN))
    with serve(respond) as shop, LocustProcess(shop.target, tmp_path) as load:
        load.release(plan)
        assert load.wait().stopped in {Stopped.CAP, Stopped.DECIDED}
    assert set(Counter(row.uid for row in load.rows)) == {"uid-1", "uid-2"}
    assert all(request.startswith(b"GET /buy?x=1 HTTP/1.1\r\n") for request in asked)
    ids = [re.search(rb"X-Request-Id: (\S+)", request) for request in asked]
    assert {found[1].decode() for found in ids if found} == {f"run-1/{row.number}" for row in load.rows}
