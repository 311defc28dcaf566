"""GitHub runs what a person runs, with no more rights than it needs. Whether its files are valid tells `make workflows`."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from evenly.process import run

WORKFLOWS = sorted(Path(".github/workflows").iterdir())
PIN = re.compile(r"uses: (\S+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$")
SHELL_LIMIT_S = 10.0


def faults(text: str) -> set[str]:
    workflow = yaml.safe_load(text)
    jobs = list(workflow["jobs"].values())
    steps = [step for job in jobs for step in job["steps"]]
    uses = [line for line in text.splitlines() if "uses:" in line]
    found = {
        "may do more than read": workflow.get("permissions") != {"contents": "read"} or any("permissions" in j for j in jobs),
        "action without commit and version": not all(PIN.search(line) for line in uses),
        "checkout leaves a token": any("checkout@" in s.get("uses", "") and leaves_token(s) for s in steps),
        "job without time limit": not all("timeout-minutes" in job for job in jobs),
        "forgives a failure": "continue-on-error" in text,
        "command that make does not know": not all(known(line) for s in steps for line in s.get("run", "").splitlines()),
        "reports are lost": not all(keeps_reports(job) for job in jobs),
    }
    return {fault for fault, present in found.items() if present}


def leaves_token(checkout: dict[str, Any]) -> bool:
    return checkout.get("with", {}).get("persist-credentials") is not False


def known(line: str) -> bool:
    """Whether a line is no call of make, or one with a target and variables of the Makefile."""
    if not line.startswith("make "):
        return True
    _, target, *variables = shlex.split(re.sub(r"\$\{\{.*?\}\}", "value", line))
    wanted = [f"^{target}:", *(rf"^{variable.partition('=')[0]} \?=" for variable in variables)]
    return all(re.search(pattern, Path("Makefile").read_text(), re.MULTILINE) for pattern in wanted)


def keeps_reports(job: dict[str, Any]) -> bool:
    """Whether the summary and the reports are kept also after a failure, each job's under a name of its own."""
    late = [step for step in job["steps"] if step.get("if") == "always()"]
    names = [step["with"]["name"] for step in late if "upload-artifact@" in step.get("uses", "")]
    told = any("GITHUB_STEP_SUMMARY" in step.get("run", "") for step in late)
    axes = job.get("strategy", {}).get("matrix", {})
    return told and len(names) == 1 and all(f"matrix.{axis} }}}}" in names[0] for axis in axes)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_careful_and_keeps_its_reports(workflow: Path) -> None:
    assert faults(workflow.read_text()) == set()


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("contents: read", "contents: write", "may do more than read"),
        ("    runs-on:", "    permissions: write-all\n    runs-on:", "may do more than read"),
        ("# v7.0.1", "", "action without commit and version"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "action without commit and version"),
        ("persist-credentials: false", "persist-credentials: true", "checkout leaves a token"),
        ("timeout-minutes: 30", "", "job without time limit"),
        ("        if: always()", "        continue-on-error: true\n        if: always()", "forgives a failure"),
        ("make e2e", "make nosuch", "command that make does not know"),
        ("PROXY=", "NOSUCH=", "command that make does not know"),
        ("if: always()", "if: success()", "reports are lost"),
        ("name: reports-${{ matrix.proxy-mode }}", "name: reports", "reports are lost"),
    ],
)
def test_a_careless_workflow_is_caught(right: str, wrong: str, fault: str) -> None:
    text = Path(".github/workflows/nightly.yml").read_text()
    assert faults(text.replace(right, wrong)) == {fault}


def test_both_workflows_use_the_same_commit_of_an_action() -> None:
    pins = {tuple(found.groups()) for path in WORKFLOWS for found in map(PIN.search, path.read_text().splitlines()) if found}
    assert sorted(action for action, _, _ in pins) == ["actions/checkout", "actions/upload-artifact"]


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
