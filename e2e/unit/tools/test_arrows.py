"""`make test` fails where a module imports what the contracts in pyproject.toml keep it from."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import evenly

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
PLANTED = {
    "judge/law.py": "import evenly.errors",
    "report/render.py": "def late():\n    from evenly.load import plan",
    "load/plan.py": "import gevent",
    "scenario/run.py": "from evenly.load.locust import users",
    "k8s/pods.py": "from evenly.k8s import converge",
    "load/rows.py": "from evenly.load import attempts",
    "report/figures.py": "from evenly.report import render",
    "cluster/kind.py": "from evenly.cluster import lifecycle",
    "offline/apt.py": "from evenly.offline import supplier",
    "scenario/target.py": "from evenly.scenario import service",
}


def test_each_contract_is_broken_by_an_arrow_that_it_forbids(tmp_path: Path) -> None:
    shutil.copytree(Path(evenly.__file__).parent, tmp_path / "evenly", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2("pyproject.toml", tmp_path)
    for module, line in PLANTED.items():
        with (tmp_path / "evenly" / module).open("a") as file:
            file.write(f"\n{line}\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "COLUMNS": "200"}
    linted = subprocess.run(
        [LINT_IMPORTS, "--no-cache"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 1, linted.stdout + linted.stderr
    contracts = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert [contract["name"] for contract in contracts if f"{contract['name']} BROKEN" not in linted.stdout] == []
    for arrow in ("judge.law -> evenly.errors", "report.render -> evenly.load.plan", "load.plan -> gevent"):
        assert f"evenly.{arrow} (l." in linted.stdout
