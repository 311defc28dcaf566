"""Several requests on each connection, as browsers and most clients do: only the first one is a new choice of pod.

Run it by itself, in the browser or without:

    locust -f locustfiles/keep_alive.py --host http://127.0.0.1:30000
    locust -f locustfiles/keep_alive.py --host http://127.0.0.1:30000 --headless -u 20 -r 20 -t 5s

Locust's table has one line for each pod that answered. Its shares spread more than those of as many new connections:
requests on one connection all meet the same pod.
"""

from locust import task

from evenly.load.locust.users import KeptConnectionUser


class KeepAlive(KeptConnectionUser):
    """A client that connects, asks a number of times, and connects again."""

    requests_per_connection = 10

    @task
    def ask(self) -> None:
        """Ask once more on the connection; a request that fails is not sent again."""
        self.ask_on_a_kept_connection()
