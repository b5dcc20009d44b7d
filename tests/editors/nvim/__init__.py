"""Tests in real Neovim, 0.12 and 0.11."""
