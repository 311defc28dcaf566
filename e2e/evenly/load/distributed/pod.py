"""Locust, run as a program in a pod: a worker of the master that EVENLY_MEETING leads to."""

import os
import sys

from locust.main import main

from evenly.load.distributed.meeting import Meeting, reach

if __name__ == "__main__":
    meeting = Meeting.parse(os.environ["EVENLY_MEETING"])
    # before Locust, which would go on trying for five minutes without a word
    link = reach(meeting)
    sys.argv += (
        *("--worker", "--master-host", meeting.address, "--master-port", str(meeting.locust_port)),
        *("--loglevel", "WARNING", "--evenly-link", str(link)),
    )
    main()  # type: ignore[no-untyped-call]  # Locust's
