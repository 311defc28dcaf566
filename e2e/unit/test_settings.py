from pathlib import Path

import pytest

from evenly.errors import EvenlyError
from evenly.settings import ClusterFrom, Seconds, Settings, command, load, with_options


def configured(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_an_option_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    folder = configured(tmp_path, "[tool.evenly]\nclients = 3\ndelta = 0.1\nbeta = 0.02\n")
    settings = load({"clients": "5", "delta": None}, {"EVENLY_CLIENTS": "4", "EVENLY_DELTA": "0.2"}, folder)
    assert (settings.clients, settings.delta, settings.beta, settings.alpha) == (5, 0.2, 0.02, 1e-6)


@pytest.mark.parametrize("written", ["30s", "30", "30.0s"])
def test_a_time_is_written_with_its_unit_or_without(tmp_path: Path, written: str) -> None:
    assert load({"hold": written}, {}, tmp_path).hold == Seconds(30)


def test_an_empty_value_counts_as_not_given(tmp_path: Path) -> None:
    assert load({}, {"EVENLY_CLUSTER_FROM": ""}, tmp_path).cluster_from is ClusterFrom.AUTO


def test_the_cache_is_the_users_cache_folder_unless_named(tmp_path: Path) -> None:
    assert load({}, {"XDG_CACHE_HOME": "/somewhere"}, tmp_path).cache == Path("/somewhere/evenly")
    assert load({"cache": "/else"}, {"XDG_CACHE_HOME": "/somewhere"}, tmp_path).cache == Path("/else")


@pytest.mark.parametrize(
    ("options", "environ", "complaint"),
    [
        ({"clients": "many"}, {}, "--clients is 'many'"),
        ({"clients": "0"}, {}, "--clients is 0\n .*give 1 to 1000"),
        ({}, {"EVENLY_CLUSTER_FROM": "heaven"}, "EVENLY_CLUSTER_FROM is 'heaven'\n .*auto or pulled or built"),
        ({"delta": "nan"}, {}, "--delta is nan"),
        (
            {"workers_in_cluster": "2", "workers": "2"},
            {},
            "--workers-in-cluster is given with --workers, and a load is sent by",
        ),
        (
            {"workers_in_cluster": "2", "context": "prod"},
            {},
            "--workers-in-cluster is given with --context, and evenly puts no",
        ),
        ({"workers_in_cluster": "2", "locustfile": "a.py"}, {}, "--workers-in-cluster is given with --locustfile, and pods"),
        ({"workers_in_cluster": "3", "clients": "2"}, {}, "3 workers cannot share 2 clients"),
        ({"hold": "a while"}, {}, "--hold is 'a while'\n .*a time in seconds, such as 30s"),
        ({"hold": "-1s"}, {}, "--hold is -1s\n .*give 0 to 600"),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_with_its_source(
    tmp_path: Path, options: dict[str, object], environ: dict[str, str], complaint: str
) -> None:
    with pytest.raises(EvenlyError, match=complaint):
        load(options, environ, tmp_path)


def test_a_misspelt_option_in_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvenlyError, match="no option 'client'"):
        load({}, {}, configured(tmp_path, "[tool.evenly]\nclient = 3\n"))


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvenlyError, match="is not TOML"):
        load({}, {}, configured(tmp_path, "[tool.evenly\n"))


def test_the_command_to_repeat_a_run_is_the_one_that_was_typed() -> None:
    assert command(["-k", "a b"], {}) == "pytest -k 'a b'"
    assert command(["-k", "a b"], {"EVENLY_COMMAND": "make e2e"}) == "make e2e"


def test_a_service_may_have_options_of_its_own_which_are_read_as_a_runs_are() -> None:
    own = with_options(Settings(), {"rate": "400/s", "workers_in_cluster": 2})
    assert (float(own.rate), own.workers_in_cluster, own.clients) == (400, 2, Settings().clients)
    with pytest.raises(EvenlyError, match="clients is 0"):
        with_options(Settings(), {"clients": 0})
