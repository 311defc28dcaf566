"""One attempt as the judge sees it."""

from typing import NamedTuple


class Attempt(NamedTuple):
    """The attempt that started as the ``number``-th (from 1): the pod that answered, or None where nobody knows it.

    ``client`` is whose it was, where the law is over clients; ``serial`` says that it was made alone, after all those before.
    """

    number: int
    pod: str | None
    client: str = ""
    serial: bool = False
