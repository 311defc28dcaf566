"""Measures everything and writes it into reports/bench: `python -m bench`; for a Service that runs: `... ADDRESS:PORT`."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import judge, verdict
from bench.picture import picture
from bench.places import Place, Target, bare, behind_rules, door
from bench.programs import Programs, fetch
from bench.rounds import in_turn
from bench.runs import OURS, Run, other, ours
from bench.table import Compared, markdown
from bench.tools import OTHERS, Load
from evenly.cluster.cache.cache import Cache
from evenly.errors import EvenlyError
from evenly.files import write_whole, writing
from evenly.offline.engine.programs import engine_programs
from evenly.offline.images import backend_image
from evenly.progress import Progress
from evenly.settings import load as load_settings
from planes.network import own_network
from planes.servers import Servers

BURST = Load("bursts of 6,000 connections", 6_000, 1)
SUSTAINED = Load("as many connections as 10 s take", 0, 10)
WORKERS = (2, 4)
ROUNDS = {BURST: 7, SUSTAINED: 3}
_DOOR_CONNECTIONS = 20_000  # more than any tool makes in one burst
_INTERRUPTED = 130


def main(folder: Path, target: Target | None = None) -> None:
    """Measure everything, and write table.md, table.json and bench.svg; with a target, only bursts, and only there.

    The kernel keeps connections that passed through rules for two minutes: behind a door that others use, too, 10 s by each
    tool would fill its table.
    """
    progress = Progress()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _places(target, progress) as places:
        programs = fetch(_cache(), progress)
        loads = [BURST] if target else [BURST, SUSTAINED]
        plan = [(place, load) for place in places for load in loads]
        compared = []
        for number, (place, load) in enumerate(plan, 1):
            with progress.step(f"{place.name}: {load.name}", number, len(plan) + 2, usually_s=80):
                compared.append(Compared(place.name, load, in_turn(_measures(place, load, programs), ROUNDS[load])))
        with progress.step(f"{places[-1].name}: verdicts", len(plan) + 1, len(plan) + 2, usually_s=30):
            verdicts = verdict.measure(places[-1])
    with progress.step("the judge", len(plan) + 2, len(plan) + 2):
        cost = judge.measure()
    write_whole(folder / "table.md", markdown(compared, verdicts, cost))
    found = {"loads": [asdict(one) for one in compared], "verdicts": asdict(verdicts), "judge": asdict(cost)}
    write_whole(folder / "table.json", json.dumps(found, indent=2) + "\n")
    write_whole(folder / "bench.svg", picture(compared))
    progress.say(f"Table and picture: {folder}/table.md, {folder}/bench.svg")


def target_of(text: str) -> Target:
    """Read an address and a port; raises EvenlyError."""
    address, _, port = text.rpartition(":")
    if not address or not port.isdecimal():
        raise EvenlyError(f"{text!r} is no target", "give an address and a port, such as 127.0.0.1:30000")
    return Target(address, int(port))


@contextmanager
def _places(target: Target | None, progress: Progress) -> Iterator[Sequence[Place]]:
    if target:
        yield [door(target, _DOOR_CONNECTIONS)]
        return
    with own_network():
        pass  # it may be forbidden, which is better known before anything is fetched
    _, tools = engine_programs(_cache(), progress)
    image = backend_image.IMAGE.build(_cache(), progress.step("fetch nginx", usually_s=3))
    with TemporaryDirectory(prefix="bench") as folder:
        servers = Servers(Path(folder), image)
        yield [bare(servers), behind_rules(servers, tools)]


def _measures(place: Place, load: Load, programs: Programs) -> dict[str, Callable[[], Run]]:
    def measured(send: Callable[[Target, Load], Run]) -> Run:
        with place.open() as target:
            return send(target, load)

    shared = {f"{OURS}, {workers} workers": partial(ours, workers=workers) for workers in WORKERS}
    senders = {OURS: ours} | shared | {tool.name: partial(other, tool, programs) for tool in OTHERS}
    return {name: partial(measured, send) for name, send in senders.items()}


def _cache() -> Cache:
    return Cache(load_settings({}, os.environ, Path.cwd()).cache)


if __name__ == "__main__":
    try:
        main(Path("reports/bench"), *map(target_of, sys.argv[1:2]))
    except EvenlyError as error:
        sys.exit(f"evenly: {error}")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
