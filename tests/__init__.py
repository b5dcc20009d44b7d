"""Tests: `unit` needs nothing, `e2e` drives the real server, `model` needs weights."""
