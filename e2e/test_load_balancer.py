"""A load balancer has an external address, passes traffic on to the nodes' port, and spreads it over nodes and pods."""

import pytest

from evenly import FAIL, PASS, Cause


@pytest.mark.claim(11)
def test_without_a_provider_the_address_stays_pending(service, no_provider, kubectl, show):
    svc = service("load-balancer.yaml")
    no_provider(svc)
    listed = kubectl("get", "service", svc.name, "--namespace", svc.home.name)
    show("kubectl get service, where nobody provides load balancers", listed)
    assert "LoadBalancer" in listed
    assert "<pending>" in listed
    assert svc.load() == PASS  # the node port is open all the same


@pytest.mark.claim(11)
def test_a_load_balancer_spreads_over_nodes_and_pods(service, load_balancer, kubectl, show):
    svc = service("load-balancer.yaml")
    balancer = load_balancer(svc)
    listed = kubectl("get", "service", svc.name, "--namespace", svc.home.name)
    show("the load balancer's configuration", balancer.config)
    show("kubectl get service, with a load balancer", listed)
    assert balancer.address in listed

    outcome = svc.load(through=balancer.name)
    show("connections by the node they came in by", balancer.table(outcome))
    assert outcome == PASS
    assert balancer.over_nodes(outcome).word is PASS


@pytest.mark.claim(11)
def test_a_load_balancer_that_favours_a_node_is_caught(service, load_balancer, show):
    svc = service("load-balancer.yaml")
    balancer = load_balancer(svc, favours=svc.nodes[0])
    outcome = svc.load(through=balancer.name)
    show("connections by the node they came in by, where HAProxy favours one", balancer.table(outcome))
    assert outcome == PASS  # each node still spreads what it gets over all pods
    over_nodes = balancer.over_nodes(outcome)
    assert over_nodes.word is FAIL
    assert over_nodes.cause is Cause.SHARES
