"""kube-proxy's rules for iptables: a chain for each Service, in it a rule for each pod, one after the other.

Chance and order of the rules make the shares: each takes its part of what those before it have left over. kube-proxy gives the
i-th of n a chance of 1/(n-i+1), so that all get the same; whoever changes one changes the shares behind it, too.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from evenly.k8s.proxy_rules.rules import Choice, Rules

LIST = ("iptables-save", "--counters", "--table", "nat")
_IPTABLES = ("iptables", "--wait", "--table", "nat")
_CHANCE = "--probability"
_RULE = re.compile(r"^\[(\d+):\d+\] -A (\S+) (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Rule:
    chain: str
    number: int  # in its chain, from 1
    packets: int  # of a connection the nat table sees the first one only, so these are connections
    words: tuple[str, ...]  # what it says, without its chain

    def after(self, option: str) -> str:
        return self.words[self.words.index(option) + 1] if option in self.words else ""

    @property
    def to(self) -> str:
        return self.after("-j")


def read(saved: str) -> list[Rules]:
    """Return the rules of each Service, from what ``LIST`` prints."""
    chains: defaultdict[str, list[_Rule]] = defaultdict(list)
    for packets, chain, words in _RULE.findall(saved):
        chains[chain].append(_Rule(chain, len(chains[chain]) + 1, int(packets), tuple(shlex.split(words))))
    return [_of_service(chain, chains) for chain in tuple(chains) if chain.startswith("KUBE-SVC-")]


def _of_service(chain: str, chains: defaultdict[str, list[_Rule]]) -> Rules:
    own = next((rule for rule in chains["KUBE-SERVICES"] if rule.to == chain), None)
    # what comes by a node port is marked for masquerading before the last rule sends it on
    entries = ((entry, chains[entry.to][-1]) for entry in chains["KUBE-NODEPORTS"] if entry.after("-p") == "tcp")
    node_port, passed = next(((int(entry.after("--dport")), on.packets) for entry, on in entries if on.to == chain), (0, 0))
    turns = [(rule, chains[rule.to][-1]) for rule in chains[chain] if rule.to.startswith("KUBE-SEP-")]
    # with affinity those that send a known client back come first
    by_chance = [(rule, turn.after("--to-destination")) for rule, turn in turns if "recent" not in rule.words]
    return Rules(
        service=chains[chain][0].after("--comment").partition(" ")[0],
        own_address=f"{own.after('-d').removesuffix('/32')}:{own.after('--dport')}" if own else "",
        chain=chain,
        passed=passed,
        targets={turn.after("--to-destination"): turn.packets for _, turn in turns},
        node_port=node_port,
        choice=Choice(_shares(by_chance), partial(_change, by_chance[0][0])) if by_chance else None,
    )


def _shares(by_chance: Iterable[tuple[_Rule, str]]) -> dict[str, float]:
    given: defaultdict[str, float] = defaultdict(float)
    left = 1.0
    for rule, address in by_chance:
        chance = float(rule.after(_CHANCE) or 1)
        given[address] += left * chance
        left *= 1 - chance
    return dict(given)


def _change(rule: _Rule, chance: float) -> tuple[str, ...]:
    """Return the command that gives a rule another chance, or deletes it; those behind it share what it leaves."""
    if not chance:
        return (*_IPTABLES, "--delete", rule.chain, str(rule.number))
    at = rule.words.index(_CHANCE) + 1
    words = (*rule.words[:at], str(chance), *rule.words[at + 1 :])
    return (*_IPTABLES, "--replace", rule.chain, str(rule.number), *words)
