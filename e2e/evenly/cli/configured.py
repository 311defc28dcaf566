"""What the environment and pyproject.toml say to a command."""

import os
from pathlib import Path

from evenly import limits
from evenly.settings import Settings, load


def configured() -> Settings:
    """Return the settings of where the command was typed, with their patience applied."""
    settings = load({}, os.environ, Path.cwd())
    limits.be_patient(settings.patience)
    return settings
