"""A language server that completes code with a small language model on the user's own machine."""

__version__ = "0.1.0"
