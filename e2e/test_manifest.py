"""The tutorial's manifest: what becomes of it as printed, and that its three steps work once it is corrected."""

import json
import re

import pytest

from evenly import EvenlyError, until

AS_PRINTED = "spring-service-as-printed.yaml"
TYPO = 'unknown field "spec.ports[0].nordPort"'

MEANT = 30000
NODE_PORTS = range(30000, 32768)
OPEN_LIMIT_S = 30.0  # kube-proxy usually writes its rules within a second or two


@pytest.mark.claim(8, 12)
def test_kubectl_refuses_the_manifest_as_printed_and_names_the_field(terminal):
    assert f"strict decoding error: {TYPO}" in terminal.refused("kubectl apply -f spring-service-as-printed.yaml")
    assert terminal("kubectl get service -o name") == ""  # nothing came of it


@pytest.mark.claim(8)
def test_checked_strictly_nothing_but_the_typo_is_in_the_way(apply):
    with pytest.raises(EvenlyError, match=re.escape(f"strict decoding error: {TYPO}")):
        apply(AS_PRINTED)
    apply("spring-service.yaml")


@pytest.mark.claim(8)
@pytest.mark.parametrize(
    ("query", "warning"), [("", f"299 - {json.dumps(TYPO)}"), ("?fieldValidation=Ignore", "")], ids=["by_default", "ignored"]
)
def test_unchecked_the_typo_gives_a_port_by_chance(post_as_printed, terminal, query, warning):
    port, warned = post_as_printed(query)
    assert port in NODE_PORTS
    assert port != MEANT
    assert warned == warning  # in a header, which few clients show
    assert f" 8080:{port}/TCP " in terminal("kubectl get service")


@pytest.mark.claim(12)
def test_the_corrected_manifest_works_in_three_steps(terminal, cluster, asks):
    terminal("kubectl apply -f backend.yaml")
    terminal("kubectl rollout status deployment backend-app")
    assert terminal("kubectl apply -f spring-service.yaml") == "service/spring-service created\n"
    assert f" 8080:{MEANT}/TCP " in terminal("kubectl get service")
    entry = next(iter(cluster.entries.values()))
    assert until(asks(entry), limit_s=OPEN_LIMIT_S)
    assert "backend-app-" in terminal(f"curl {entry}")


@pytest.fixture
def post_as_printed(namespace, terminal, show):
    """Return what posts the manifest as printed as a plain client does, and returns the node port and the warning it got."""
    api, (as_printed,) = namespace.api, terminal.read(AS_PRINTED)

    def posted(query):
        path = f"/api/v1/namespaces/{namespace.name}/services{query}"
        header = {"Content-Type": "application/json", "Accept": "application/json"}
        request = api.param_serialize("POST", path, header_params=header, body=as_printed, auth_settings=["BearerToken"])
        answer = api.call_api(*request)
        warning = answer.headers.get("Warning", "")
        ports = json.loads(answer.read())["spec"]["ports"]
        came_back = [f"{answer.status} {answer.reason}", *([f"Warning: {warning}"] if warning else []), json.dumps(ports)]
        show("The manifest as printed, posted unchecked", "\n".join([f"POST {path}", json.dumps(as_printed), "", *came_back]))
        return ports[0]["nodePort"], warning

    return posted
