"""The one kind of error a person is meant to read: what happened, and what to do about it."""


class EvenlyError(Exception):
    """Says what happened and, on a line of its own, what to do; shown without a traceback.

    ``problem`` and ``remedy`` are plain sentences; together they fit on one screen.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n  What to do: {self.remedy}"


class NotApplicableError(EvenlyError):
    """Says that a test is about something that a cluster has not, or keeps to itself.

    On a cluster of the user's the test is skipped with that reason; on one of ours, which has everything, it is an error.
    """

    def __init__(self, because: str, remedy: str) -> None:
        super().__init__(f"not applicable, because {because}", remedy)
