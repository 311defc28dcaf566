"""The command `evenly`, put together: each of its commands is a module beside this one."""

import sys

import typer

from evenly.cli import doctor, down, plan, report, try_it
from evenly.errors import EvenlyError
from evenly.judge.verdict import Word

commands = typer.Typer(
    help="Decides, with known error rates, whether a Kubernetes Service spreads its connections evenly over its pods.",
    no_args_is_help=True,
    add_completion=False,
)
for module in (try_it, plan, report, down, doctor):
    commands.add_typer(module.commands)


def app() -> None:
    """Run the command; an error that is meant for a person is shown without a traceback, and ends with INVALID's code."""
    try:
        commands()
    except EvenlyError as error:
        typer.echo(f"evenly: {error}", err=True)
        sys.exit(Word.INVALID.exit_code)
