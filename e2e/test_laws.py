"""Other laws than an even spread over all pods: clients that stay, weights, and traffic that keeps to its node or zone."""

from collections import defaultdict

import pytest

from evenly import PASS, Cause, NotApplicableError, grouped, local_only


def test_every_client_stays_on_one_pod(service, show):
    pods_of = pods_by_client(service("client-affinity.yaml", client_pods=3), show)
    assert [len(pods) for pods in pods_of.values()] == [1, 1, 1]


def test_without_affinity_every_client_comes_to_all_pods(service, show):
    pods_of = pods_by_client(service("cluster-ip.yaml", client_pods=3), show)
    assert [len(pods) for pods in pods_of.values()] == [3, 3, 3]


def test_a_canary_gets_the_tenth_that_its_one_of_ten_pods_is(service):
    svc = service("spring-service.yaml", also="stray-pod.yaml", wanted=("backend-app-canary",))
    svc.scale(9)
    canary = [pod for pod in svc.pods if pod.labels.get("track") == "canary"]
    stable = [pod for pod in svc.pods if pod not in canary]
    assert (len(stable), len(canary)) == (9, 1)
    assert svc.load(law=grouped((0.9, stable), (0.1, canary))) == PASS
    outcome = svc.load(law=grouped((0.5, stable), (0.5, canary)), must_catch=Cause.SHARES)
    assert outcome.cause is Cause.SHARES


@pytest.mark.parametrize("manifest", ["same-node.yaml", "internal-policy.yaml"])
def test_traffic_keeps_to_the_node_of_its_client(service, manifest):
    svc = service(manifest, client_pods=1)
    assert svc.load(law=only_pods_beside_the_client(svc)) == PASS


def test_without_a_policy_traffic_leaves_the_node_of_its_client(service):
    svc = service("cluster-ip.yaml", client_pods=1)
    outcome = svc.load(law=only_pods_beside_the_client(svc), must_catch=Cause.UNEXPECTED_POD)
    assert outcome.cause is Cause.UNEXPECTED_POD


def test_traffic_keeps_to_the_zone_that_it_comes_in_by(service):
    svc = service("same-zone.yaml")
    for node in svc.nodes:  # the first has no pods of its own
        assert svc.load(law=only_pods_in_the_zone_of(node, svc), through=node) == PASS


def test_without_a_preference_traffic_leaves_its_zone(service):
    svc = service("spring-service.yaml")
    outcome = svc.load(law=only_pods_in_the_zone_of(svc.nodes[0], svc), must_catch=Cause.UNEXPECTED_POD)
    assert outcome.cause is Cause.UNEXPECTED_POD


def pods_by_client(svc, show):
    """Return the pods that each client came to; three are too few to judge how clients are svc, but each must stay.

    Without affinity a client misses a pod in 300 connections in less than one of 10 ** 14 runs: 9 * (1 - 1/9) ** 300.
    """
    pods_of = defaultdict(set)
    for reply in svc.ask(300):
        pods_of[reply.client].add(reply.uid)
    show("The pods that each client came to", "\n".join(f"{client}: {', '.join(pods)}" for client, pods in pods_of.items()))
    return pods_of


def only_pods_beside_the_client(svc):
    (client,) = svc.clients
    return only_pods_on({client.node}, svc)


def only_pods_in_the_zone_of(node, svc):
    return only_pods_on({other for other, zone in svc.zones.items() if zone == svc.zones[node]}, svc)


def only_pods_on(nodes, svc):
    near = [pod for pod in svc.pods if pod.node in nodes]
    others = [pod for pod in svc.pods if pod not in near]
    if not near or not others:  # PASS would say nothing
        raise NotApplicableError(
            f"{len(near)} of the {len(svc.pods)} pods of {svc.name} are near where the load comes in",
            "have two nodes that take pods, each in a zone of its own",
        )
    return local_only(near, others)
