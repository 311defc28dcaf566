"""Every verdict is answered in words that follow from the records alone."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from evenly.judge import Cause, Law, Verdict, local_only, round_robin, sticky
from evenly.report.answer import Answer, Mark
from evenly.report.answers.scenario import answer
from evenly.report.figures import figures
from evenly.report.text.markup import plain
from evenly.results.schema import EndpointsReading, NodeRules
from unit.factories import STRAY, Simulation, pod_record, simulate

COMMAND = "make e2e"
STARTED_AT = "2026-11-24T02:14:09+00:00"
ALL = ("uid-0", "uid-1", "uid-2")


def in_turn(number: int) -> int:
    return number % 3


def say(made: Simulation, **changes: Any) -> Answer:  # noqa: ANN401 - any field of the record
    record = replace(made.record, **changes)
    return answer(record, figures(record, made.samples), COMMAND, STARTED_AT)


def headline(said: Answer) -> str:
    return f"{said.finding.lead} {plain(said.finding.headline)}"


def why(said: Answer) -> str:
    return " ".join(map(plain, said.diagnosis.evidence))


def sure(said: Answer) -> str:
    return " ".join(map(plain, said.finding.how_sure))


def test_pass_says_how_even_and_what_it_may_have_missed() -> None:
    made = simulate()
    said = say(made)
    counts = [sum(row["uid"] == uid for row in made.rows) for uid in ALL]
    n = len(made.rows)
    shares = "{:.1f}, {:.1f} and {:.1f} %".format(*(100 * c / n for c in counts))
    off = max(abs(c / n - 1 / 3) for c in counts)
    assert said.mark is Mark.PASS
    assert plain(said.question) == "Does the Service spring-service spread new connections evenly over its 3 pods?"
    assert headline(said) == "Yes. Traffic is even over the 3 pods."
    assert plain(said.finding.figures) == (
        f"{n:,} new connections went {shares}. The furthest pod is {100 * off:.1f} percentage points off its third; "
        "this test is made to catch 5."
    )
    assert "5 points or more off, this test would say “even” at most once in 1,000 runs" in sure(said)
    assert "failed at most once in 1,000,000 runs" in sure(said)
    assert said.diagnosis.title == "What could it have missed?"
    assert "below 5 points (grey zone)" in why(said)
    assert said.diagnosis.command == COMMAND


def test_a_stray_pod_is_named_with_its_label_owner_and_age() -> None:
    made = simulate(stray=STRAY)
    said = say(made)
    counts = [sum(row["uid"] == uid for row in made.rows) for uid in (*ALL, STRAY.uid)]
    first = next(row["number"] for row in made.rows if row["uid"] == STRAY.uid)
    assert said.mark is Mark.FAIL
    assert headline(said) == f"No. A fourth, unexpected pod answered {counts[3]} of 1,000 connections."
    shares = "{:.1f}, {:.1f} and {:.1f} %".format(*(c / 10 for c in counts[:3]))
    assert plain(said.finding.figures) == f"The expected three share what is left: {shares} instead of a third each."
    assert f"It came at connection {first}." in sure(said)
    assert "backend-app-canary-7c9f4d6b55-x2k4j carries app=backend-app, as the expected pods do" in why(said)
    assert "belongs to Deployment backend-app-canary, made 3 min before the run." in why(said)
    assert said.diagnosis.command == "kubectl -n evenly-7f3a delete deployment backend-app-canary"
    assert plain(said.diagnosis.afterwards) == "Wanted? Expect four pods in the scenario, then run again."


def test_a_stray_pod_of_the_same_owner_came_with_a_change() -> None:
    said = say(simulate(stray=replace(STRAY, owner="Deployment backend-app")))
    assert "belongs to Deployment backend-app, as the expected pods do, but came later" in why(said)
    assert said.diagnosis.command == COMMAND


def only_the_first(pods: Iterable[str]) -> Law:
    first, *others = pods
    return local_only([first], others)


def test_pods_that_the_law_leaves_out_are_no_strays() -> None:
    made = simulate(law=only_the_first)
    said = say(made)
    counts = [sum(row["uid"] == uid for row in made.rows) for uid in ALL]
    n = len(made.rows)
    assert headline(said) == f"No. Two of the 3 pods, to whom the law gives nothing, got {n - counts[0]} of {n} connections."
    shares = "{:.1f}, {:.1f} and {:.1f} %".format(*(100 * c / n for c in counts))
    assert plain(said.finding.figures) == f"The three pods got {shares}."
    assert why(said) == (
        "The law, local only, gives nothing to q8zcd and w4n9x, but spring-service sends there, too. "
        "Unless a policy of the Service keeps traffic near, a node sends to all its ready pods."
    )
    assert said.diagnosis.command == "kubectl -n evenly-7f3a get service spring-service -o yaml"
    near = say(made, traffic_distribution="PreferSameZone", near=("uid-0", "uid-1"))
    assert "By its trafficDistribution: PreferSameZone a node prefers those near it, here k7m2p and q8zcd." in why(near)


def test_a_stray_is_told_rather_than_a_pod_that_the_law_leaves_out() -> None:
    made = simulate(law=only_the_first, stray=STRAY)
    said = say(made, verdict=replace(made.record.verdict, pods=("uid-1", STRAY.uid)))
    assert "x2k4j carries app=backend-app" in why(said)
    assert said.diagnosis.command == "kubectl -n evenly-7f3a delete deployment backend-app-canary"


def test_a_stray_pod_that_nobody_owns_is_removed_itself() -> None:
    said = say(simulate(stray=replace(STRAY, owner="")))
    assert "Nobody owns it, made 3 min before the run." in why(said)
    assert said.diagnosis.command == "kubectl -n evenly-7f3a delete pod backend-app-canary-7c9f4d6b55-x2k4j"


def test_a_stray_pod_outside_the_endpoints_is_not_blamed_on_the_selector() -> None:
    said = say(simulate(stray=STRAY, readings=[EndpointsReading(0.0, ALL)]))
    assert said.mark is Mark.FAIL
    assert "never was in the EndpointSlices of spring-service" in why(said)
    assert "selector" not in why(said)


def test_a_stray_pods_name_cannot_leave_the_command() -> None:
    said = say(simulate(stray=replace(STRAY, owner="", name="x; rm -rf $HOME\n'")))
    assert said.diagnosis.command == """kubectl -n evenly-7f3a delete pod 'x; rm -rf $HOME␊'"'"''"""


def test_all_on_one_pod_with_affinity_names_the_affinity() -> None:
    said = say(simulate(weights=[0, 1, 0]), session_affinity="ClientIP")
    assert headline(said) == "No. All 1,000 connections went to one pod; two got none."
    assert plain(said.finding.figures) == (
        "backend-app-6d5f9c7b8d-q8zcd got everything. All three pods were ready the whole time."
    )
    # 100 connections on one of three pods: a sixth of the mixture alone is 3^100 * 2! * 100! / 102! / 6, about 10^43.2.
    assert "at most once in 10⁴³ runs" in sure(said)
    assert "reached at the look after 100 connections" in sure(said)
    assert "sessionAffinity: ClientIP, and every connection came from one address, 172.18.0.1" in why(said)
    assert said.diagnosis.command == (
        """kubectl -n evenly-7f3a patch service spring-service -p '{"spec":{"sessionAffinity":"None"}}'"""
    )


def test_all_on_one_pod_without_a_word_on_affinity_says_what_to_look_at() -> None:
    said = say(simulate(weights=[0, 1, 0]))
    assert "fits session affinity" in why(said)
    assert "jsonpath={.spec.sessionAffinity}" in said.diagnosis.command


def test_a_pod_that_is_ready_but_gets_nothing_is_left_out_of_the_rules() -> None:
    said = say(simulate(weights=[1, 1, 0]), converged=False)
    assert headline(said) == "No. One of the 3 pods got none of 1,000 connections."
    assert "w4n9x stood ready in the EndpointSlices the whole time" in why(said)
    assert "the rules of evenly-3f9c-control-plane leave it out" in why(said)
    assert "Before the load, too" in why(said)
    assert said.diagnosis.command == (
        "kubectl -n kube-system delete pod -l k8s-app=kube-proxy --field-selector=spec.nodeName=evenly-3f9c-control-plane"
    )


def test_a_local_policy_is_named_where_only_the_entrys_own_pods_answered() -> None:
    pods = [replace(pod_record(0), node="evenly-3f9c-control-plane"), pod_record(1), pod_record(2)]
    said = say(simulate(pods=pods, weights=[1, 0, 0]), external_traffic_policy="Local", session_affinity="None")
    assert "externalTrafficPolicy: Local" in why(said)
    assert "On the entry evenly-3f9c-control-plane: k7m2p." in why(said)


def test_a_preference_for_what_is_near_is_named_where_only_those_pods_answered() -> None:
    deleted = NodeRules("evenly-3f9c-control-plane", {"uid-0": 0.5, "uid-2": 0.5})
    prefers = {"traffic_distribution": "PreferSameZone", "near": ("uid-0", "uid-2"), "session_affinity": "None"}
    said = say(simulate(weights=[1, 0, 1]), rules=(deleted,), **prefers)
    assert why(said) == (
        "spring-service has trafficDistribution: PreferSameZone: a node sends to the pods near it, if there are any. "
        "Near the entry evenly-3f9c-control-plane: k7m2p and w4n9x."
    )
    assert said.diagnosis.command.endswith("""patch service spring-service -p '{"spec":{"trafficDistribution":null}}'""")
    assert "A rule was deleted" in why(say(simulate(weights=[1, 0, 1]), rules=(deleted,), **(prefers | {"near": ("uid-0",)})))


def test_no_policy_is_named_where_every_pod_is_busy() -> None:
    pods = [replace(pod_record(i), node="evenly-3f9c-control-plane") for i in range(3)]
    uneven = simulate(pods=pods, weights=[4, 1, 1])
    words = {"external_traffic_policy": "Local", "traffic_distribution": "PreferSameZone", "near": ALL}
    assert "No known cause" in why(say(uneven, session_affinity="None", **words))


def test_a_choice_of_the_node_first_is_recognised_by_its_shares() -> None:
    said = say(simulate(weights=[2, 1, 1]), session_affinity="None")
    assert "choice of the node first, then of a pod on it" in why(said)
    assert "evenly-3f9c-worker 1 and evenly-3f9c-worker2 2" in why(said)


def test_pods_that_take_turns_are_told_from_chance() -> None:
    said = say(simulate(who=in_turn, prelude=200))
    assert headline(said) == "No. Which pod a connection gets depends on the one before."
    # Each of the 199 that followed another would have met the same pod with a chance of a third.
    assert plain(said.finding.figures) == (
        "One after the other, 0 of 199 connections met the pod of the one before; by chance it would be about 66."
    )
    assert "reached at the look after 100 connections" in sure(said)
    assert "as likely under the law “round robin” as under the declared law “uniform random”" in why(said)


def test_an_order_that_fits_no_known_law_is_told_as_such() -> None:
    made = simulate(prelude=200)
    said = say(made, verdict=Verdict(Cause.ORDER, 200))
    assert why(said).startswith("No other law that is known here fits its first connections better.")


def test_shares_that_change_are_shown_where_they_were_furthest_off() -> None:
    made = simulate(who=lambda number: 0 if 300 < number <= 400 else number % 3, attempts=700, prelude=0)
    said = say(made)
    assert made.record.verdict.cause is Cause.DRIFT
    assert headline(said) == "No. The shares change while the load runs."
    got = sum(row["uid"] == "uid-0" for row in made.rows)
    assert plain(said.finding.figures) == (
        f"Of connections 301 to 400 k7m2p got 100 %, of all {got / 7:.1f} %. Declared: 33.3 %."
    )
    assert why(said).startswith("The same pods were ready all the time")


def test_turns_that_are_kept_pass_and_the_first_that_is_not_is_named() -> None:
    kept = say(simulate(law=round_robin, who=in_turn, prelude=270))
    assert plain(kept.question) == "Does the Service spring-service send new connections to its 3 pods in turn?"
    assert headline(kept) == "Yes. The 3 pods take turns."
    assert plain(kept.finding.figures) == "200 connections, opened one after the other, came in turn."
    assert "out of turn in 5 % of all cases, this test would say so in all but once in 1,000 runs." in sure(kept)
    assert "leaves its turn in less than 5 % of connections" in why(kept)
    broken = say(simulate(law=round_robin, who=lambda number: number % 3 if number < 50 else 1, prelude=270))
    assert headline(broken) == "No. Pods do not take turns."
    # 48 went to uid-0, 49 to uid-1; 50 does so again.
    assert plain(broken.finding.figures) == "Connection 50 went to q8zcd. The ones before it had gone to k7m2p and q8zcd."


def test_clients_that_stay_pass_by_their_number_and_one_that_moves_is_named() -> None:
    kept = say(simulate(law=sticky, who=lambda number: (number - 1) // 2 % 3))
    assert plain(kept.question).endswith("keep each client on one of its 3 pods, and spread the clients evenly?")
    assert headline(kept) == "Yes. Clients stay on their pods. Traffic is even over the 3 pods."
    # Exact thirds need 1,282 clients, and there is a look after every 50 of two connections each; of 1,350 a third is 450.
    assert plain(kept.finding.figures).startswith("2,700 new connections of 1,350 clients went 33.3, 33.3 and 33.3 %.")
    moved = say(simulate(law=sticky, who=lambda number: 2 if number == 40 else (number - 1) // 2 % 3))
    assert headline(moved) == "No. A client does not stay on its pod."
    assert plain(moved.finding.figures) == "Connection 40 went to w4n9x. Its client's first had gone to q8zcd."


def test_a_client_that_keeps_connections_is_judged_by_their_number() -> None:
    said = say(simulate(per_connection=3, attempts=14_400, locustfile="locustfiles/keep_alive.py"))
    assert said.mark is Mark.PASS
    assert plain(said.finding.figures).startswith("4,800 new connections, which carried 14,400 requests, went")


def test_a_client_that_keeps_few_connections_leaves_too_few_choices_to_judge() -> None:
    said = say(simulate(per_connection=300, attempts=6_000, locustfile="mine.py"))
    assert said.mark is Mark.INCONCLUSIVE
    assert headline(said) == "Not decided. 20 connections carried all 6,000 requests."
    assert "So it made 20 choices" in plain(said.finding.figures)
    assert said.diagnosis.command == "make e2e LOCUSTFILE=locustfiles/new_connection.py"


def test_a_load_that_was_held_says_so() -> None:
    made = simulate()
    said = say(made, load=replace(made.record.load, held_s=30.0))
    assert plain(said.finding.figures).endswith("It stayed so for 30 s more under load.")


def test_plain_unevenness_has_no_known_cause_and_says_what_is_ruled_out() -> None:
    said = say(simulate(weights=[42, 33, 25]), session_affinity="None")
    assert headline(said).startswith("No. k7m2p got 4")
    assert headline(said).endswith(" % instead of a third.")
    assert why(said).startswith("No known cause matches. Ruled out: a stray pod, changed endpoints, ")
    assert "session affinity" in why(said)
    assert "session affinity" not in why(say(simulate(weights=[42, 33, 25])))


def test_a_small_but_certain_bias_is_told_from_a_large_one() -> None:
    made = simulate(weights=[355, 322, 323], attempts=12_000, seed=1)
    said = say(made, verdict=Verdict(Cause.SHARES, 12_000))
    off = 100 * (sum(row["uid"] == "uid-0" for row in made.rows) / 12_000 - 1 / 3)
    assert headline(said) == f"No. k7m2p is a small but certain {off:.1f} points off its third."
    assert plain(said.finding.figures).endswith("That is less than the 5 points this test must catch.")


def test_errors_are_counted_by_kind_and_by_how_far_they_got() -> None:
    made = simulate(errors=["refused"] * 3 + ["time-out in response"])
    made.rows[4 * 41 - 1]["logged"] = "uid-0"
    said = say(made)
    assert said.mark is Mark.FAIL
    assert headline(said) == f"No. 4 of {len(made.rows):,} connections got no answer."
    assert plain(said.finding.figures) == "3 refused, 1 time-out in response. Declared for this scenario: none."
    assert "Refused: nobody listened" in why(said)
    assert "1 of them reached a pod, as its log says; 3 never did." in why(said)
    assert said.diagnosis.command.startswith("kubectl -n evenly-7f3a get pods")


def test_a_pod_that_was_never_ready_is_named_with_the_clusters_words() -> None:
    pods = [pod_record(0), pod_record(1), replace(pod_record(2), note="not ready: readiness probe failed: 503")]
    said = say(simulate(pods=pods, weights=[1, 1, 0], readings=[EndpointsReading(0.0, ALL[:2])]))
    assert said.mark is Mark.INVALID
    assert headline(said) == "This run cannot tell. One of the 3 pods was not ready."
    assert "w4n9x never stood ready" in plain(said.finding.figures)
    assert "Nothing is known about the Service." in sure(said)
    assert "did reach its threshold" in sure(said)
    assert "backend-app-6d5f9c7b8d-w4n9x on evenly-3f9c-worker2: not ready: readiness probe failed: 503." in why(said)
    assert said.diagnosis.command == "kubectl -n evenly-7f3a describe pod backend-app-6d5f9c7b8d-w4n9x"


@pytest.mark.parametrize(
    ("note", "remedy"),
    [
        ("CrashLoopBackOff: container nginx ended with exit code 3 (restarts: 4)", "Its program ends again and again"),
        ("ErrImagePull: failed to pull nginx:0.0", "Correct the image in its manifest"),
        ("ImagePullBackOff: Back-off pulling image nginx:0.0", "Correct the image in its manifest"),
        ("Unschedulable: 0/3 nodes are available: 3 Insufficient cpu", "No node takes it: let it ask for less"),
        ("Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404", "Mend its readiness probe"),
        ("not ready", "See what the cluster says about it:"),
    ],
)
def test_backends_that_never_get_ready_are_named_with_a_remedy(note: str, remedy: str) -> None:
    pods = [replace(pod_record(number), note=note, node="") for number in range(3)]
    said = say(simulate(pods=pods, errors=["refused"] * 9, attempts=1_000, readings=[EndpointsReading(-60.0, ())]))
    assert headline(said) == "This run cannot tell. None of the 3 pods was ready."
    assert f"backend-app-6d5f9c7b8d-k7m2p: {note}." in why(said)
    assert plain(said.diagnosis.remedy).startswith(remedy)
    assert plain(said.diagnosis.remedy).endswith("See what the cluster says about it:")


@pytest.mark.parametrize(
    ("readings", "head", "story"),
    [
        (
            [(0.0, ALL), (0.94, ("uid-0", "uid-2"))],
            "One of the 3 pods left while it ran.",
            "q8zcd left the Service after 0.94 s. The 1,800 connections went to two different sets of pods",
        ),
        (
            [(0.0, ALL), (0.94, ("uid-0", "uid-2")), (1.5, ALL)],
            "One of the 3 pods left while it ran.",
            "q8zcd left the Service after 0.94 s and came back after 1.50 s.",
        ),
        (
            [(0.0, ALL), (0.94, ("uid-0", "uid-2", "uid-new"))],
            "One of the 3 pods left while it ran.",
            "q8zcd left the Service after 0.94 s. One new pod took its place.",
        ),
        (
            [(0.0, ("uid-0", "uid-2")), (0.5, ALL)],
            "One of the 3 pods was not ready at the start.",
            "q8zcd came into the Service after 0.50 s.",
        ),
        ([(0.0, (*ALL, "uid-new"))], "A fourth pod stood in the Service.", "though not expected, and never answered"),
        ([(-1.0, ALL), (0.0, ())], "Three of the 3 pods left while it ran.", "left the Service before the load began"),
    ],
)
def test_each_change_of_endpoints_has_its_story(readings: list[tuple[float, tuple[str, ...]]], head: str, story: str) -> None:
    said = say(simulate(readings=[EndpointsReading(*reading) for reading in readings]))
    assert headline(said) == f"This run cannot tell. {head}"
    assert story in plain(said.finding.figures)


def test_books_that_do_not_balance_are_quoted() -> None:
    lines = tuple(f"{n} attempts are odd" for n in range(2, 7))
    said = say(simulate(discrepancies=lines))
    assert headline(said) == "This run cannot tell. The client's ledger and the pods' own logs do not agree."
    assert "5 disagreements" in plain(said.finding.figures)
    assert why(said) == "2 attempts are odd 3 attempts are odd 4 attempts are odd 2 more in result.json."


def test_kept_alive_connections_are_counted_as_what_they_are() -> None:
    said = say(simulate(per_connection=300, attempts=6000, discrepancies=("5980 attempts are not the first",)))
    assert headline(said) == "This run cannot tell. 20 connections carried all 6,000 requests."
    assert plain(said.finding.figures).endswith("So it made 20 choices, not 6,000.")
    assert "counted up to request 300" in why(said)


def test_an_undecided_run_asks_for_more_and_against_running_until_it_passes() -> None:
    made = simulate(weights=[360, 320, 320], attempts=12_228, seed=1)
    said = say(made, verdict=Verdict(Cause.UNDECIDED, 12_228))
    assert said.mark is Mark.INCONCLUSIVE
    assert headline(said) == "Not decided. After 12,228 connections it is neither even nor uneven."
    assert "That is in the grey zone" in plain(said.finding.figures)
    assert "a real bias, smaller than the 5 points that must be caught" in sure(said)
    assert "No known cause matches. A small real bias fits best" in why(said)
    assert plain(said.diagnosis.afterwards) == "Do not run again until it passes: that would hide a bias."


def test_a_load_that_ended_early_is_not_called_grey() -> None:
    said = say(simulate(attempts=300))
    assert headline(said) == "Not decided. After 300 connections it is neither even nor uneven."
    assert "grey zone" not in plain(said.finding.figures)
    assert why(said) == "The load ended after 300 connections of at most 12,228, before the evidence was enough."


def test_a_control_that_comes_out_as_declared_is_caught() -> None:
    said = say(simulate(stray=STRAY, control=Cause.UNEXPECTED_POD))
    assert said.mark is Mark.CAUGHT
    assert plain(said.question).startswith("Negative control: a fault planted on purpose. Is a pod that does not belong")
    assert headline(said) == "Yes. FAIL came out, as it must, with the right cause."
    assert plain(said.finding.figures).startswith("A fourth, unexpected pod answered ")
    assert plain(said.finding.figures).endswith("Had this scenario passed, the suite would have failed.")


def test_a_control_with_another_cause_is_missed() -> None:
    said = say(simulate(weights=[1, 1, 0], control=Cause.UNEXPECTED_POD))
    assert said.mark is Mark.MISSED
    assert headline(said) == "No. FAIL (shares) came out instead of FAIL (unexpected pod)."


def test_a_control_that_passes_is_missed() -> None:
    said = say(simulate(control=Cause.SHARES))
    assert said.mark is Mark.MISSED
    assert headline(said) == "No. PASS came out instead of FAIL (shares)."
    assert "the other verdicts prove less" in sure(said)


def test_an_answer_reads_as_plain_text_too() -> None:
    lines = say(simulate(stray=STRAY)).lines
    assert lines[0].startswith("FAIL: No. A fourth, unexpected pod answered ")
    assert "  kubectl -n evenly-7f3a delete deployment backend-app-canary" in lines
    assert not any("`" in line or "**" in line for line in lines)


def test_a_single_pod_and_weighted_shares_read_right() -> None:
    assert headline(say(simulate(pods=[pod_record(0)]))) == "Yes. All traffic reaches the one expected pod."
    made = simulate()
    weighted = replace(made.record.rule, shares={"uid-0": 0.34, "uid-1": 0.33, "uid-2": 0.33})
    assert headline(say(made, rule=weighted)) == "Yes. Traffic goes to the 3 pods as declared."


def test_a_pass_tells_how_often_a_small_bias_passes_where_that_was_simulated() -> None:
    made = simulate()
    assert "A true 2-point bias passes in up to 88 % of runs." in " ".join(say(made).lines)
    assert "2-point" not in " ".join(say(made, rule=replace(made.record.rule, beta=1e-4)).lines)
