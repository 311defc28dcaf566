"""A Service without a type is a ClusterIP: reachable inside the cluster only, at one address that stays."""

import pytest

from evenly import PASS


@pytest.mark.claim(5, 10)
def test_inside_its_address_and_its_name_lead_to_all_pods_evenly(service):
    spread = service("cluster-ip.yaml", client_pods=1)
    assert spread.type == "ClusterIP"
    assert spread.load(to=spread.address) == PASS
    assert spread.load(to=spread.dns_name) == PASS
    assert {reply.upstream for reply in spread.ask(100, to=spread.dns_name)} == {spread.address}


@pytest.mark.claim(10)
def test_outside_its_address_does_not_answer(service, show):
    spread = service("cluster-ip.yaml", client_pods=1)
    outside, (inside,) = spread.connect_from_outside(spread.address), spread.ask(to=spread.address)
    show(
        "One address, asked at the same time",
        f"{spread.address}\n  from the nodes' network: {outside}\n  from a pod:              {inside.uid}",
    )
    assert outside != "accepted"
    assert spread.connect_from_outside(spread.node_port) == "accepted"  # from there, the nodes themselves are in reach
    assert inside.uid in {pod.uid for pod in spread.pods}


@pytest.mark.claim(5)
def test_its_address_and_its_name_stay_when_every_pod_is_replaced(service):
    spread = service("cluster-ip.yaml", client_pods=1)
    address, name, before = spread.address, spread.dns_name, spread.pods
    assert answering(spread, address) == answering(spread, name) == {pod.uid for pod in before}
    spread.replace_pods()
    assert not {pod.ip for pod in before} & {pod.ip for pod in spread.pods}
    assert spread.address == address
    assert spread.load(to=address) == PASS
    assert answering(spread, name) == {pod.uid for pod in spread.pods}


@pytest.mark.claim(5)
def test_a_headless_service_leads_to_the_pods_themselves(service, show):
    spread = service("headless.yaml", client_pods=1)
    led_to = {reply.upstream for reply in spread.ask(100)}
    show(f"Where {spread.dns_name} leads", "\n".join(sorted(led_to)))
    assert led_to == {f"{pod.ip}:8080" for pod in spread.pods}


def answering(spread, to):
    """Return who answers there; in 100 connections one of three pods is missed in less than one of 10 ** 16 runs."""
    return {reply.uid for reply in spread.ask(100, to=to)}
