"""A terminal: commands as a person types them, each with what came back."""

import http.client
import shlex
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from evenly import limits
from evenly.k8s import manifest
from evenly.process import ProgramError, run

CURL_LIMIT_S = 10.0
STDIN = "-"
NAME_OF_STDIN = '"STDIN"'  # kubectl's


class Terminal:
    """Types kubectl and curl in one namespace: ``terminal("kubectl apply -f spring-service.yaml")``.

    ``find`` finds the files that are typed. kubectl may run where it cannot read this machine's files, so it gets them on its
    standard input; ``image`` takes the place of the manifests' ``written`` one.
    """

    def __init__(
        self, kubectl: Callable[..., str], namespace: str, *, find: Callable[[str], Path], written: str, image: str
    ) -> None:
        self._kubectl = kubectl
        self._namespace = namespace
        self._find = find
        self._images = written, image
        self._seen = [f"# in a namespace of its own: add -n {namespace} to each kubectl"]

    @property
    def transcript(self) -> str:
        """All that was typed and came back, as on a screen."""
        return "\n".join(self._seen)

    def __call__(self, command: str) -> str:
        """Type a command and return what it prints; raises ProgramError when it is refused."""
        self._seen.append(f"$ {command}")
        program, *words = shlex.split(command, comments=True)
        try:
            said = "\n".join(curl(words[0])) if program == "curl" else self._kubectl_with_file(words)
        except ProgramError as refused:
            self._seen.append(refused.stderr.rstrip())
            raise
        self._seen.append(said.rstrip())
        return said

    def refused(self, command: str) -> str:
        """Type a command that must be refused and return the words; raises AssertionError when it is not."""
        try:
            self(command)
        except ProgramError:
            return self._seen[-1]
        raise AssertionError(f"this was not refused: {command}")

    def read(self, file: str) -> tuple[manifest.Document, ...]:
        """Return the objects of a manifest, with the image that this cluster has."""
        return manifest.with_image(manifest.read(self._find(file)), *self._images)

    def _kubectl_with_file(self, words: Sequence[str]) -> str:
        where = ("--namespace", self._namespace)
        if "-f" not in words:
            return self._kubectl(*where, *words)
        file = words[words.index("-f") + 1]
        typed = (STDIN if word == file else word for word in words)
        try:
            return self._kubectl(*where, *typed, stdin=yaml.safe_dump_all(self.read(file)))
        except ProgramError as refused:
            seen = refused.stderr.replace(NAME_OF_STDIN, f'"{file}"')  # what it says when it opens the file itself
            raise ProgramError(refused.problem, refused.remedy, seen) from None


def curl(target: str, requests: int = 1) -> list[str]:
    """Send requests to ``host:port`` on one connection and return what was answered; raises ProgramError or OSError."""
    program = shutil.which("curl")
    if not program:
        return _ask(target, requests)
    return run(program, "--silent", "--show-error", *[target] * requests, timeout_s=CURL_LIMIT_S).splitlines()


def _ask(target: str, requests: int) -> list[str]:
    connection = http.client.HTTPConnection(target, timeout=limits.scaled(CURL_LIMIT_S))
    try:
        answers = []
        for _ in range(requests):
            connection.request("GET", "/")
            answers.append(connection.getresponse().read().decode().strip())
    finally:
        connection.close()
    return answers
