"""What FAIL by shares means, in sentences."""

from evenly.report.answer import Finding
from evenly.report.answers.even import declared_part, went
from evenly.report.figures import Figures
from evenly.report.text.markup import Text, text
from evenly.report.text.numbers import an, counted, number, once_in, points, power, spelled
from evenly.results.schema import ScenarioRecord


def uneven(scenario: ScenarioRecord, figures: Figures) -> Finding:
    """Say how uneven traffic is: all on one, some left out, small but certain, or plainly off."""
    got = [pod for pod in figures.expected if pod.answered]
    silent = [pod for pod in figures.expected if not pod.answered and pod.declared]
    furthest, declared = figures.furthest, declared_part(figures)
    n = counted(figures.answered, "connection")
    seen = text("The {pods} got {shares} of {n}.", pods=spelled(len(figures.expected), "pod"), shares=went(figures), n=n)
    if len(got) == 1:
        headline = text("All {n} went to one pod; {silent} got none.", n=n, silent=number(len(silent)))
        seen = text("`{pod}` got everything. {ready}", pod=got[0].pod.name, ready=_readiness(scenario))
    elif silent:
        headline = text(
            "{silent} of the {pods} got none of {n}.",
            silent=number(len(silent)).capitalize(),
            pods=counted(len(figures.expected), "pod"),
            n=n,
        )
    elif all(abs(end - pod.declared) < pod.delta for pod in figures.expected for end in (pod.low, pod.high)):
        headline = text(
            "`{pod}` is a small but certain {off} points off its {part}.",
            pod=furthest.short,
            off=f"{100 * abs(furthest.off):.1f}",
            part=declared,
        )
        seen = text(
            "{seen} That is less than the {delta} points this test must catch.", seen=seen, delta=points(furthest.delta)
        )
    else:
        headline = text(
            "`{pod}` got {share} % instead of {part}.",
            pod=furthest.short,
            share=f"{100 * furthest.share:.1f}",
            part=_instead(furthest.declared, declared),
        )
    return Finding("No.", headline, seen, (how_unlikely(scenario),))


def _instead(share: float, declared: str) -> str:
    return f"the declared {100 * share:.1f} %" if declared == "declared share" else an(declared)


def _readiness(scenario: ScenarioRecord) -> str:
    steady = {reading.ready for reading in scenario.endpoints} == {tuple(sorted(scenario.rule.shares))}
    return f"All {number(len(scenario.rule.shares))} pods were ready the whole time." if steady else ""


def how_unlikely(scenario: ScenarioRecord) -> Text:
    """Say how seldom a fair Service looks like this, and when that was enough."""
    look = next((look for look in scenario.looks if look.connections == scenario.verdict.connections), None)
    enough = once_in(scenario.rule.alpha)
    if look is None:
        return text("A fair Service is failed at most **{enough}** runs.", enough=enough)
    return text(
        "A fair Service would look like this at most once in **{power}** runs; {enough} is enough for FAIL. "
        "That was reached at the look after **{n}**.",
        power=power(look.ln_uneven),
        enough=enough,
        n=counted(look.connections, "connection"),
    )
