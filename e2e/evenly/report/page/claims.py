"""The twelve claims of the tutorial on Services, in its plain words, and what shows each of them; `code` is marked.

The numbers are what a test's ``claim`` marker names.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, and how it comes to be seen instead of believed."""

    number: int
    sentence: str
    shown_by: str


CLAIMS = tuple(
    Claim(number, sentence, shown_by)
    for number, (sentence, shown_by) in enumerate(
        (
            (
                "A Service takes requests from outside and spreads them evenly over pods.",
                "A load through node port 30000 on three pods, and a verdict with its error rates.",
            ),
            ("No pod is overloaded.", "The share and the latency of each pod, in counts that are judged."),
            (
                "Pods are abstracted: their IPs change, the Service's address does not.",
                "Pods replaced under load: other pod IPs, the same address, nothing lost.",
            ),
            (
                "Requests go through the Service, not through port-forward or exec.",
                "A client that knows nothing but the Service's address.",
            ),
            (
                "A fixed ClusterIP gives the same access inside, whatever the pods' IPs are.",
                "A pod that asks the ClusterIP and its DNS name before and after the pods are replaced.",
            ),
            (
                "The flow: node port 30000, Service port 8080, target port 8080, and the answer back by the same way.",
                "One request traced through every hop.",
            ),
            (
                "Three replicas of a Deployment, selected by `app: backend-app`.",
                "The EndpointSlices name the three ready pods; a wrong label or selector is found and named.",
            ),
            (
                "The manifest `spring-service.yaml`, as it is printed.",
                "Its typo, `nordPort`: refused with the field's path when checked, a port by chance when not.",
            ),
            (
                "NodePort: the same port on every node, from 30000 to 32767, assigned where none is named.",
                "Every node answers on it; ports outside the range, or taken, are refused in the API server's words.",
            ),
            (
                "ClusterIP: the default where no type is named, and reached from inside only.",
                "A Service without a type: a pod gets an answer, a client outside gets none.",
            ),
            (
                "LoadBalancer: an external address, which passes traffic to the node ports and spreads it.",
                "An external load balancer gets an address and spreads over nodes and pods.",
            ),
            (
                "`kubectl apply -f spring-service.yaml`, `kubectl get service`, and then access it.",
                "The three steps with the corrected manifest, as they look in a terminal.",
            ),
        ),
        start=1,
    )
)
