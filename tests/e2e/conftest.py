"""The fixtures of the harness, for every test in this folder."""

from tests.harness.fixtures import client, server, shared_world, world

__all__ = ["client", "server", "shared_world", "world"]
