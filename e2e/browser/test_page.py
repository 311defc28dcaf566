"""The latest report in a real browser: it opens offline, in silence, and fits the screen. Needs Debian's chromium."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from evenly.process import run
from evenly.report import SAMPLES, read_result, render, write_result

LATEST = Path("reports/latest/report.html")
PAGE_LIMIT_S = 60.0

CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
    "--host-resolver-rules=MAP * ~NOTFOUND",  # chromium itself would call home
)
OWN_TRAFFIC = ("google", "gstatic", "chrome:", "chromium")

# Runs inside the page: opens all that is folded, then tells of every element that sticks out of the viewport.
PROBE = """<script>addEventListener("load", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  const width = document.documentElement.clientWidth;
  const out = [...document.body.querySelectorAll("*")].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && (box.right > width + 0.5 || box.left < -0.5) && !e.closest(".skip, .scroll")
      && getComputedStyle(e).position !== "absolute";
  });
  parent.postMessage(JSON.stringify(out.slice(0, 9).map(e => e.tagName + " " + e.textContent.slice(0, 40))), "*");
})</script>"""
FRAME = """<iframe src=probed.html width={width} height=3000 style=border:0></iframe><pre id=out></pre>
<script>addEventListener("message", e => document.getElementById("out").textContent = e.data)</script>"""


@pytest.fixture
def page() -> Path:
    assert shutil.which("chromium"), "chromium is missing: apt-get install chromium"
    assert LATEST.exists(), "there is no report yet: make e2e"
    return LATEST.resolve()


@pytest.fixture
def spoilt(page: Path, tmp_path: Path) -> Path:
    """A page with one fault of each kind that the tests look for."""
    faults = '<img src="https://example.org/spy.png"><div style="width:3000px">wide</div><script>console.log(1)</script>'
    path = tmp_path / "spoilt.html"
    path.write_text(page.read_text().replace("</body>", f"{faults}</body>"))
    return path


def console_entries(page: Path, profile: Path) -> list[str]:
    arguments = (f"--user-data-dir={profile}", "--enable-logging=stderr", "--v=0", "--dump-dom", page.as_uri())
    script = 'exec "$@" 2>&1 >/dev/null'  # what it logs, not the page
    return [
        line
        for line in run("sh", "-c", script, "sh", *CHROMIUM, *arguments, timeout_s=PAGE_LIMIT_S).splitlines()
        if "CONSOLE" in line
    ]


def requests(page: Path, profile: Path) -> set[str]:
    log = profile.with_suffix(".netlog")
    run(*CHROMIUM, f"--user-data-dir={profile}", f"--log-net-log={log}", "--dump-dom", page.as_uri(), timeout_s=PAGE_LIMIT_S)
    urls = set(re.findall(r'"url":"([^"]+)"', log.read_text()))
    return {url for url in urls if not any(own in url for own in OWN_TRAFFIC)} - {page.as_uri()}


def beyond_the_viewport(page: Path, folder: Path, width: int) -> list[str]:
    unprotected = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())  # it bars the probe
    (folder / "probed.html").write_text(unprotected.replace("</body>", f"{PROBE}</body>"))
    (folder / "frame.html").write_text(FRAME.format(width=width))
    frame = (folder / "frame.html").as_uri()
    dom = run(
        *(*CHROMIUM, f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900"),
        *("--virtual-time-budget=3000", "--dump-dom", frame),
        timeout_s=PAGE_LIMIT_S,
    )
    told = re.search(r'<pre id="out">(.+?)</pre>', dom, re.DOTALL)
    assert told, "the probe did not answer"
    found: list[str] = json.loads(told[1])
    return found


def test_the_page_opens_without_a_console_entry(page: Path, tmp_path: Path) -> None:
    assert console_entries(page, tmp_path / "profile") == []


def test_the_page_asks_for_nothing(page: Path, tmp_path: Path) -> None:
    assert requests(page, tmp_path / "profile") == set()


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_nothing_sticks_out_of_the_viewport(page: Path, tmp_path: Path, width: int) -> None:
    assert beyond_the_viewport(page, tmp_path, width) == []


@pytest.mark.parametrize("percent", [0, 23, 25, 45, 65, 67, 100])
def test_the_words_beside_an_event_fit_a_phone_wherever_it_stands(page: Path, tmp_path: Path, percent: int) -> None:
    record = read_result(page.parent)
    moved = tuple(
        replace(one, verdict=replace(one.verdict, decided_at=1 + one.load.attempts * percent // 100))
        if one.verdict.decided_at is not None
        else one
        for one in record.scenarios
    )
    assert moved != record.scenarios, "the whole suite's report has errors and strays that decide"
    shutil.copy(page.parent / SAMPLES, tmp_path)
    write_result(tmp_path, replace(record, scenarios=moved))
    assert beyond_the_viewport(render(tmp_path).page, tmp_path, 390) == []


def test_the_checks_see_a_spoilt_page(spoilt: Path, tmp_path: Path) -> None:
    assert console_entries(spoilt, tmp_path / "profile"), "its policy forbids the script and the style"
    assert any("wide" in element for element in beyond_the_viewport(spoilt, tmp_path, 800))


def test_the_check_for_requests_sees_one(spoilt: Path, tmp_path: Path) -> None:
    spoilt.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", spoilt.read_text()))
    assert requests(spoilt, tmp_path / "profile") == {"https://example.org/spy.png"}
