"""The label of images that are made here: it names all that went into one, so the engine itself tells whether it has it."""

from evenly.cluster.engine.engine import Engine

LABEL = "evenly.key"
QUERY_LIMIT_S = 20.0


def holds(engine: Engine, image: str, made_of: str) -> bool:
    """Tell whether the engine has an image that was made of exactly this."""
    filters = ("--filter", f"reference={image}", "--filter", f"label={LABEL}={made_of}")
    return bool(engine.docker("image", "ls", "--quiet", *filters, timeout_s=QUERY_LIMIT_S).strip())
