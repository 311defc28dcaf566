"""Every request on a new connection: each one is a new choice of pod, so the shares show what the Service does.

Run it by itself, in the browser or without:

    locust -f locustfiles/new_connection.py --host http://127.0.0.1:30000
    locust -f locustfiles/new_connection.py --host http://127.0.0.1:30000 --headless -u 20 -r 20 -t 5s

Locust's table then has one line for each pod that answered.
"""

from locust import task

from evenly.load.locust.users import ConnectionUser


class NewConnection(ConnectionUser):
    """A client that connects, asks once, reads the answer, and connects again."""

    @task
    def ask(self) -> None:
        """Ask on a new connection; there is no keep-alive and no retry."""
        self.ask_on_a_new_connection()
