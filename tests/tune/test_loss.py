"""The loss and its gradients are those that PyTorch finds by itself."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from slm_lsp.training.network import loss
from slm_lsp.training.network.loss import WeightedLoss

POSITIONS, WIDTH, VOCABULARY = 11, 8, 30


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A last part that is shorter than the others."""
    monkeypatch.setitem(loss.PART_TOKENS, "cpu", 4)


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("trained", [False, True])
def test_loss_and_gradients(trained: bool):
    chance = torch.Generator().manual_seed(1)
    hidden = torch.randn(POSITIONS, WIDTH, generator=chance, requires_grad=True)
    output = torch.randn(VOCABULARY, WIDTH, generator=chance, requires_grad=trained)
    targets = torch.randint(VOCABULARY, (POSITIONS,), generator=chance)
    counts = torch.rand(POSITIONS, generator=chance)
    counts[3] = 0.0
    each = functional.cross_entropy(hidden @ output.T, targets, reduction="none")
    expected = (each * counts).sum()
    inputs = (hidden, output) if trained else (hidden,)
    slopes = torch.autograd.grad(expected / 7, inputs)
    found = WeightedLoss.apply(hidden, output, targets, counts)
    torch.testing.assert_close(found, expected)
    for slope, wanted in zip(torch.autograd.grad(found / 7, inputs), slopes, strict=True):
        torch.testing.assert_close(slope, wanted)


@pytest.mark.usefixtures("parts")
def test_in_the_precision_of_autocast():
    hidden = torch.randn(POSITIONS, WIDTH, requires_grad=True)
    output = torch.randn(VOCABULARY, WIDTH, requires_grad=True)
    targets, counts = torch.arange(POSITIONS), torch.ones(POSITIONS)
    exact = WeightedLoss.apply(hidden, output, targets, counts)
    with torch.autocast("cpu", torch.bfloat16):
        rough = WeightedLoss.apply(hidden, output, targets, counts)
    assert 0 < abs(exact - rough) < 0.02 * exact
    rough.backward()
    assert hidden.grad is not None
    assert hidden.grad.dtype == torch.float32


def test_of_a_hidden_state_that_is_rough_itself():
    hidden = torch.randn(POSITIONS, WIDTH, dtype=torch.bfloat16, requires_grad=True)
    output, targets = torch.randn(VOCABULARY, WIDTH), torch.arange(POSITIONS)
    with torch.autocast("cpu", torch.bfloat16):
        WeightedLoss.apply(hidden, output, targets, torch.ones(POSITIONS)).backward()
    assert hidden.grad is not None
    assert hidden.grad.dtype == torch.bfloat16
