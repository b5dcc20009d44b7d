"""Fine-tuning, with PyTorch: `make test-tune`."""
