"""Emacs with eglot, from Debian."""
