"""The fixtures that are functions: their calls have types, which are exported, and a misspelt argument is told in one line."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import evenly
from evenly.errors import EvenlyError
from evenly.pytest_plugin.calls import DeployService, UseExisting, check_names

# What a typed suite in somebody's repository looks like; mypy reads it in this test.
SUITE = """
from evenly import PASS, Cause, DeployService, ExistingService, Outcome, Pod, ServiceUnderTest, UseExisting, header, uniform

def test_ours(service: DeployService) -> None:
    svc: ServiceUnderTest = service("spring-service.yaml", also="stray-pod.yaml", rate=400)
    pods: tuple[Pod, ...] = svc.pods
    outcome: Outcome = svc.load(must_catch=Cause.SHARES, law=uniform(pods))
    assert outcome == PASS

def test_theirs(existing: UseExisting) -> None:
    checkout: ExistingService = existing("shop/checkout", identify=header("X-Pod"))
    with checkout.under_load(lost_allowed=3) as load:
        load.until_even()
    assert load.outcome == PASS
"""


def mypy(suite: str, tmp_path: Path) -> str:
    file = tmp_path / "test_shop.py"
    file.write_text(suite)
    words = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(file)]
    return subprocess.run(words, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False).stdout


@pytest.mark.slow
def test_a_suite_with_types_is_accepted_and_a_misspelt_argument_is_an_error_of_mypys(tmp_path: Path) -> None:
    assert "Success" in mypy(SUITE, tmp_path)
    assert 'Unexpected keyword argument "bakend"' in mypy(SUITE.replace("also=", "bakend="), tmp_path)


@pytest.mark.parametrize("name", evenly.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(evenly, name) is not None


def test_a_name_that_is_not_public_is_none() -> None:
    with pytest.raises(AttributeError, match="module 'evenly' has no attribute 'nothing'"):
        _ = evenly.nothing


def test_importing_evenly_waits_for_neither_kubernetes_nor_locust() -> None:
    words = "import sys, evenly; print(sorted({'kubernetes', 'locust', 'gevent', 'pytest'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert ast.literal_eval(told.stdout) == []


@pytest.mark.parametrize(
    ("given", "remedy"), [("bakend", "did you mean backend?"), ("clinet_pods", "did you mean client_pods?"), ("rat", "rate?")]
)
def test_a_misspelt_argument_is_answered_with_the_nearest(given: str, remedy: str) -> None:
    with pytest.raises(EvenlyError, match=rf"service\(\) has no argument {given}") as told:
        check_names("service", [given], DeployService.__call__)
    assert remedy in told.value.remedy


def test_an_argument_like_no_other_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(EvenlyError, match=r"existing\(\) has no argument xyzzy\n.*it has name, identify"):
        check_names("existing", ["xyzzy"], UseExisting.__call__)


def test_what_is_spelt_right_is_taken() -> None:
    check_names("service", ["backend", "workers_in_cluster"], DeployService.__call__)
