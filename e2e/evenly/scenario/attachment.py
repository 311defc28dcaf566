"""From the way of a request, as it was traced, to what the report draws it from."""

from collections.abc import Collection

from evenly.k8s.request_path.path import Path, Place, Seen
from evenly.results.schema import Attachment, HopRecord, PathRecord, TargetRecord


def attachment(title: str, path: Path) -> Attachment:
    """Make an attachment of a request's way: its transcript, and the record for its picture."""
    seen, taken = path.seen, _taken(path)
    return Attachment(
        title,
        path.text,
        PathRecord(
            node=seen.node,
            service=seen.rules.service.rpartition("/")[2],
            hops=tuple(HopRecord(hop.place.value, hop.at, hop.way) for hop in path.hops),
            targets=tuple(_target(seen, address, taken=address in taken) for address in seen.rules.targets),
            seen_client=seen.seen_client,
            reason=path.reason,
        ),
    )


def _taken(path: Path) -> Collection[str]:
    """Return where the request went, as far as it is known: to the pod that answered, or to where the rule sends it."""
    at = {hop.place: hop.at for hop in path.hops}
    if Place.POD in at:
        return {at[Place.POD]}
    return path.seen.targets if Place.RULE in at else ()


def _target(seen: Seen, address: str, *, taken: bool) -> TargetRecord:
    pod = next((pod for pod in seen.pods if pod.ip == address.rpartition(":")[0]), None)
    share = seen.rules.choice.shares.get(address) if seen.rules.choice else None
    return TargetRecord(
        address=address,
        pod=pod.name if pod else "",
        node=pod.node if pod else "",
        share=None if share is None else round(share, 6),
        taken=taken,
    )
