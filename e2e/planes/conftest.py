"""What each plane is measured with: pods out of the cache's image, and a table of the verdicts beside the truth."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from evenly.cluster.cache.cache import Cache
from evenly.offline.engine.programs import engine_programs
from evenly.offline.images import backend_image
from evenly.progress import Progress
from evenly.settings import load
from planes.bench import ADDRESSES, Bench, Measured, Plane
from planes.judged import contradicts
from planes.network import own_network
from planes.servers import Servers

Measure = Callable[..., Measured]
TABLE = pytest.StashKey[list[str]]()
ROW = "{:<15} {:<15} {:>6}  {:<18}  {}"
HEADER = ("true shares, %", "measured, %", "mean N", "verdicts", "test")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--runs", type=int, default=1, help="how many loads are sent through each plane")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if rows := config.stash.get(TABLE, []):
        terminalreporter.section("data planes with a known truth")
        for row in (ROW.format(*HEADER), *rows):
            terminalreporter.write_line(row)


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    with own_network():
        pass  # it may be forbidden, which is better known before anything is fetched
    cache, progress = Cache(load({}, os.environ, Path.cwd()).cache), Progress()
    _, tools = engine_programs(cache, progress)
    image = backend_image.IMAGE.build(cache, progress.step("fetch nginx for the pods", usually_s=3))
    with TemporaryDirectory(prefix="planes") as folder:
        servers = Servers(Path(folder), image)
        yield Bench(servers, {f"uid-{address}": servers.pod(f"uid-{address}", address) for address in ADDRESSES}, tools)


@pytest.fixture
def measure(bench: Bench, request: pytest.FixtureRequest) -> Measure:
    """Return what sends loads through a plane; ``truth`` says what parts of the answers are each pod's, where it is known."""
    runs = request.config.getoption("runs")
    table = request.config.stash.setdefault(TABLE, [])

    def measured(plane: Plane, truth: Sequence[float] = ()) -> Measured:
        found = Measured([bench.load(plane) for _ in range(runs)])
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in found.verdicts.items())
        name = request.node.name.removeprefix("test_")
        table.append(ROW.format(_percent(truth), _percent(found.counts), round(found.mean_connections), verdicts, name))
        assert not truth or not contradicts(found.counts, truth), "the plane is not what it claims to be"
        return found

    return measured


def _percent(parts: Sequence[float]) -> str:
    return " ".join(f"{100 * part / sum(parts):.1f}" for part in parts)
