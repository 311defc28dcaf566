"""A node port is the same on every node, out of a range that the API server guards; without a type there is none."""

import json
import re

import pytest

from evenly import until

NODE_PORTS = range(30000, 32768)
OPEN_LIMIT_S = 30.0  # kube-proxy usually writes its rules within a second or two


@pytest.mark.claim(9)
def test_a_port_that_is_not_named_is_chosen_from_the_range(terminal):
    terminal("kubectl create service nodeport any --tcp=8080")
    listed = re.search(r" 8080:(\d+)/TCP ", terminal("kubectl get service"))
    assert int(listed[1]) in NODE_PORTS


@pytest.mark.claim(9)
def test_the_range_ends_where_it_says(terminal):
    for port in (30000, 32767):
        made = terminal(f"kubectl create service nodeport at-{port} --tcp=8080 --node-port={port}")
        assert made == f"service/at-{port} created\n"
    for port in (80, 29999, 32768):
        words = terminal.refused(f"kubectl create service nodeport at-{port} --tcp=8080 --node-port={port}")
        assert (
            f"Invalid value: {port}: provided port is not in the valid range. The range of valid ports is 30000-32767" in words
        )


@pytest.mark.claim(9)
def test_a_port_has_one_service_at_a_time(terminal):
    second = "kubectl create service nodeport second --tcp=8080 --node-port=30000"
    terminal("kubectl create service nodeport first --tcp=8080 --node-port=30000")
    assert "spec.ports[0].nodePort: Invalid value: 30000: provided port is already allocated" in terminal.refused(second)
    terminal("kubectl delete service first")
    assert terminal(second) == "service/second created\n"


@pytest.mark.claim(9)
@pytest.mark.usefixtures("several_nodes")
def test_the_port_is_open_on_every_node_also_where_no_pod_runs(terminal, pod, cluster, asks):
    assert cluster.entries.keys() - {pod["spec"]["nodeName"]}
    assert until(
        lambda: not any(asks(entry)() for entry in cluster.entries.values()), limit_s=OPEN_LIMIT_S
    )  # no Service, no port
    terminal("kubectl apply -f spring-service.yaml")
    for node, entry in cluster.entries.items():
        assert until(asks(entry), limit_s=OPEN_LIMIT_S)
        assert pod["metadata"]["name"] in terminal(f"curl {entry}  # {node}")


@pytest.mark.claim(9, 10)
def test_a_node_port_needs_the_type(terminal):
    words = terminal.refused("kubectl apply -f node-port-without-type.yaml")
    assert "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'" in words


@pytest.mark.claim(10)
def test_without_a_type_it_is_a_cluster_ip_and_has_no_node_port(terminal):
    terminal("kubectl apply -f without-type.yaml")
    listed = terminal("kubectl get service")
    assert " ClusterIP " in listed
    assert " 8080/TCP " in listed  # a node port would stand behind the 8080


@pytest.fixture
def pod(terminal, apply):
    """Start the application with a single pod, and return that."""
    backend = terminal.read("backend.yaml")
    (deployment,) = (one for one in backend if one["kind"] == "Deployment")
    deployment["spec"]["replicas"] = 1
    apply(backend)
    terminal("kubectl rollout status deployment backend-app")
    (one,) = json.loads(terminal("kubectl get pods -o json"))["items"]
    return one
