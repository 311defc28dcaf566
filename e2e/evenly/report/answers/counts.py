"""How much was run, and what became of it: scenarios, negative controls, and tests of which no load tells."""

from collections import Counter

from evenly.judge.verdict import Word
from evenly.report.text.markup import Text, text
from evenly.report.text.numbers import counted, duration, listed, number, spelled
from evenly.results.schema import RunRecord

_BECAME = {Word.FAIL: "failed", Word.INVALID: "could not tell", Word.INCONCLUSIVE: "not decided"}
_TEST_BECAME = {Word.PASS: "passed", Word.FAIL: "failed"}


def ran(run: RunRecord) -> str:
    """Say how much was run, in digits: "3 scenarios and 2 other tests"."""
    kinds = ((len(run.scenarios), "scenario"), (len(run.untold), _test(run)))
    return listed([counted(n, noun) for n, noun in kinds if n]) or "nothing judged"


def all_of(run: RunRecord) -> str:
    """Say how much was run, in words, to begin a sentence: "One scenario"."""
    kinds = ((len(run.scenarios), "scenario"), (len(run.untold), _test(run)))
    return listed([spelled(n, noun) for n, noun in kinds if n] or ["nothing"]).capitalize()


def figures(run: RunRecord) -> Text:
    """Say how much was run, how long that took, and what became of it."""
    time = duration(sum(seconds for _, seconds in run.seconds))
    return text("{ran} in {time}: {became}.", ran=ran(run), time=time, became=became(run))


def came_out(run: RunRecord) -> Text:
    """Say of a run that passed what there was in it."""
    controls = sum(scenario.control is not None for scenario in run.scenarios)
    kinds = ((len(run.scenarios) - controls, "scenario"), (controls, "negative control"), (len(run.untold), _test(run)))
    parts = listed([spelled(n, noun) for n, noun in kinds if n])
    they = "it" if sum(n for n, _ in kinds) == 1 else "they"
    return text("{parts} came out as {they} must.", parts=parts.capitalize(), they=they)


def became(run: RunRecord) -> str:
    """Say what became of all that was run: "two passed and one negative control caught"."""
    plainly = Counter(scenario.counts_as for scenario in run.scenarios if scenario.control is None)
    caught = sum(scenario.caught for scenario in run.scenarios)
    missed = sum(scenario.control is not None for scenario in run.scenarios) - caught
    tests = Counter(test.word for test in run.untold)
    parts = [f"{number(plainly[Word.PASS]) if plainly[Word.PASS] else 'none'} passed"] if plainly else []
    parts += [f"{number(plainly[word])} {end}" for word, end in _BECAME.items() if plainly[word]]
    parts += [f"{spelled(caught, 'negative control')} caught"] if caught else []
    parts += [f"{spelled(missed, 'negative control')} missed"] if missed else []
    parts += [f"{spelled(tests[word], _test(run))} {end}" for word, end in _TEST_BECAME.items() if tests[word]]
    parts += [f"{spelled(len(run.errors), 'test')} ended in an error"] if run.errors else []
    parts += [f"{spelled(len(run.not_applicable), 'test')} not applicable"] if run.not_applicable else []
    return listed(parts)


def _test(run: RunRecord) -> str:
    return "other test" if run.scenarios else "test"
