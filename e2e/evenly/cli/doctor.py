"""The command `evenly doctor`: what this machine has and lacks for each way to a cluster; it looks, and changes nothing."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from evenly.cli.configured import configured
from evenly.cluster import kind_program, records
from evenly.cluster.cache.cache import Cache, made_before
from evenly.cluster.engine.engine import Engine, users_docker
from evenly.cluster.engine_choice import private_requirements
from evenly.cluster.host import machine, ports
from evenly.cluster.host.requirements import Requirement, lacking
from evenly.cluster.images import registry, sources
from evenly.errors import EvenlyError
from evenly.judge.verdict import Word
from evenly.offline.images import build
from evenly.offline.supplier import OfflineSupplier
from evenly.settings import ClusterFrom

STYLES = {True: "", False: "red", None: "yellow"}
SUPPLIER = OfflineSupplier()

commands = typer.Typer()


@dataclass(frozen=True, slots=True)
class Group:
    """What one way to something needs, all of it; ``means`` is that way in the conclusion's words."""

    title: str
    means: str
    requirements: tuple[Requirement, ...]

    @property
    def possible(self) -> bool:
        """Nothing is lacking for certain."""
        return not lacking(self.requirements)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All groups, and one sentence on what `make e2e` would do."""

    groups: tuple[Group, ...]
    possible: bool
    conclusion: str


@commands.command()
def doctor() -> None:
    """Tell what this machine has and lacks for each way to a cluster; nothing is changed."""
    settings = configured()
    diagnosis = diagnose(settings.cache, settings.cluster_from)
    console = Console(highlight=False, soft_wrap=True)
    console.print("ok is there, -- is lacking, ?? cannot be told without trying")
    for group in diagnosis.groups:
        console.print(f"\n{group.title}", style="bold", markup=False)
        for requirement in group.requirements:
            for line in requirement.lines:
                console.print(f"  {line}", style=STYLES[requirement.met], markup=False)
    console.print(f"\n{diagnosis.conclusion}", style="bold", markup=False)
    raise typer.Exit(0 if diagnosis.possible else Word.INVALID.exit_code)


def diagnose(cache_folder: Path, way: ClusterFrom) -> Diagnosis:
    """Look at this machine; ``way`` is what the user has decided about the images."""
    folder = cache_folder.absolute()
    kept_in, cache = _cache(folder)
    common = Group("In any case", "", (_ports(cache), kept_in, machine.inotify()))
    docker, engine = users_docker()
    engines = _engines(docker, folder, runs=cache is not None and SUPPLIER.engine_was_started(cache))
    images = _images(engine, folder)
    groups = (common, *engines, *images)
    needed = ([common], engines, _in_order(images, way, engine, folder))
    ways = [[group for group in choice if group.possible] for choice in needed]
    if not all(ways):
        blocked = needed[ways.index([])]
        first = lacking(blocked[0].requirements)[0]
        conclusion = f"`make e2e` cannot run here, for lack of {first.name}. First: {first.remedy}."
        return Diagnosis(groups, possible=False, conclusion=conclusion)
    _, (first_engine, *_), (first_images, *others) = ways
    # only a registry that does not answer makes a run go the other way
    unsure = any(requirement.name == registry.NAME and requirement.met is None for requirement in first_images.requirements)
    fallback = f" or, if that fails, {others[0].means}" if others and unsure else ""
    return Diagnosis(
        groups, possible=True, conclusion=f"`make e2e` would use {first_engine.means} and {first_images.means}{fallback}."
    )


def _cache(folder: Path) -> tuple[Requirement, Cache | None]:
    """Return the cache if there is one; making it is left to a run."""
    if folder.exists() and (folder.stat().st_uid != os.geteuid() or any(folder.iterdir())):
        try:
            return Requirement("cache", str(folder), met=True), Cache(folder)
        except EvenlyError as error:
            return Requirement("cache", error.problem, met=False, remedy=error.remedy), None
    writable = os.access(machine.nearest(folder), os.W_OK)
    remedy = "name a folder that you may write to: EVENLY_CACHE=..."
    return Requirement("cache", f"{folder}, which a run {'will make' if writable else 'may not make'}", writable, remedy), None


def _ports(cache: Cache | None) -> Requirement:
    ours = [made.name for made in records.everything(cache)] if cache else []
    if ours:
        return Requirement("ports", f"with {', '.join(ours)}, which a run uses again or removes", met=True)
    return ports.free((*ports.HOST_PORTS.values(), ports.BALANCER))


def _engines(docker: Requirement, folder: Path, *, runs: bool) -> list[Group]:
    yours = Group("Engine: your Docker", "your Docker", (docker,))
    title, means = "Engine: a private Docker, where yours does not answer", "a private Docker"
    if runs:
        return [Group(title, means, (Requirement("private Docker", "runs already", met=True),)), yours]
    return [yours, Group(title, means, (*private_requirements(folder, SUPPLIER), machine.nftables()))]


def _images(engine: Engine | None, folder: Path) -> tuple[Group, Group]:
    pulled = (sources.registry_answers(engine), kind_program.available(folder, SUPPLIER), machine.cgroup())
    if made_before(folder, "binaries"):
        before = Requirement("images", f"built before, in {folder}", met=True)
        built = Group("Images: built here", "take images that were built before", (before,))
    else:
        title, means = "Images: built here, where no registry answers", "build images, once, in 7 to 8 minutes on two cores"
        built = Group(title, means, build.requirements(folder))
    return Group("Images: pulled", "pull images", pulled), built


def _in_order(images: tuple[Group, Group], way: ClusterFrom, engine: Engine | None, folder: Path) -> Sequence[Group]:
    """Return the ways that may be tried, first the one that is tried first, as `Sources.obtain` does."""
    pulled, built = images
    if way is not ClusterFrom.AUTO:
        return [pulled if way is ClusterFrom.PULLED else built]
    holds_built = sources.image_id(engine, SUPPLIER.node_image) if engine else made_before(folder, "binaries")
    return [built, pulled] if holds_built and not (engine and sources.pulled_before(engine)) else [pulled, built]
