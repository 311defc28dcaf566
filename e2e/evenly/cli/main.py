"""The command `evenly`, put together: each of its commands is a module beside this one."""

import sys

import typer

from evenly import limits
from evenly.cli.doctor import diagnose
from evenly.cluster import down as take_down
from evenly.cluster.cache.cache import Cache
from evenly.errors import EvenlyError
from evenly.judge.verdict import Word
from evenly.offline.supplier import OfflineSupplier
from evenly.progress import Progress
from evenly.report import render
from evenly.settings import Settings, load

commands = typer.Typer(
    help="Decides, with known error rates, whether a Kubernetes Service spreads its connections evenly over its pods.",
    no_args_is_help=True,
    add_completion=False,
)

STYLES = {True: "", False: "red", None: "yellow"}

RunFolder = Annotated[Path, typer.Argument(help="The folder of a run: reports/latest, or reports/RUN-ID.")]


@commands.command("try")
def try_it() -> None:
    """Take a guided tour of a Service on a real cluster, which stays until `evenly down`."""
    from evenly.cli.tour import tour  # noqa: PLC0415 - the client of Kubernetes takes a second to import

    raise typer.Exit(tour(_settings()).exit_code)


@commands.command()
def plan(  # noqa: PLR0913, PLR0917 - one for each option
    pods: Annotated[int | None, typer.Option(help="How many pods share evenly.", show_default="3")] = None,
    shares: Annotated[str | None, typer.Option(help="Declared shares in percent, such as 50,30,20.")] = None,
    delta: Annotated[
        str | None, typer.Option(help="Smallest deviation of a share that must be caught.", show_default="5pp")
    ] = None,
    alpha: Annotated[str | None, typer.Option(help="How often an even Service may be failed.", show_default="1e-6")] = None,
    beta: Annotated[
        str | None, typer.Option(help="How often one that is delta or more off may be passed.", show_default="1e-3")
    ] = None,
    rate: Annotated[str | None, typer.Option(help="Connections a second, such as 4000/s.")] = None,
    verdicts: Annotated[int | None, typer.Option(help="How many verdicts there are in a night.")] = None,
) -> None:
    """Tell how many connections a test takes, how long, and what it may miss; nothing is sent."""
    from evenly.cli import plan as planning  # noqa: PLC0415 - no other command needs it

    for line in planning.plan(planning.Asked(pods, shares, delta, alpha, beta, rate, verdicts), os.environ, Path.cwd()):
        typer.echo(line)


@commands.command()
def report(folder: RunFolder) -> None:
    """Rebuild a run's report.html, junit.xml and summary.md from its records."""
    typer.echo(render(folder).page)


@commands.command()
def show(folder: RunFolder) -> None:
    """Tell what a run found, in plain words."""
    for line in render(folder).whole.lines:
        typer.echo(line)


@commands.command()
def down(
    cache: Annotated[bool, typer.Option("--cache", help="Also remove all that was downloaded and built.")] = False,
) -> None:
    """Remove a kept cluster and the private engine; nothing else on this machine was changed."""
    folder = _settings().cache
    take_down(folder, Progress())
    if cache:
        Cache(folder).clear()


@commands.command()
def doctor() -> None:
    """Tell what this machine has and lacks for each way to a cluster; nothing is changed."""
    settings = _settings()
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


def _settings() -> Settings:
    """Return what the environment and pyproject.toml say, with their patience applied."""
    settings = load({}, os.environ, Path.cwd())
    limits.be_patient(settings.patience)
    return settings


def app() -> None:
    """Run the command; an error that is meant for a person is shown without a traceback, and ends with INVALID's code."""
    try:
        commands()
    except EvenlyError as error:
        typer.echo(f"evenly: {error}", err=True)
        sys.exit(Word.INVALID.exit_code)
