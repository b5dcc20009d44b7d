"""Tests in the real VS Code."""
