"""A manifest is found where a test would look for it, and what is missing is told with where it was looked for."""

from pathlib import Path

import pytest

from evenly import shipped
from evenly.errors import EvenlyError


def test_the_nearest_file_of_that_name_wins(tmp_path: Path) -> None:
    beside, root = tmp_path / "tests", tmp_path
    beside.mkdir()
    (root / "app.yaml").write_text("of the root")
    assert shipped.manifest("app.yaml", (beside, root)) == root / "app.yaml"
    (beside / "app.yaml").write_text("beside the test")
    assert shipped.manifest("app.yaml", (beside, root)) == beside / "app.yaml"


def test_evenlys_own_come_last(tmp_path: Path) -> None:
    assert shipped.manifest("spring-service.yaml", (tmp_path,)) == shipped.shipped("manifests/spring-service.yaml")


def test_one_that_is_nowhere_is_answered_with_the_folders_and_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(EvenlyError, match=r"there is no manifest spring\.yaml in .*\n.*spring-service\.yaml") as told:
        shipped.manifest("spring.yaml", (tmp_path,))
    assert str(tmp_path) in told.value.problem
