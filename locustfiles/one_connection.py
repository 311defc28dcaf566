"""A thousand requests on one and the same connection, as of a client with a pool of one: the Service chooses a pod only once.

    locust -f locustfiles/one_connection.py --host http://127.0.0.1:30000 --headless

All answers then come from one pod, however even the Service is. The path asks the backend to leave the connection open.
"""

from signal import SIGINT, raise_signal

from locust import FastHttpUser, task

REQUESTS = 1000


class OneConnection(FastHttpUser):
    """A client that never lets go of its connection; there is only one of it, however many users Locust is to have."""

    fixed_count = 1
    asked = 0

    @task
    def ask(self) -> None:
        """Ask once more; Locust's client keeps the connection by itself."""
        self.client.get("/keep/one/1")
        self.asked += 1
        if self.asked == REQUESTS:
            raise_signal(SIGINT)  # as Ctrl-C does: more would show the same
