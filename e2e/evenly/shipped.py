"""Finds the files that people read and change: manifests/ and locustfiles/, beside the code or inside the installed package."""

from collections.abc import Sequence
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


def manifest(name: str, folders: Sequence[Path] = ()) -> Path:
    """Return the path of a manifest: the first of that name below these folders, else one of evenly's own.

    Raises EvenlyError, which names the folders, when there is none.
    """
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    try:
        return shipped(f"manifests/{name}")
    except EvenlyError:
        ours = ", ".join(sorted(path.name for place in _PLACES for path in place.glob("manifests/*.yaml")))
        looked_in = ", ".join(dict.fromkeys(map(str, folders)))
        raise EvenlyError(
            f"there is no manifest {name}" + (f" in {looked_in}" if looked_in else ""),
            f"name a file below one of them, or one that comes with evenly: {ours}",
        ) from None
