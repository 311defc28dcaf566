import ast
import sys
from pathlib import Path

import pytest

import evenly.judge
from evenly.judge import Law, ShareRule, Word, pass_rates, uniform

MODULES = sorted(Path(evenly.judge.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_judge_imports_only_itself_and_what_python_brings(module: Path) -> None:
    imports = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in imports:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        for name in names:
            assert name.startswith("evenly.judge.") or name.split(".")[0] in sys.stdlib_module_names
            assert name.split(".")[0] not in {"os", "io", "time", "datetime", "random", "pathlib", "socket", "subprocess"}


@pytest.mark.parametrize(
    "rule",
    [
        ShareRule(uniform("abcd")),
        ShareRule(uniform("abc"), delta=0.02),
        ShareRule(Law("weighted", {"a": 0.4, "b": 0.3, "c": 0.3})),
    ],
)
def test_pass_rates_are_told_only_for_the_rule_they_were_simulated_with(rule: ShareRule) -> None:
    assert pass_rates(rule) == {}


def test_the_name_of_a_word_is_what_a_report_prints() -> None:
    assert [str(word) for word in Word] == ["PASS", "FAIL", "INCONCLUSIVE", "INVALID"]
