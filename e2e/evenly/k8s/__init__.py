"""What is put into the cluster, waited for and changed: manifests, expected pods, endpoints, convergence."""

import logging

# Closing a watch breaks its stream on purpose; the library reports that as an error.
logging.getLogger("kubernetes.informer.informer").setLevel(logging.CRITICAL)
