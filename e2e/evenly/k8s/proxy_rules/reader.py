"""The rules that kube-proxy has written on a node, read there in whichever mode it works."""

from collections.abc import Callable

from evenly.k8s.proxy_rules import iptables, nftables
from evenly.k8s.proxy_rules.rules import Rules
from evenly.process import ProgramError


class NoRulesError(ProgramError):
    """kube-proxy has written no rules on a node, in neither mode."""


def read(on_node: Callable[..., str]) -> list[Rules]:
    """Return the rules of each Service; ``on_node`` runs a command there. Raises ProgramError, NoRulesError where none are."""
    if rules := iptables.read(on_node(*iptables.LIST)):
        return rules
    try:
        return nftables.read(on_node(*nftables.LIST))
    except ProgramError as error:
        raise NoRulesError(error.problem, error.remedy, error.stderr) from None
