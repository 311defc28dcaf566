"""kube-proxy's rules for nftables: a chain for each Service, in it one rule, with a map from a random number to each pod."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import partial

from evenly.k8s.proxy_rules.rules import Choice, Rules

_TABLE = ("ip", "kube-proxy")
LIST = ("nft", "--handle", "list", "table", *_TABLE)

_BLOCK = re.compile(r"^\t(?:chain|map) (\S+) \{[^\n]*\n(.*?)^\t\}", re.MULTILINE | re.DOTALL)
_SERVICE = re.compile(r"service-\w+-(.+)/tcp/(.*)")
_WAY_IN = re.compile(r"(?:(\S+) \. )?tcp \. (\d+) : goto ([^\s,]+)")
_GOTO = re.compile(r"goto ([^\s,]+)")
_ADDRESS = re.compile(r"(\d+(?:\.\d+){3})(?: \. |:)(\d+)")
_CHOICE = re.compile(r"dnat ip (?:addr \. port )?to numgen random mod (\d+) map \{ ([^}]*)\} # handle (\d+)")
_ELEMENT = re.compile(r"(\d+)(?:-(\d+))? : (\S+) \. (\d+)")
_OF_HUNDRED = 100


def read(listed: str) -> list[Rules]:
    """Return the rules of each Service, from what ``LIST`` prints; they do not count."""
    blocks: dict[str, str] = dict(_BLOCK.findall(listed))
    own = {chain: f"{ip}:{port}" for ip, port, chain in _WAY_IN.findall(blocks.get("service-ips", ""))}
    entries = _WAY_IN.findall(blocks.get("service-nodeports", ""))
    node_ports = {_GOTO.findall(blocks[external])[-1]: int(port) for _, port, external in entries}
    return [
        Rules(
            service=":".join(name.groups()).rstrip(":"),
            own_address=own.get(chain, ""),
            chain=chain,
            passed=None,
            targets=dict.fromkeys(_targets(chain, blocks)),
            node_port=node_ports.get(chain, 0),
            choice=_choice(chain, blocks[chain]),
        )
        for chain in blocks
        if (name := _SERVICE.fullmatch(chain))
    ]


def _targets(chain: str, blocks: Mapping[str, str]) -> list[str]:
    sticky = [blocks[name] for name in _GOTO.findall(blocks[chain])]  # with affinity each pod has a chain of its own
    turns = [body.partition("dnat")[2] for body in (blocks[chain], *sticky)]
    return [f"{ip}:{port}" for body in turns for ip, port in _ADDRESS.findall(body)]


def _choice(chain: str, body: str) -> Choice | None:
    """Return what chooses by chance; None where that is otherwise, as with one pod alone, or session affinity."""
    rule = _CHOICE.search(body)
    if not rule:
        return None
    of, elements, handle = rule.groups()
    numbers: Counter[str] = Counter()
    for first, last, ip, port in _ELEMENT.findall(elements):
        numbers[f"{ip}:{port}"] += int(last or first) - int(first) + 1
    shares = {address: count / int(of) for address, count in numbers.items()}
    return Choice(shares, partial(_change, chain, handle, tuple(numbers)))


def _change(chain: str, handle: str, addresses: tuple[str, ...], chance: float) -> tuple[str, ...]:
    """Return the command that gives the first address a chance in whole percent, or takes it out; the others share the rest."""
    first, *others = addresses
    own = round(chance * _OF_HUNDRED)
    rest, more = divmod(_OF_HUNDRED - own, len(others)) if chance else (1, 0)
    numbers = {first: own} | {address: rest + (i < more) for i, address in enumerate(others)}
    ends = [address.rpartition(":") for address, count in numbers.items() for _ in range(count)]
    # each number by itself: nft 1.0 breaks down over ranges in a rule that it replaces
    elements = ", ".join(f"{number} : {ip} . {port}" for number, (ip, _, port) in enumerate(ends))
    chosen = f"meta l4proto tcp dnat ip addr . port to numgen random mod {len(ends)} map {{ {elements} }}"
    return ("nft", "replace", "rule", *_TABLE, chain, "handle", handle, chosen)
