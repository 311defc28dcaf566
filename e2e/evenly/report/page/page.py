"""The page of a run, report.html: one file that opens offline, complete without script, made from the records alone."""

import base64
import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evenly.judge.verdict import Word
from evenly.report.answer import Answer, Mark
from evenly.report.answers.scenario import answer as answer_to
from evenly.report.answers.suite import WORST_FIRST, ran
from evenly.report.charts.deviations import Deviations, deviations
from evenly.report.charts.evidence import EvidencePicture, evidence_picture
from evenly.report.charts.latency import LatencyPicture, latency_pictures
from evenly.report.charts.shares import SharePicture, share_picture
from evenly.report.charts.timeline import TimelinePicture, timeline_picture
from evenly.report.figures import Figures, figures
from evenly.report.page.conditions import Condition, conditions, ledger, not_seen, summary
from evenly.report.page.epochs import EpochRow, epoch_rows
from evenly.report.page.tests import anchor, became, shown_claims, shown_tests
from evenly.report.text.markup import Text, breakable, clean, html, plain, text
from evenly.report.text.numbers import counted, duration, milliseconds, moment, points, power
from evenly.results.samples import SAMPLES, Samples
from evenly.results.schema import RunRecord, ScenarioRecord

ALWAYS_BESIDE = ("result.json", SAMPLES, "junit.xml", "summary.md")


@dataclass(frozen=True, slots=True)
class Section:
    """Everything that is shown of one scenario."""

    id: str
    record: ScenarioRecord
    figures: Figures
    answer: Answer
    shares: SharePicture
    evidence: EvidencePicture | None
    evidence_files: tuple[tuple[str, str], ...]
    latencies: tuple[LatencyPicture, LatencyPicture]
    conditions: tuple[Condition, ...]
    sound: str
    ledger: Text
    not_seen: tuple[Text, ...]
    facts: tuple[tuple[str, str], ...]
    deviations: Deviations
    epochs: tuple[EpochRow, ...]
    timeline: TimelinePicture | None

    @property
    def passed(self) -> bool:
        """Whether it came out as it must."""
        return self.record.contributes is Word.PASS

    @property
    def rank(self) -> int:
        """Its place among the words, the worst first."""
        return WORST_FIRST.index(self.record.contributes)


def section(run: RunRecord, number: int, samples: Samples) -> Section:
    """Work out what is shown of one of the run's scenarios."""
    record = run.scenarios[number]
    these = figures(record, samples)
    shares = share_picture(record, these)
    held = conditions(record, these)
    return Section(
        id=anchor(number),
        record=record,
        figures=these,
        answer=answer_to(record, these, run.command, run.started_at),
        shares=shares,
        evidence=evidence_picture(record, these),
        evidence_files=_links(record.evidence),
        latencies=latency_pictures([row.figures for row in shares.rows]),
        conditions=held,
        sound=summary(held, record.verdict.word),
        ledger=ledger(record, these),
        not_seen=not_seen(record, these),
        facts=_facts(record),
        deviations=deviations(these),
        epochs=epoch_rows(record),
        timeline=timeline_picture(record, samples),
    )


def page(run: RunRecord, answer: Answer, sections: tuple[Section, ...], single: Section | None) -> str:
    """Render the whole page: ``single`` as the answer itself, without it a suite."""
    assets = resources.files("evenly.report.page") / "templates"
    style, path_style, script = (
        Markup((assets / name).read_text(encoding="utf-8"))  # noqa: S704 - ours
        for name in ("style.css", "path.css", "script.js")
    )
    tests = shown_tests(run)
    if any(attachment.path for test in tests for attachment in test.attachments):
        style += path_style
    claims = shown_claims(tests)
    return (
        _environment()
        .get_template("page.html")
        .render(
            run=run,
            single=single,
            sections=sections,
            ran=ran(run),
            tests=[test for test in tests if test.own],
            claims=claims,
            became=became(claims),
            answer=answer,
            style=style,
            script=script,
            policy=_policy(style, script),
            facts=_run_facts(run),
            beside=_links(ALWAYS_BESIDE),
        )
    )


def _links(files: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Give each file an address that can only lead to a place beside the page."""
    return tuple((file, "./" + quote(file)) for file in files)


def _facts(record: ScenarioRecord) -> tuple[tuple[str, str], ...]:
    load, rule = record.load, record.rule
    sent = f"{counted(load.attempts, 'attempt')} in {duration(load.seconds)}"
    clients = counted(load.clients, "client") + (f", {load.workers} worker processes" if load.workers > 1 else "")
    rates = f"δ {points(rule.delta)} points, false FAIL {power(math.log(rule.alpha))}, false PASS {power(math.log(rule.beta))}"
    return (
        ("Load", f"Locust {load.locust_version}, {clients}, {load.target}, {sent}"),
        ("Rule", f"{rule.law}, {rates}, a look every {rule.look_every:,}, at most {rule.cap:,}"),
        *([("Manifests", ", ".join(record.manifests))] if record.manifests else []),
        ("Test", record.test),
    )


def _run_facts(run: RunRecord) -> tuple[tuple[str, str], ...]:
    took = ", ".join(f"{name} {duration(seconds)}" for name, seconds in run.steps)
    return (*run.environment.items(), *([("Took", took)] if took else []))


def _policy(style: str, script: str) -> str:
    """Write a content security policy that allows this style and this script, by hash, and nothing else at all."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() for source in (style, script)
    )
    allowed = f"style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("evenly.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {
        "breakable": breakable,
        "html": html,
        "plain": plain,
        "moment": moment,
        "duration": duration,
        "ms": milliseconds,
        "percent": lambda share: f"{100 * share:.1f}",
    }
    environment.globals |= {"text": text, "Mark": Mark}
    return environment


def _shown(value: Any) -> Any:  # noqa: ANN401 - whatever stands between {{ and }}
    """Whatever a template prints is cleaned first, then escaped: no string from a pod gets by."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
