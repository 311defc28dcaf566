"""What makes a cluster on a machine without an engine or without an image registry: everything is fetched or built."""
