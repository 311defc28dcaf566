"""The pictures, drawn without a script."""
