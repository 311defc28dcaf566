"""The page says whether the test itself was sound."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from evenly.judge import Word
from evenly.report.answer import Mark
from evenly.report.figures import Figures, figures
from evenly.report.page.conditions import conditions, ledger, not_seen, summary
from evenly.report.text.markup import plain
from evenly.results.samples import Samples
from evenly.results.schema import EndpointsReading, PodRecord

Simulate = Callable[..., Any]


def of(made: Any) -> Figures:  # noqa: ANN401 - what simulate returns
    samples = Samples()
    for row in made.rows:
        samples.add([str(value) for value in row.values()])
    return figures(made.record, samples)


def test_a_sound_run_holds_every_condition_and_its_books_add_up(simulate: Simulate) -> None:
    made = simulate()
    held = conditions(made.record, of(made))
    assert {condition.mark for condition in held} == {Mark.PASS}
    assert summary(held, Word.PASS) == f"Yes, all {['five', 'six'][len(held) - 5]} conditions held."
    counts = [sum(row["uid"] == f"uid-{i}" for row in made.rows) for i in range(3)]
    assert plain(ledger(made.record, of(made))) == (
        f"{sum(counts):,} sent = {counts[0]} + {counts[1]} + {counts[2]} answered + 0 errors"
    )


def test_an_unexpected_pod_is_the_first_condition_and_stands_apart_in_the_books(simulate: Simulate, stray: PodRecord) -> None:
    made = simulate(stray=stray)
    first = conditions(made.record, of(made))[0]
    strays = sum(row["uid"] == stray.uid for row in made.rows)
    assert first.mark is Mark.FAIL
    assert plain(first.what).startswith("A pod outside the expected set answered: backend-app-canary-")
    assert plain(ledger(made.record, of(made))).endswith(f" expected + {strays} unexpected + 0 errors")


def test_changed_endpoints_are_listed_set_by_set(simulate: Simulate) -> None:
    made = simulate(readings=[EndpointsReading(0, ("uid-0", "uid-1", "uid-2")), EndpointsReading(0.5, ())])
    first = conditions(made.record, of(made))[0]
    assert first.mark is Mark.INVALID
    assert plain(first.what) == ("Same three pods: broken. at the start k7m2p, q8zcd and w4n9x, from 0.50 s on none.")
    assert summary((first,), Word.INVALID) == "No. A condition broke, so there is no verdict on the Service."


def test_kept_alive_connections_and_odd_books_break_their_conditions(simulate: Simulate) -> None:
    made = simulate(per_connection=2, attempts=200, discrepancies=("first", "second", "third"))
    broken = [plain(c.what) for c in conditions(made.record, of(made)) if c.mark is Mark.INVALID]
    assert broken == [
        "One request per connection: broken. The pods counted up to request 2 on one connection.",
        "Client and pods agree: broken. first And two more.",
    ]


def test_the_answers_of_somebody_elses_backend_are_believed_and_that_is_said(simulate: Simulate) -> None:
    made = simulate()
    theirs = replace(made.record, load=replace(made.record.load, identified_by="the header X-Pod"))
    found = conditions(theirs, of(made))
    (marked,) = (plain(condition.what) for condition in found if condition.mark is not Mark.PASS)
    assert marked.startswith("Only the answers' word: the header X-Pod names the pod.")
    assert not any("logs" in plain(condition.what) for condition in found)


def test_a_client_at_its_limit_and_a_run_that_never_converged_are_marked(simulate: Simulate) -> None:
    made = simulate()
    busy = replace(made.record, load=replace(made.record.load, stalls=3), converged=False)
    marked = [condition for condition in conditions(busy, of(made)) if condition.mark is not Mark.PASS]
    assert [condition.mark for condition in marked] == [Mark.INCONCLUSIVE] * 2
    assert "41 % of one CPU, 3 attempts of 1 s or more" in plain(marked[1].what)
    assert summary(tuple(marked), Word.PASS) == "Yes, with what is marked below in mind."


def test_every_run_says_what_it_could_not_see(simulate: Simulate, stray: PodRecord) -> None:
    limits = {
        "A bias smaller than 5 points may pass.": simulate(),
        "Whether the expected pods share evenly among themselves": simulate(stray=stray),
        "Anything about evenness": simulate(discrepancies=("odd",)),
        "Which pods the lost connections were meant for": simulate(errors=["reset"]),
        "Whether the unevenness comes and goes": simulate(weights=[0, 1, 1]),
    }
    for words, made in limits.items():
        seen = [plain(line) for line in not_seen(made.record, of(made))]
        assert seen[0].startswith(words)
        assert "It came from one client address, through one node, evenly-3f9c-control-plane." in seen
