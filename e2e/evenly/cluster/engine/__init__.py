"""The container engine that kind talks to, and what runs in it beside the nodes."""
