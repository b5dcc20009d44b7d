"""llama.vim's policy, as the comparison with it models it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import llama_vim
from benchmarks.llama_vim import CACHE_SIZE, LOOK_BACK, Cache, LlamaVim
from benchmarks.place import PREFIX_LINES, SUFFIX_LINES, Context, Place, rendered

FILE = "def area(self):\n    \n\nclass Circle:\n    pass\n"
IN_BODY = FILE.index("    \n") + 4

texts = st.text(alphabet="ab \n\té", max_size=60)


@given(before=texts, after=texts)
def test_a_short_file_is_sent_whole(before: str, after: str) -> None:
    place = Place.at(before + after, len(before))
    context = place.context()
    sent = context.prefix + context.middle + context.suffix
    if place.lines[place.row].strip():
        assert sent == ("\n" if place.row == 0 else "") + before + after + "\n"
        assert context.suffix == after + "\n"
    else:
        assert (context.middle, context.rest, context.indent) == ("", "", 0)
        assert context.suffix.startswith("\n")


def test_a_long_file_is_sent_in_part() -> None:
    text = "".join(f"line {number}\n" for number in range(1000))
    context = Place.at(text, text.index("line 500") + 4).context()
    assert context.prefix.count("\n") == PREFIX_LINES
    assert context.prefix.startswith(f"line {500 - PREFIX_LINES}\n")
    assert (context.middle, context.rest) == ("line", " 500")
    assert context.suffix.count("\n") == 1 + SUFFIX_LINES


@given(answer=texts.filter(str.strip), after=texts)
def test_the_context_after_accepting_is_that_of_the_file_after_accepting(
    answer: str, after: str
) -> None:
    before = "above\nx"
    place = Place.at(f"{before}\n{after}", len(before))
    shown = answer.rstrip("\n").split("\n")
    accepted = before + "\n".join(shown)
    expected = Place.at(f"{accepted}\n{after}", len(accepted))
    found = place.accepted(shown, indent=0)
    assert found.prefix + found.middle == "above\n" + accepted.removeprefix("above\n")
    assert found.suffix == expected.context().suffix


def context(before: str, after: str = "\n") -> Context:
    return Context(before, "", after, 0, "")


@given(answer=st.text(alphabet="abc\n", min_size=1, max_size=200), typed=st.integers(0, 200))
def test_what_is_left_of_an_answer_is_known_while_it_is_typed(answer: str, typed: int) -> None:
    cache = Cache()
    cache.put(context("x = "), answer)
    found = cache.get(context("x = " + answer[:typed]))
    left = answer[typed:]
    assert found == (left if left and len(answer[:typed]) <= LOOK_BACK else None)
    assert cache.get(context("x = ?" + answer[:typed])) is None
    assert cache.get(context("x = " + answer[:typed], "\nmore\n")) is None


def test_an_answer_fits_when_its_first_lines_have_scrolled_out() -> None:
    cache = Cache()
    cache.put(context("1\n2\n3\n4\n5\nx"), "yz")
    assert cache.get(context("4\n5\nx")) == "yz"
    assert cache.get(context("5\nx")) is None
    assert cache.holds(context("0\n4\n5\nx"))


def test_the_answer_used_least_recently_leaves_first() -> None:
    cache = Cache()
    for number in range(CACHE_SIZE):
        cache.put(context(f"{number}"), "answer")
    assert cache.get(context("0"))
    cache.put(context("new"), "answer")
    assert cache.get(context("0"))
    assert cache.get(context("1")) is None


@pytest.mark.parametrize(
    ("text", "answer", "shown"),
    [
        ("x = |\n", "1 + 2\n\n", ["1 + 2"]),
        ("x = f(|)\n", "a", ["a)"]),
        ("x = f(|)\n", ")", [")"]),
        ("    |\n", "        return 1", ["    return 1"]),
        ("a|\nb = 1\nc = 2\n", "\nb = 1\nc = 2", [""]),
        ("b|\n\nb = 1\nc = 2\n", " = 1", [""]),
        ("b|\n\nb = 1\nc = 2\n", " = 1\nc", [""]),
        ("b|\n\nb = 1\nc = 2\nd = 3\n", " = 1\nc = 2\nd = 3", [""]),
        ("b|\n\nb = 1\nc = 2\n", " = 1\nelse", [" = 1", "else"]),
    ],
)
def test_what_is_shown_of_an_answer(text: str, answer: str, shown: list[str]) -> None:
    before, _, after = text.partition("|")
    assert rendered(answer, Place.at(before + after, len(before))) == shown


class Peer:
    """Answers by hand: `answer` ends the request that has run for longest."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self._open: list[asyncio.Future[str]] = []

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert not self._open
        self.asked.append(request)
        self._open.append(asyncio.get_running_loop().create_future())
        content = await self._open[0]
        self._open.pop()
        return {"content": content, "timings/prompt_n": 7, "timings/predicted_n": 2}

    async def answer(self, content: str) -> None:
        await asyncio.sleep(0)
        self._open[0].set_result(content)
        await asyncio.sleep(0.01)


@asynccontextmanager
async def vim(peer: Peer) -> AsyncIterator[LlamaVim]:
    async with asyncio.TaskGroup() as tasks:
        yield LlamaVim(peer.ask, tasks)


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_vim, "RETRY_S", 0.02)


async def test_an_answer_is_known_shown_and_followed_by_a_speculative_request() -> None:
    peer = Peer()
    async with vim(peer) as plugin:
        known = plugin.moved("x = ", 4)
        await peer.answer("1 + 2")
        assert known.done()
        assert plugin.has_text
        await asyncio.sleep(0.05)
        assert [request["prompt"] for request in peer.asked] == ["x = ", "x = 1 + 2"]
        assert [request["t_max_predict_ms"] for request in peer.asked] == [250, 1000]
        await peer.answer("\ny = 3")
        await plugin.finish()
        assert (plugin.requests, plugin.evaluated, plugin.generated) == (2, 14, 4)
        # Typing through the first answer, and then what was asked for beforehand.
        for text in ("x = 1", "x = 1 +", "x = 1 + 2"):
            assert plugin.moved(text, len(text)).done()
            assert plugin.has_text
        await plugin_rests(peer, plugin)


async def plugin_rests(peer: Peer, plugin: LlamaVim) -> None:
    """Answer what is still asked for with nothing."""
    finishing = asyncio.create_task(plugin.finish())
    while not finishing.done():
        await asyncio.sleep(0.01)
        if peer._open and not peer._open[0].done():
            peer._open[0].set_result("")


async def test_a_running_request_is_not_given_up_and_the_next_waits_for_it() -> None:
    peer = Peer()
    async with vim(peer) as plugin:
        first = plugin.moved("x", 1)
        await asyncio.sleep(0)
        second = plugin.moved("xy", 2)
        assert first.cancelled()
        await asyncio.sleep(0.05)
        assert len(peer.asked) == 1
        await peer.answer("z")  # does not begin with what was typed
        assert not second.done()
        await asyncio.sleep(0.05)
        assert [request["prompt"] for request in peer.asked] == ["x", "xy"]
        await peer.answer("")
        assert second.done()
        assert not plugin.has_text
        await plugin_rests(peer, plugin)


async def test_the_answer_to_an_earlier_key_fits_if_it_was_typed_on() -> None:
    peer = Peer()
    async with vim(peer) as plugin:
        plugin.moved("x", 1)
        await asyncio.sleep(0)
        second = plugin.moved("xy", 2)
        await peer.answer("yz")
        assert second.done()
        assert plugin.has_text
        await plugin_rests(peer, plugin)


async def test_nothing_is_asked_in_the_middle_of_a_line() -> None:
    peer = Peer()
    async with vim(peer) as plugin:
        assert plugin.moved("x = long_name + 1", 4).done()
        assert not plugin.has_text
        await asyncio.sleep(0)
        assert peer.asked == []


async def test_an_empty_line_is_asked_for_from_its_beginning() -> None:
    peer = Peer()
    async with vim(peer) as plugin:
        plugin.moved(FILE, IN_BODY)
        await peer.answer("    return 1")
        assert peer.asked[0]["prompt"] == ""
        assert peer.asked[0]["input_prefix"] == "def area(self):\n"
        await plugin_rests(peer, plugin)


async def test_what_the_server_fails_with_ends_the_run() -> None:
    async def ask(_request: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("no model")

    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.TaskGroup() as tasks:
            LlamaVim(ask, tasks).moved("x", 1)
    assert raised.group_contains(RuntimeError, match="no model")
