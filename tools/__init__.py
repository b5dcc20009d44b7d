"""The set-up behind the Makefile: standard library only, run before anything is installed."""
