"""Fixtures: a world of its own, and one server shared by the tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.harness.world import ADD, World, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.harness.client import Client


@pytest.fixture
def world() -> Iterator[World]:
    """Give the test a world to itself."""
    world = World()
    yield world
    world.close()


@pytest.fixture(scope="module")
def shared_world() -> Iterator[World]:
    """Give the module a world to itself."""
    world = World()
    yield world
    world.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(request: pytest.FixtureRequest, shared_world: World) -> AsyncIterator[Client]:
    """Run one server for the module; its model replies as the module's `REPLIES` say."""
    replies = getattr(request.module, "REPLIES", [ADD])
    async with serving(shared_world, {"model": shared_world.fake(*replies)}) as client:
        yield client


@pytest.fixture
def client(server: Client) -> Iterator[Client]:
    """Lend the module's server to one test and check it afterwards."""
    yield server
    server.check()
