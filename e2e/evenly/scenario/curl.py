"""curl, and what stands in for it on a machine that has none."""

import http.client
import shutil

from evenly.process import run

CURL_LIMIT_S = 10.0


def curl(target: str, requests: int = 1) -> list[str]:
    """Send requests to ``host:port`` on one connection and return what was answered; raises ProgramError or OSError."""
    program = shutil.which("curl")
    if not program:
        return _ask(target, requests)
    return run(program, "--silent", "--show-error", *[target] * requests, timeout_s=CURL_LIMIT_S).splitlines()


def _ask(target: str, requests: int) -> list[str]:
    connection = http.client.HTTPConnection(target, timeout=CURL_LIMIT_S)
    try:
        answers = []
        for _ in range(requests):
            connection.request("GET", "/")
            answers.append(connection.getresponse().read().decode().strip())
    finally:
        connection.close()
    return answers
