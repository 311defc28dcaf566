"""The images that a cluster is made of: pulled, or supplied otherwise."""
