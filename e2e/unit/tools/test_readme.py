"""Every command and every link of the README works as it is written."""

import re
import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evenly.cli import main
from evenly.process import ProgramError, run

README = Path("README.md").read_text()
BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(make|evenly|locust|pytest|\.venv/bin/\S+)(\s|$)")
PROGRAM_LIMIT_S = 30.0


def commands(text: str) -> list[str]:
    """Return what a reader may type, from code blocks and from code within sentences."""
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    inline = re.findall(r"`([^`]+)`", BLOCK.sub("", text))
    parts = [part.strip(" $") for code in (*lines, *inline) for part in re.split(r"&&|[;|]", code)]
    return sorted({" ".join(part.split()) for part in parts if COMMAND.match(part)})


def links(text: str) -> list[str]:
    return sorted(set(re.findall(r"\]\((?!https?:|#)([^)#\s]+)", BLOCK.sub("", text))))


def check(command: str, parser: pytest.Parser) -> None:
    """Raise AssertionError or ProgramError when a command has a target, a variable, an option or a file that is not there."""
    program, *arguments = shlex.split(command, comments=True)
    match Path(program).name:
        case "make":
            variables = re.findall(r"^  ([A-Z_]+) ", run("make", "help", timeout_s=PROGRAM_LIMIT_S), re.MULTILINE)
            assert {given.partition("=")[0] for given in arguments if "=" in given} <= set(variables)
            run("make", "--just-print", *arguments, timeout_s=PROGRAM_LIMIT_S)
        case "evenly":  # --help reads the rest of the line first
            result = CliRunner().invoke(main.commands, [*arguments, "--help"])
            assert result.exit_code == 0, result.output
        case "pytest":
            known, unknown = parser.parse_known_and_unknown_args(arguments)
            assert not unknown, f"pytest has no option {unknown}"
            assert all(any(Path().glob(name.partition("::")[0])) for name in known.file_or_dir), "no such file"
        case "locust":  # --list reads the rest of the line and the file, and sends nothing
            run(Path(sys.executable).with_name("locust"), *arguments, "--list", timeout_s=PROGRAM_LIMIT_S)
        case name:
            assert Path(sys.executable).with_name(name).exists(), f"{program} is not installed"


@pytest.fixture
def parser(pytestconfig: pytest.Config) -> pytest.Parser:
    return pytestconfig._parser


@pytest.mark.parametrize("command", commands(README))
def test_a_command_of_the_readme_can_be_typed_as_it_is_written(command: str, parser: pytest.Parser) -> None:
    check(command, parser)


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("make nosuch", "No rule to make target 'nosuch'"),
        ("make e2e NOSUCH=1", "NOSUCH"),
        ("evenly nosuch", "No such command 'nosuch'"),
        ("evenly down --nosuch", "No such option"),
        ("pytest --nosuch", "no option"),
        ("pytest e2e/test_nosuch.py::test_a", "no such file"),
        ("locust -f nosuch.py", "nosuch.py"),
        (".venv/bin/nosuch", "not installed"),
    ],
)
def test_a_made_up_command_is_caught(command: str, complaint: str, parser: pytest.Parser) -> None:
    with pytest.raises((AssertionError, ProgramError), match=complaint):
        check(command, parser)


def test_commands_are_found_in_blocks_and_in_sentences() -> None:
    text = "Run `make\ntest`, or `e2e/`, `makeshift`:\n```sh\n$ make e2e  # all\nmakes sense\n  cd x && evenly show y\n```\n"
    assert commands(text) == ["evenly show y", "make e2e # all", "make test"]


@pytest.mark.parametrize("link", links(README))
def test_a_link_of_the_readme_leads_to_a_file(link: str) -> None:
    assert Path(link).exists()


def test_links_are_found_unless_they_leave_the_repository() -> None:
    text = "[a](a.md) ![b](b/c.png) [d](https://example.org) [e](#here) [f](f.md#part)\n```\n[g](g.md)\n```\n"
    assert links(text) == ["a.md", "b/c.png", "f.md"]
