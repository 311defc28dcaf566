"""What runs inside Locust's process; only here are gevent and Locust imported."""
