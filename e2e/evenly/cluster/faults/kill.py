"""Programs killed from their node: within its own namespace of processes, a container's first one cannot be."""

from collections.abc import Callable

# The kubelet writes a pod's UID into the names of its control groups, with systemd's driver by underscores.
_KILL = r"""
for group in $(grep -lE "pod($1|$(echo "$1" | tr - _))" /proc/[0-9]*/cgroup 2>/dev/null); do
  process=${group%/cgroup}
  [ "$(cat "$process/comm" 2>/dev/null)" = "$2" ] && found="$found ${process#/proc/}"
done
[ -n "$found" ] || { echo "no $2 in pod $1" >&2; exit 1; }
kill -9 $found
"""


def kill(on_node: Callable[..., str], node: str, uid: str, program: str) -> None:
    """Kill all processes of a program in a pod at once, with SIGKILL; raises ProgramError where there are none."""
    on_node(node, "sh", "-c", _KILL, "kill", uid, program)
