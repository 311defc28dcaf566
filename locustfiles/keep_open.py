"""All requests of a client on one connection that stays open: what a pool of connections does, as databases' and gRPC's.

Run it by itself, in the browser or without:

    locust -f locustfiles/keep_open.py --host http://127.0.0.1:30000
    locust -f locustfiles/keep_open.py --host http://127.0.0.1:30000 --headless -u 20 -r 20 -t 5s

A Service chose a pod once, as the connection was opened: pods that come later get nothing of it.
"""

from locust import task

from evenly.load.locust.users import KeptConnectionUser


class KeepOpen(KeptConnectionUser):
    """A client that connects once, and asks as long as it lives."""

    requests_per_connection = 1_000_000  # the backend closes a connection then

    @task
    def ask(self) -> None:
        """Ask once more on the connection; a request that fails is not sent again."""
        self.ask_on_a_kept_connection()
