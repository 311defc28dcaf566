"""What pytest's process does with a load: starts Locust, checks the machine before, joins rows with logs after."""
