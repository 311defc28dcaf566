"""Every option of evenly in one place; the only reader of options, environment and configuration.

An option is looked for in this order: command line, environment (``EVENLY_`` and its name in capitals),
``[tool.evenly]`` in pyproject.toml, default.
"""

import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from evenly.errors import EvenlyError
from evenly.limits import CONVERGE_S


class ClusterFrom(StrEnum):
    """Where the images of the cluster come from."""

    AUTO = "auto"
    PULLED = "pulled"
    BUILT = "built"


class ProxyMode(StrEnum):
    """What kube-proxy writes a Service's rules for."""

    IPTABLES = "iptables"
    NFTABLES = "nftables"


class Seconds(float):
    """A time in seconds, written as 30 or as 30s."""

    written = "a time in seconds, such as 30s"

    def __new__(cls, value: str | float) -> Self:
        """Read it; raises ValueError for anything else."""
        return super().__new__(cls, value.removesuffix("s") if isinstance(value, str) else value)


class PerSecond(float):
    """A rate, written as 400 or as 400/s."""

    written = "a rate, such as 400/s"

    def __new__(cls, value: str | float) -> Self:
        """Read it; raises ValueError for anything else."""
        return super().__new__(cls, value.removesuffix("/s") if isinstance(value, str) else value)


def _option(default: Any, help_text: str, low: float = 0, high: float = 0) -> Any:  # noqa: ANN401 - a field takes its own type
    return field(default=default, metadata={"help": help_text, "low": low, "high": high})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is told; each field is the option of the same name, with dashes for underscores."""

    cluster_from: ClusterFrom = _option(
        ClusterFrom.AUTO, "where images come from: pulled, built (offline), or auto: pulled if possible"
    )
    proxy_mode: ProxyMode = _option(ProxyMode.IPTABLES, "kube-proxy's mode in a cluster made here: iptables or nftables")
    context: str = _option("", "use the existing cluster of this kubeconfig context; it is never created or deleted")
    reports: Path = _option(Path("reports"), "folder that takes one folder of reports a run")
    cache: Path = _option(Path(), "folder for what is downloaded and built [~/.cache/evenly]")
    clients: int = _option(20, "clients that send connections at the same time", low=1, high=1000)
    alpha: float = _option(1e-6, "how often an even Service may be failed", low=1e-12, high=0.1)
    beta: float = _option(1e-3, "how often a Service that is delta or more off may be passed", low=1e-12, high=0.1)
    delta: float = _option(
        0.05, "smallest deviation of a pod's share that must be caught; 0.05 is 5 points", low=0.001, high=0.5
    )
    workers: int = _option(1, "processes that share the clients and send the load together", low=1, high=64)
    workers_in_cluster: int = _option(
        0, "pods of the cluster that share the clients and send the load in the place of this machine", low=0, high=64
    )
    locustfile: str = _option("", "the load: a locustfile of yours, or one of evenly's [locustfiles/new_connection.py]")
    rate: PerSecond = _option(
        PerSecond(0), "attempts a second, such as 400/s, however long each takes [as fast as the clients can]", low=0, high=1e5
    )
    hold: Seconds = _option(
        Seconds(0), "how long the load goes on after PASS, such as 30s; FAIL may still come", low=0, high=600
    )
    converge_s: float = _option(
        CONVERGE_S, "longest wait for the Service to settle; then the load runs all the same", low=0, high=3600
    )
    patience: float = _option(
        1.0, "factor for every time limit of waits for the cluster and of programs; 2 on a slow one", low=1, high=100
    )


def load(options: Mapping[str, object], environ: Mapping[str, str], folder: Path) -> Settings:
    """Read the settings; an option that is None, empty or missing counts as not given.

    ``folder`` is where pyproject.toml may lie. Raises EvenlyError for a value or a name that cannot be right.
    """
    configured = _configured(folder)
    values: dict[str, Any] = {"cache": _cache_home(environ) / "evenly"}
    for option in fields(Settings):
        variable = f"EVENLY_{option.name.upper()}"
        sources = (
            (option_flag(option.name), options.get(option.name)),
            (variable, environ.get(variable)),
            (f"[tool.evenly] {option.name}", configured.get(option.name)),
        )
        source, given = next(((s, g) for s, g in sources if g not in {None, ""}), ("", None))
        if given is not None:
            values[option.name] = _read(option, given, source)
    settings = Settings(**values)
    _check_workers(settings)
    return settings


def with_options(settings: Settings, options: Mapping[str, object]) -> Settings:
    """Return the settings with some options otherwise; raises EvenlyError for a value that cannot be right."""
    known = {option.name: option for option in fields(Settings)}
    read: dict[str, Any] = {name: _read(known[name], given, name) for name, given in options.items()}
    return replace(settings, **read)


def command(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return what a person types to repeat this run: the Makefile's target, where it was used, else pytest itself."""
    return environ.get("EVENLY_COMMAND") or shlex.join(("pytest", *arguments))


def option_flag(name: str) -> str:
    """Return the command-line spelling of an option."""
    return f"--{name.replace('_', '-')}"


def _read(option: Field[Any], given: object, source: str) -> object:
    value: Any = _converted(given, type(option.default), source)
    low, high = option.metadata["low"], option.metadata["high"]
    if high and not low <= value <= high:
        raise EvenlyError(f"{source} is {given}", f"give {low:g} to {high:g}")
    return value


def _check_workers(settings: Settings) -> None:
    """Raise EvenlyError where worker pods are asked for, and something that they cannot do."""
    others = {
        "--context": (settings.context, "evenly puts no pods of its own into a cluster that it did not make"),
        "--workers": (settings.workers > 1, "a load is sent by processes of this machine or by pods"),
        "--locustfile": (settings.locustfile, "pods make a new connection for each request"),
    }
    for option, (given, why) in others.items():
        if settings.workers_in_cluster and given:
            raise EvenlyError(f"--workers-in-cluster is given with {option}, and {why}", "leave one of the two out")
    if settings.workers_in_cluster > settings.clients:
        raise EvenlyError(
            f"{settings.workers_in_cluster} workers cannot share {settings.clients} clients",
            "give a smaller --workers-in-cluster, or more --clients",
        )


def _cache_home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _configured(folder: Path) -> dict[str, object]:
    path = folder / "pyproject.toml"
    if not path.exists():
        return {}
    try:
        table: dict[str, object] = tomllib.loads(path.read_text()).get("tool", {}).get("evenly", {})
    except tomllib.TOMLDecodeError as error:
        raise EvenlyError(f"{path} is not TOML: {error}", "mend the line it names") from None
    known = sorted(option.name for option in fields(Settings))
    if unknown := sorted(set(table) - set(known)):
        raise EvenlyError(f"[tool.evenly] in {path} has no option {unknown[0]!r}", f"the options are {', '.join(known)}")
    return table


def _converted(given: object, kind: type[Any], source: str) -> object:
    try:
        return kind(given)
    except ValueError:
        wanted = " or ".join(kind) if issubclass(kind, StrEnum) else getattr(kind, "written", f"a number ({kind.__name__})")
        raise EvenlyError(f"{source} is {given!r}", f"give {wanted}") from None
