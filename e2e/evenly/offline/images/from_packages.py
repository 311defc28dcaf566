"""An image made of Debian packages: unpacked, and only what its program needs copied out of them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from inspect import getfile
from pathlib import Path
from tempfile import TemporaryDirectory

from evenly.cluster.cache.cache import Cache
from evenly.cluster.images import labels
from evenly.offline import apt
from evenly.offline.images import archive, libraries

SUITE = "trixie"  # its versions are those of the official images that ours stand for


@dataclass(frozen=True, slots=True)
class PackagedImage:
    """An image of packages of Debian 13; ``name`` is its entry in the cache, ``tag`` what the engine knows it by.

    ``fill(root, packages)`` copies what is wanted from where the packages are unpacked into the empty root of the image.
    ``config`` is the image configuration's own.
    """

    name: str
    tag: str
    packages: Sequence[str]
    fill: Callable[[Path, Path], None]
    config: Mapping[str, object]

    def build(self, cache: Cache, step: AbstractContextManager[None]) -> Path:
        """Return the archive of the image; `docker load` takes it."""

        def make(into: Path) -> None:
            with step, TemporaryDirectory(dir=into) as unpacked, TemporaryDirectory(dir=into) as folder:
                packages, root = Path(unpacked), Path(folder)
                apt.unpack(self.packages, into=packages, cache=cache, suite=SUITE)
                libraries.merge_usr(packages)
                self.fill(root, packages)
                # An unfinished entry has its final name with an ending: that name is the key of all that goes in.
                config = {**self.config, "Labels": {labels.LABEL: into.stem}}
                archive.write(root, to=into / "image.tar", tags=[self.tag], config=config)

        recipe = (getfile(self.fill), __file__, archive.__file__, labels.__file__, libraries.__file__)
        return cache.entry(self.name, [SUITE, *self.packages, *map(Path, recipe)], make) / "image.tar"
