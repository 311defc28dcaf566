"""What something needs of this machine, what was found, and what to do where it is lacking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evenly.errors import EvenlyError

MARKS = {True: "ok", False: "--", None: "??"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that is needed; ``met`` is None where nobody can tell without trying it."""

    name: str
    found: str
    met: bool | None
    remedy: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """A mark with what was found and, where there is something to do, what that is."""
        first = f"{MARKS[self.met]}  {self.name}: {self.found}"
        return (first, f"    {self.remedy}") if self.remedy and not self.met else (first,)


class LackingError(EvenlyError):
    """This machine lacks something; one thing reads as a sentence, several as the lines of `evenly doctor`."""

    def __init__(self, problem: str, requirements: Sequence[Requirement]) -> None:
        self.requirements = tuple(requirements)
        if len(requirements) == 1:
            super().__init__(f"{problem}: {requirements[0].found}", requirements[0].remedy)
        else:
            lines = "".join(f"\n  {line}" for requirement in requirements for line in requirement.lines)
            super().__init__(
                f"{problem}:{lines}",
                "follow what stands below the lines; `evenly doctor` shows all, and --context NAME tests a cluster you have",
            )


def lacking(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Return those that are not met for certain."""
    return tuple(requirement for requirement in requirements if requirement.met is False)


def require(problem: str, *requirements: Requirement) -> None:
    """Raise LackingError with those that are not met, if there are any."""
    if missing := lacking(requirements):
        raise LackingError(problem, missing)
