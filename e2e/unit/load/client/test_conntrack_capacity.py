"""Room in the tracking table: what connections take there, and how many find room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.load.client.conntrack_capacity import connections, entries

ports = st.none() | st.integers(0, 60_000)


@pytest.mark.parametrize(
    ("made", "ports", "taken"),
    [(0, 28_232, 0), (20_000, 28_232, 60_000), (28_232, 28_232, 84_696), (150_000, 28_232, 206_464), (150_000, None, 450_000)],
)
def test_ports_of_this_machine_and_their_entries_are_used_again(made: int, ports: int | None, taken: int) -> None:
    assert entries(made, ports) == taken


@given(st.integers(0, 1_000_000), ports)
def test_as_many_connections_find_room_as_take_no_more_than_there_is(free: int, ports: int | None) -> None:
    most = connections(free, ports)
    assert entries(most, ports) <= free < entries(most + 1, ports)
