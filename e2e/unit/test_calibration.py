"""The calibration measures the judge itself, weighs its runs rightly, and replays others as they are."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from calibration import __main__ as program
from calibration.curve import CASES, THIRDS, Point, point, replay, replay_case
from calibration.others import RULES, Rule, Stream, chi_square, gateway, istio, istio_once, knative, kubernetes, mirror
from calibration.picture import picture
from calibration.rates import Estimate, Rates, estimate, part, rates
from calibration.table import Calibration, markdown, percent
from calibration.tallies import Tallies, run
from calibration.work import in_parts
from evenly.judge import Law, ShareRule, Trial, Word, cap, decide, uniform

EVEN = ShareRule(uniform("abc"))
MANY = ShareRule(uniform(map(str, range(50))))
WEIGHTED = ShareRule(Law("weighted", {"a": 0.6, "b": 0.37, "c": 0.03}))


def tallies_of(rule: ShareRule, counts: np.ndarray[Any, Any]) -> list[float]:
    """Both tallies of each run, as the judge gives them."""
    looks = [rule.look(dict(zip(rule.law.shares, row.tolist(), strict=True))) for row in counts]
    return [value for look in looks for value in (look.ln_even, look.ln_uneven)]


@pytest.mark.parametrize("rule", [EVEN, MANY, WEIGHTED], ids=["even", "many", "weighted"])
def test_the_tallies_of_many_runs_are_those_of_the_judge(rule: ShareRule) -> None:
    random = np.random.default_rng(1)
    pods = len(rule.law.shares)
    shares = np.concatenate([np.full((20, pods), list(rule.law.shares.values())), random.dirichlet(np.ones(pods), 20)])
    counts = random.multinomial(random.integers(0, 9000, 40), shares)
    seen = np.stack(Tallies(rule, 9000).look(counts), axis=1).ravel()
    assert seen == pytest.approx(tallies_of(rule, counts), abs=1e-6)
    assert seen != pytest.approx(tallies_of(ShareRule(rule.law, delta=0.004), counts), abs=1e-6)


def test_a_run_ends_where_and_how_the_judge_ends_it() -> None:
    random = np.random.default_rng(2)
    longest = cap(EVEN)
    blocks = [random.multinomial(100, (0.305, 0.34, 0.355), 14) for _ in range(longest // 100)]
    blocks.append(random.multinomial(longest % 100, THIRDS, 14))
    looks = iter(blocks)
    ended = run(Tallies(EVEN, longest), longest, 14, lambda going, _: next(looks)[going])
    words = set()
    for number in range(14):
        answers = [pod for block in blocks for pod, n in zip("abc", block[number], strict=True) for _ in range(n)]
        verdict = decide(Trial(EVEN, longest, answers)).verdict
        words.add(verdict.word)
        assert verdict.connections == ended.connections[number]
        assert (verdict.word is Word.PASS, verdict.word is Word.FAIL) == (ended.passed[number], ended.failed[number])
    assert words == {Word.PASS, Word.FAIL, Word.INCONCLUSIVE}


def test_a_run_that_both_tallies_decide_is_a_fail() -> None:
    counts = np.array([[21_200, 19_400, 19_400], [20_000, 20_000, 20_000]])
    ended = run(Tallies(EVEN, 60_000), 100, 2, lambda going, _: counts[going])
    assert (ended.failed.tolist(), ended.passed.tolist()) == ([True, False], [False, True])


def test_weighted_runs_show_the_rates_that_following_every_count_of_two_pods_gives() -> None:
    measured = rates(2, [part(2, 4000, np.random.default_rng(3))])
    # The exact rates, from test_error_rates.py's enumeration up to the cap: 3.389e-7 even, 3.535e-4 at 55/45.
    for found, exact in (
        (measured.false_fail, 3.389e-7),
        (measured.false_pass_more, 3.535e-4),
        (measured.false_pass_less, 3.535e-4),
    ):
        assert found.rate == pytest.approx(exact, rel=0.1)
        assert found.low < found.rate < found.high < 1.1 * found.rate
    assert measured.fair_pass == 1.0


def test_a_smaller_share_has_a_smaller_deviation_to_catch() -> None:
    measured = rates(20, [part(20, 50, np.random.default_rng(4))])
    assert (measured.delta, measured.cap) == (0.025, cap(ShareRule(uniform(map(str, range(20))))))
    assert measured.fair_mean_connections < measured.fair_p99_connections < measured.cap


def test_an_interval_is_two_standard_errors_wide_on_each_side_and_not_below_zero() -> None:
    found = estimate(np.array([0.0, 1.0] * 200))
    assert found.rate == 0.5
    assert found.high - found.rate == pytest.approx(2 * 0.5 / sqrt(400), rel=0.03)
    assert estimate(np.array([0.0, 0.0, 1.0])).low == 0.0


def stream(*blocks: Sequence[int], first: Sequence[int] = (13, 13, 13)) -> Stream:
    """One run: its first connections, and each 100."""
    return Stream(np.array([first]), np.array(blocks)[:, None, :])


def five(*counts: int) -> list[tuple[int, ...]]:
    """Five blocks of 100 that come to these counts."""
    each = [tuple(n // 5 + (block < n % 5) for n in counts) for block in range(5)]
    assert tuple(map(sum, zip(*each, strict=True))) == counts
    return each


GOOD, BAD, BARE = (167, 167, 166), (100, 200, 200), (0, 250, 250)


@pytest.mark.parametrize(
    ("rule", "accepted", "refused"),
    [
        pytest.param(gateway, stream(*five(142, 179, 179)), stream(*five(141, 179, 180)), id="Gateway API within 5 points"),
        pytest.param(gateway, stream(*five(*BAD) * 9, *five(*GOOD)), stream(*five(*BAD) * 10, *five(*GOOD)), id="in 10 tries"),
        pytest.param(mirror, stream(*five(136, 182, 182)), stream(*five(134, 183, 183)), id="mirror within 3 deviations"),
        pytest.param(mirror, stream(*five(*BAD) * 4, *five(*GOOD)), stream(*five(*BAD) * 5, *five(*GOOD)), id="in 5 tries"),
        pytest.param(istio_once, stream((24, 38, 38)), stream((23, 38, 39)), id="Istio within 10"),
        pytest.param(istio, stream(*[(0, 50, 50)] * 99, (33, 33, 34)), stream(*[(0, 50, 50)] * 100), id="Istio until it fits"),
        pytest.param(kubernetes, stream((0, 0, 0), first=(37, 1, 1)), stream((0, 0, 0), first=(38, 1, 0)), id="Kubernetes"),
        pytest.param(
            knative, stream((20, 40, 40), (30, 35, 35)), stream((20, 40, 40), (29, 36, 35)), id="Knative at least 25 %"
        ),
        # Requests inflate the statistic of connections 15-fold: 0.38 * 15 = 5.7 is below 5.99, 0.5 * 15 is not.
        pytest.param(chi_square, stream((36, 33, 31)), stream((35, 35, 30)), id="chi-square"),
    ],
)
def test_another_suite_accepts_up_to_its_limit(rule: Rule, accepted: Stream, refused: Stream) -> None:
    assert rule(accepted, np.array(THIRDS)).tolist() == [True]
    assert rule(refused, np.array(THIRDS)).tolist() == [False]


def test_gateway_api_refuses_a_backend_that_was_not_seen_where_its_tolerance_would_allow_it() -> None:
    declared = np.array([0.04, 0.48, 0.48])
    assert gateway(stream(*five(1, 249, 250)), declared).tolist() == [True]
    assert gateway(stream(*five(*BARE)), declared).tolist() == [False]


def fair_chi_square_accepts() -> float:
    splits = np.array([(a, b, 100 - a - b) for a in range(101) for b in range(101 - a)])
    statistic = 15 * ((splits - 100 / 3) ** 2 / (100 / 3)).sum(axis=1)
    return float(stats.multinomial.pmf(splits, 100, THIRDS)[stats.chi2.sf(statistic, 2) >= 0.05].sum())


EXACTLY: list[Callable[[], float]] = [
    lambda: float(1 - (1 - stats.binom.pmf(range(325, 375), 500, 0.63).sum()) ** 10),
    lambda: float(stats.binom.pmf(range(80, 91), 100, 8 / 9).sum()),
    lambda: 1 - 2 * 0.9**39 + 0.8**39,
    fair_chi_square_accepts,
]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.by for case in CASES])
def test_other_suites_are_wrong_as_often_as_can_be_computed(number: int) -> None:
    case = CASES[number]
    seen = point(case.true_shares, [replay_case(number, 2000, np.random.default_rng(5))])
    exactly = EXACTLY[number]()
    assert seen.others[case.by] == pytest.approx(exactly, abs=4 * sqrt(exactly * (1 - exactly) / 2000))
    assert (seen.passed, seen.failed) == ((1, 0) if case.true_shares == case.declared else (0, 1))


def test_words_and_connections_are_counted_over_all_parts() -> None:
    parts = [replay(THIRDS, true, RULES, 30, np.random.default_rng(6)) for true in (THIRDS, (0.8, 0.1, 0.1))]
    both = point(THIRDS, parts)
    assert (both.passed, both.failed, both.inconclusive) == (0.5, 0.5, 0.0)
    assert both.mean_connections == (parts[0].connections.mean() + 100) / 2


def drawn(executor: Executor, stream_number: int) -> list[int]:
    return in_parts(executor, lambda runs, random: int(random.integers(runs, 2**60)), stream_number, runs=20_000)


def test_the_same_runs_are_drawn_however_many_processes_there_are() -> None:
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(3) as three:
        assert drawn(one, 1) == drawn(three, 1)
        assert len(set(drawn(one, 1) + drawn(one, 2))) == 16


@pytest.mark.parametrize(
    ("rate", "shown"), [(0, "0.0"), (1e-5, "<0.1"), (6e-4, "0.1"), (0.5, "50.0"), (0.9999, ">99.9"), (1 - 1e-16, "100.0")]
)
def test_a_rate_is_never_rounded_to_none_or_all(rate: float, shown: str) -> None:
    assert percent(rate) == shown


def made_up() -> Calibration:
    some = Estimate(3.4e-7, 3.3e-7, 3.5e-7)
    others = dict.fromkeys(RULES, 0.125)
    curve = [(float(bias), Point(THIRDS, 1 - bias / 12, bias / 12, 0.0, 2345.6, others)) for bias in range(13)]
    cases = [Point(case.true_shares, 0.0, 1.0, 0.0, 99.6, {case.by: 0.875}) for case in CASES]
    return Calibration([Rates(3, 0.05, 12_228, some, some, some, 1.0, 2329.4, 4800.0)], curve, cases)


def test_the_table_shows_everything_in_the_units_of_its_promises() -> None:
    text = markdown(made_up())
    assert "| 3 | 5 | 0.340 (0.330 to 0.350) | 0.000340 (0.000330 to 0.000350) |" in text
    assert "| 100.0 | 2,329 | 4,800 | 12,228 |" in text
    assert "| 3 | 75.0 | 25.0 | 0.0 | 2,346 | 12.5 |" in text
    assert "| 63/37, declared as 70/30 | Gateway API | 87.5 | 0.0 | 100.0 | 100 |" in text
    assert text.count("Source: ") == len(RULES) - 1  # the textbook's has none
    tables = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert tables == [10] * 3 + [12] * 15 + [7] * 6


def test_the_picture_is_one_file_with_every_rule_named_and_its_points_in_place() -> None:
    svg = picture(made_up().curve)
    root = ET.fromstring(svg)  # noqa: S314 - just written
    words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {*RULES, "evenly", "PASS", "FAIL", "INCONCLUSIVE"} <= words
    assert "prefers-color-scheme: dark" in svg
    assert not [part for part in ("href", "url(", "@import", "<script") if part in svg]
    assert 'class="PASS" d="M62.0 66.0L' in svg  # at the top on the left
    assert "L662.0 410.0" in svg  # and at the bottom on the right


def test_the_program_writes_a_table_its_figures_and_a_picture(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def here() -> Iterator[Executor]:
        with ThreadPoolExecutor(1) as executor:
            yield executor

    monkeypatch.setattr(program, "processes", here)
    monkeypatch.setattr(program, "PODS", (2, 3))
    monkeypatch.setattr(program, "in_parts", lambda _, simulation, number: [simulation(4, np.random.default_rng(number))])
    program.main(tmp_path / "calibration")
    assert sorted(path.name for path in (tmp_path / "calibration").iterdir()) == ["curve.svg", "table.json", "table.md"]
    said = capsys.readouterr().err
    assert "[19/19] chi-square, kept alive: even: done" in said
    assert "table.md" in said
