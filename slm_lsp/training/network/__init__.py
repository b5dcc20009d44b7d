"""The network in PyTorch: architecture, adapters, loss and weights."""
