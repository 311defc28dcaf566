"""Ctrl-C while tests run: it always ends the run, and the run then ends with 130."""

import signal
from typing import NoReturn

import pytest

EXIT_CODE = 130


class Interrupts:
    """A plugin and a signal handler: it raises KeyboardInterrupt, and once more at the next step where that was swallowed.

    Python drops what is raised within a callback, such as a finalizer, and so do libraries that are not written in it.
    """

    def __init__(self) -> None:
        self._came = False

    def __call__(self, *_: object) -> NoReturn:
        """Take note of a signal, and raise KeyboardInterrupt."""
        self._came = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt when a signal has come."""
        if self._came:
            raise KeyboardInterrupt

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self) -> None:
        """Listen to Ctrl-C, unless the run was started to ignore it, as a shell's background jobs are."""
        self._before = signal.getsignal(signal.SIGINT)
        if self._before is signal.default_int_handler:
            signal.signal(signal.SIGINT, self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Begin no further test."""
        self.check()

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Leave out the places of a traceback that have no line: pytest, which shows it next, would stumble over them.

        A signal can come between two lines, where CPython 3.11 and later name none.
        """
        excinfo.traceback = excinfo.traceback.filter(lambda place: place._rawentry.tb_lineno is not None)  # noqa: SLF001

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Say by the exit code that it was Ctrl-C, also where that came before the session began."""
        if signal.getsignal(signal.SIGINT) is self:
            signal.signal(signal.SIGINT, self._before)
        session = config.pluginmanager.getplugin("session")
        if session and (self._came or session.exitstatus == pytest.ExitCode.INTERRUPTED):
            session.exitstatus = EXIT_CODE
