"""GitHub types what a person types, and shows what came of it. Files that are valid and careful: actionlint and zizmor."""

import shlex
from pathlib import Path

import pytest
import yaml

from evenly.process import run

WORKFLOWS = sorted(Path(".github/workflows").iterdir())
SHELL_LIMIT_S = 10.0


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_make_knows_what_a_workflow_types(workflow: Path) -> None:
    steps = [step for job in yaml.safe_load(workflow.read_text())["jobs"].values() for step in job["steps"]]
    typed = [shlex.split(step["run"]) for step in steps if step.get("run", "").startswith("make ")]
    assert typed
    for command in typed:
        run(*command, "--just-print", timeout_s=SHELL_LIMIT_S)


@pytest.mark.parametrize(("records", "shown"), [({"summary.md": "PASS\n"}, "before\nPASS\n"), ({}, "before\n")])
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_the_summary_is_shown_where_there_is_one(tmp_path: Path, workflow: Path, records: dict[str, str], shown: str) -> None:
    latest = tmp_path / "reports" / "latest"
    latest.mkdir(parents=True)
    for name, content in records.items():
        (latest / name).write_text(content)
    summary = tmp_path / "step-summary"
    summary.write_text("before\n")
    (job,) = yaml.safe_load(workflow.read_text())["jobs"].values()
    (script,) = (step["run"] for step in job["steps"] if "GITHUB_STEP_SUMMARY" in step.get("run", ""))
    run("bash", "-e", "-c", script, timeout_s=SHELL_LIMIT_S, cwd=tmp_path, env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text() == shown
