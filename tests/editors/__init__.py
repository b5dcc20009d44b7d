"""Tests in the real editors, each in a folder of its own; `make test-editors` runs them."""
