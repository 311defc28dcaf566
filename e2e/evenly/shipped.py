"""Finds the files that people read and change: manifests/ and locustfiles/, beside the code or inside the installed package."""

from pathlib import Path

from evenly.errors import EvenlyError

_PACKAGE = Path(__file__).resolve().parent
_PLACES = (_PACKAGE.parents[1], _PACKAGE)  # a checkout keeps them at its top, a wheel takes them along


def shipped(name: str) -> Path:
    """Return the path of a file such as ``manifests/kind.yaml`` or ``locustfiles/new_connection.py``.

    Raises EvenlyError when it is in neither place.
    """
    for place in _PLACES:
        if (place / name).is_file():
            return place / name
    raise EvenlyError(
        f"{name} is missing; expected in {' or '.join(str(place) for place in _PLACES)}",
        "check the name; if it is right, check out the repository, or install evenly, again",
    )
