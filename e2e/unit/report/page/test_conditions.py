"""The page says whether the test itself was sound."""

from dataclasses import replace

from evenly.judge import Word
from evenly.report.answer import Mark
from evenly.report.page.conditions import conditions, ledger, not_seen, summary
from evenly.report.text.markup import plain
from evenly.results.schema import EndpointsReading
from unit.factories import STRAY, simulate


def test_a_sound_run_holds_every_condition_and_its_books_add_up() -> None:
    made = simulate()
    held = conditions(made.record, made.figures)
    assert {condition.mark for condition in held} == {Mark.PASS}
    assert summary(held, Word.PASS) == f"Yes, all {['five', 'six'][len(held) - 5]} conditions held."
    counts = [sum(row["uid"] == f"uid-{i}" for row in made.rows) for i in range(3)]
    assert plain(ledger(made.record, made.figures)) == (
        f"{sum(counts):,} sent = {counts[0]} + {counts[1]} + {counts[2]} answered + 0 errors"
    )


def test_an_unexpected_pod_is_the_first_condition_and_stands_apart_in_the_books() -> None:
    made = simulate(stray=STRAY)
    first = conditions(made.record, made.figures)[0]
    strays = sum(row["uid"] == STRAY.uid for row in made.rows)
    assert first.mark is Mark.FAIL
    assert plain(first.what).startswith("A pod outside the expected set answered: backend-app-canary-")
    assert plain(ledger(made.record, made.figures)).endswith(f" expected + {strays} unexpected + 0 errors")


def test_changed_endpoints_are_listed_set_by_set() -> None:
    made = simulate(readings=[EndpointsReading(0, ("uid-0", "uid-1", "uid-2")), EndpointsReading(0.5, ())])
    first = conditions(made.record, made.figures)[0]
    assert first.mark is Mark.INVALID
    assert plain(first.what) == ("Same three pods: broken. at the start k7m2p, q8zcd and w4n9x, from 0.50 s on none.")
    assert summary((first,), Word.INVALID) == "No. A condition broke, so there is no verdict on the Service."


def test_kept_alive_connections_and_odd_books_break_their_conditions() -> None:
    made = simulate(per_connection=2, attempts=200, discrepancies=("first", "second", "third"))
    broken = [plain(c.what) for c in conditions(made.record, made.figures) if c.mark is Mark.INVALID]
    assert broken == [
        "One request per connection: broken. The pods counted up to request 2 on one connection.",
        "Client and pods agree: broken. first And two more.",
    ]


def test_the_answers_of_somebody_elses_backend_are_believed_and_that_is_said() -> None:
    made = simulate()
    theirs = replace(made.record, load=replace(made.record.load, identified_by="the header X-Pod"))
    found = conditions(theirs, made.figures)
    (marked,) = (plain(condition.what) for condition in found if condition.mark is not Mark.PASS)
    assert marked.startswith("Only the answers' word: the header X-Pod names the pod.")
    assert not any("logs" in plain(condition.what) for condition in found)


def test_a_client_at_its_limit_and_a_run_that_never_converged_are_marked() -> None:
    made = simulate()
    busy = replace(made.record, load=replace(made.record.load, stalls=3), converged=False)
    marked = [condition for condition in conditions(busy, made.figures) if condition.mark is not Mark.PASS]
    assert [condition.mark for condition in marked] == [Mark.INCONCLUSIVE] * 2
    assert "41 % of one CPU, 3 attempts of 1 s or more" in plain(marked[1].what)
    assert summary(tuple(marked), Word.PASS) == "Yes, with what is marked below in mind."


def test_every_run_says_what_it_could_not_see() -> None:
    limits = {
        "A bias smaller than 5 points may pass.": simulate(),
        "Whether the expected pods share evenly among themselves": simulate(stray=STRAY),
        "Anything about evenness": simulate(discrepancies=("odd",)),
        "Which pods the lost connections were meant for": simulate(errors=["reset"]),
        "Whether the unevenness comes and goes": simulate(weights=[0, 1, 1]),
    }
    for words, made in limits.items():
        seen = [plain(line) for line in not_seen(made.record, made.figures)]
        assert seen[0].startswith(words)
        assert "It came from one client address, through one node, evenly-3f9c-control-plane." in seen
