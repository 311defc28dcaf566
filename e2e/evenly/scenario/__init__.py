"""What is live: a Service under test, the loads through it, and the run that records them."""
