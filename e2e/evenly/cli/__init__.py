"""The command `evenly`, one module a command: thin, over the rooms."""
