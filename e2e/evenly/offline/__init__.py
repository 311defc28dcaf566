"""A kind without a registry, and without an engine where there is none: everything is fetched as packages or built."""
