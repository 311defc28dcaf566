"""The machine's own package sources lead to another release, whichever way they are written."""

from email import message_from_string
from pathlib import Path

import pytest

from evenly.errors import EvenlyError
from evenly.offline import apt

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
# another
Components: main contrib
Signed-By: /keys/debian.gpg

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://third.example/party
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/debian.gpg] http://mirror.example/debian bookworm main contrib # the mirror
deb-src http://source.example/debian bookworm main
deb http://mirror.example/debian bookworm-backports main
"""


def stanzas(text: str) -> list[dict[str, str]]:
    return [{k.lower(): v for k, v in message_from_string(part).items()} for part in text.strip().split("\n\n")]


@pytest.fixture
def etc_apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_deb822_sources_are_asked_for_another_release(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d" / "debian.sources").write_text(DEB822)
    first, second = stanzas(apt.sources("trixie", etc_apt=etc_apt, own="bookworm"))
    assert first == {
        "types": "deb",
        "uris": "http://mirror.example/debian",
        "suites": "trixie trixie-updates",
        "components": "main contrib",
        "signed-by": "/keys/debian.gpg",
    }
    assert (second["uris"], second["suites"]) == ("http://security.example/debian-security", "trixie-security")


def test_one_line_sources_keep_their_options(etc_apt: Path) -> None:
    (etc_apt / "sources.list").write_text(ONE_LINE)
    (only,) = stanzas(apt.sources("bookworm", etc_apt=etc_apt, own="bookworm"))
    assert only == {
        "types": "deb",
        "uris": "http://mirror.example/debian",
        "suites": "bookworm",
        "components": "main contrib",
        "architectures": "amd64",
        "signed-by": "/keys/debian.gpg",
    }


def test_files_that_apt_ignores_are_ignored(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d" / "old.sources.bak").write_text(DEB822)
    with pytest.raises(EvenlyError, match=r"no source in .* leads to the packages of bookworm"):
        apt.sources("trixie", etc_apt=etc_apt, own="bookworm")


def test_the_machines_release_is_read_from_os_release(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    assert apt.machine_codename(tmp_path / "os-release") == "bookworm"
    (tmp_path / "os-release").write_text("ID=debian\n")
    with pytest.raises(EvenlyError, match="no VERSION_CODENAME"):
        apt.machine_codename(tmp_path / "os-release")


def test_package_sources_that_lead_nowhere_are_told_in_their_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "machine_codename", lambda: "bookworm")
    monkeypatch.setattr(apt, "sources", lambda release: f"Suites: {release}")
    assert apt.package_sources().met is True

    def nowhere(release: str) -> str:
        raise EvenlyError(f"no source leads to {release}", "add one")

    monkeypatch.setattr(apt, "sources", nowhere)
    found = apt.package_sources()
    assert (found.found, found.met, found.remedy) == ("no source leads to bookworm", False, "add one")
