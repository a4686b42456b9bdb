"""One verb per file: what the Python API re-exports and the command line calls."""
