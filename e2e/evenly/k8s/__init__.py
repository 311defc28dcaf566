"""What is put into the cluster, waited for and changed: manifests, expected pods, endpoints, convergence."""
