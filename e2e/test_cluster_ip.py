"""A Service without a type is a ClusterIP: reachable inside the cluster only, at one address that stays."""

import pytest

from evenly import PASS


@pytest.mark.claim(5, 10)
def test_inside_its_address_and_its_name_lead_to_all_pods_evenly(service):
    svc = service("cluster-ip.yaml", client_pods=1)
    assert svc.type == "ClusterIP"
    assert svc.load(to=svc.address) == PASS
    assert svc.load(to=svc.dns_name) == PASS
    assert {reply.upstream for reply in svc.ask(100, to=svc.dns_name)} == {svc.address}


@pytest.mark.claim(10)
def test_outside_its_address_does_not_answer(service, show):
    svc = service("cluster-ip.yaml", client_pods=1)
    outside, (inside,) = svc.connect_from_outside(svc.address), svc.ask(to=svc.address)
    show(
        "One address, asked at the same time",
        f"{svc.address}\n  from the nodes' network: {outside}\n  from a pod:              {inside.uid}",
    )
    assert outside != "accepted"
    assert svc.connect_from_outside(svc.node_port) == "accepted"  # from there, the nodes themselves are in reach
    assert inside.uid in {pod.uid for pod in svc.pods}


@pytest.mark.claim(5)
def test_its_address_and_its_name_stay_when_every_pod_is_replaced(service):
    svc = service("cluster-ip.yaml", client_pods=1)
    address, name, before = svc.address, svc.dns_name, svc.pods
    assert answering(svc, address) == answering(svc, name) == {pod.uid for pod in before}
    svc.replace_pods()
    assert not {pod.ip for pod in before} & {pod.ip for pod in svc.pods}
    assert svc.address == address
    assert svc.load(to=address) == PASS
    assert answering(svc, name) == {pod.uid for pod in svc.pods}


@pytest.mark.claim(5)
def test_a_headless_service_leads_to_the_pods_themselves(service, show):
    svc = service("headless.yaml", client_pods=1)
    led_to = {reply.upstream for reply in svc.ask(100)}
    show(f"Where {svc.dns_name} leads", "\n".join(sorted(led_to)))
    assert led_to == {f"{pod.ip}:8080" for pod in svc.pods}


def answering(svc, to):
    """Return who answers there; in 100 connections one of three pods is missed in less than one of 10 ** 16 runs."""
    return {reply.uid for reply in svc.ask(100, to=to)}
