"""What each bad day starts from: a machine on which nothing of evenly runs, looked at before and after."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

import pytest

from evenly.cluster import down
from evenly.cluster.cache.cache import Cache
from evenly.offline.engine import private as private_engine
from evenly.offline.supplier import OfflineSupplier
from evenly.progress import Progress
from evenly.settings import load
from soak.runs import REPOSITORY, SUITE, Background, suite_argv
from soak.traces import MACHINE, left, traces

Start = Callable[..., Background]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--runs", type=int, default=50, help="how many runs are interrupted at a random moment")
    parser.addoption("--elsewhere", action="append", default=[], help="a folder that others write to meanwhile; repeatable")


@pytest.fixture(scope="session", autouse=True)
def ctrl_c() -> None:
    """Have runs listen to Ctrl-C, as a terminal's do; a shell's background jobs, and all they start, do not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def elsewhere(request: pytest.FixtureRequest) -> list[Path]:
    """Folders that are not looked at: the repository with its reports, and what the person at the machine names."""
    return [REPOSITORY, *map(Path, request.config.getoption("elsewhere"))]


@pytest.fixture(scope="session")
def cache(elsewhere: list[Path]) -> Iterator[Cache]:
    """The cache of runs, warm or not; at the end of all, the machine is what it was."""
    cache = Cache(load({}, os.environ, Path.cwd()).cache)
    assert not private_engine.was_started(cache), "a cluster was kept, or a run is under way: make down"
    before = traces(cache, elsewhere, MACHINE)
    yield cache
    down(cache.root, Progress(), OfflineSupplier())
    assert left(before, traces(cache, elsewhere, MACHINE)) == []


@pytest.fixture
def scratch(cache: Cache) -> Iterator[Path]:
    """A folder with a short path, for what a bad day needs; it is no trace."""
    assert cache.root.is_dir()  # the machine was looked at before
    folder = Path(mkdtemp(prefix="soak"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def start(cache: Cache, scratch: Path, elsewhere: list[Path]) -> Iterator[Start]:
    """Start runs with reports of their own; each has ended, and nothing of them is left, when the test ends."""
    before = traces(cache, [scratch, *elsewhere])
    with ExitStack() as stack:
        yield starter(stack, scratch)
    assert left(before, traces(cache, [scratch, *elsewhere])) == []
    assert list((scratch / "tmp").iterdir()) == []


def starter(stack: ExitStack, folder: Path) -> Start:
    """Return what starts `make e2e` with more options; the run ends with the ``stack``."""
    temporary = folder / "tmp"
    temporary.mkdir()

    def started(*options: str | Path, tests: Path = SUITE, cwd: Path = REPOSITORY, **env: str) -> Background:
        log = folder / f"run{len(list(folder.glob('*.log')))}.log"
        argv = suite_argv("--reports", folder / "reports", *options, tests=tests)
        return stack.enter_context(Background(*argv, log=log, env={"TMPDIR": str(temporary), **env}, cwd=cwd))

    return started
