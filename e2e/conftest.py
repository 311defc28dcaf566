"""What several of the sentences need beside their claim: objects applied strictly, and who answers at an entry point."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from evenly import Namespace
from evenly.k8s import manifest
from evenly.k8s.manifest import Document
from evenly.k8s.namespace import apply as apply_strictly
from evenly.k8s.probe import Ask, prober


@pytest.fixture
def apply(namespace: Namespace, find_manifest: Callable[[str], Path]) -> Callable[[str | Sequence[Document]], None]:
    """Return what applies a manifest, or its objects, in the test's own namespace as evenly does: checked strictly."""
    return lambda what: apply_strictly(manifest.read(find_manifest(what)) if isinstance(what, str) else what, namespace)


@pytest.fixture
def asks() -> Callable[[str], Ask]:
    """Return what asks at an address, and tells which pod has answered; None when none has."""
    return prober
