import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.load.answer import Answer, ErrorKind, Exchange, answer_of, parse

FIELDS = {"pod": "p", "uid": "u", "node": "n", "connection": 7, "request": 1, "client": "10.244.1.1"}


def http(body: str, length: int | None = None) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n{body}".encode()


def test_an_answer_of_the_backend_is_read_field_by_field() -> None:
    assert parse(http(json.dumps(FIELDS) + "\n")) == Answer("p", "u", "n", 7, 1, "10.244.1.1")


@pytest.mark.parametrize(
    "response", [b"", b"HTTP/1.1 200 OK\r\nContent-", b"SSH-2.0-server\r\n\r\n", http('{"pod": "p', length=99)]
)
def test_less_than_a_whole_http_response_is_a_bad_response(response: bytes) -> None:
    assert parse(response) is ErrorKind.BAD_RESPONSE


@pytest.mark.parametrize(
    "body",
    [
        "<html>404</html>",
        "[]",
        json.dumps({"pod": "p"}),
        json.dumps(FIELDS | {"connection": "7"}),
        json.dumps(FIELDS | {"request": True}),
        json.dumps(FIELDS | {"more": 1}),
        json.dumps(FIELDS | {"pod": "p\r\n1,0,1,1,p"}),
        json.dumps(FIELDS | {"node": "n" * 2000}),
    ],
)
def test_a_whole_response_of_another_kind_is_not_ours(body: str) -> None:
    assert parse(http(body)) is ErrorKind.NOT_OURS


@given(st.data())
def test_what_the_backend_writes_is_read_as_json_has_it_also_when_it_is_spoilt(data: st.DataObject) -> None:
    body = '{"pod":"p-1","uid":"u","node":"n","connection":7,"request":1,"client":"10.244.1.1"}\n'
    at = data.draw(st.integers(0, len(body)))
    spoilt = body[:at] + data.draw(st.text(max_size=3)) + body[data.draw(st.integers(at, len(body))) :]
    try:
        expected = answer_of(json.loads(spoilt)) or ErrorKind.NOT_OURS
    except ValueError:
        expected = ErrorKind.NOT_OURS
    assert parse(b"HTTP/1.1 200 OK\r\n\r\n" + spoilt.encode(errors="replace")) == expected


def test_the_response_time_is_what_is_left_after_connecting() -> None:
    good = Exchange(1_000_000, 4_000_000, 500, Answer("p", "u", "n", 1, 1, "c"), None)
    assert good.response_us == 2_500
    assert Exchange(1_000_000, 4_000_000, 500, None, ErrorKind.RESET).response_us is None
