"""What is chosen of the scores, and what of them is taken back before."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slm_lsp.inference.llama.sampling import Overweight, choose


def test_the_odds_of_what_counted_more_are_so_many_times_lower():
    logits = np.log(np.array([0.6, 0.3, 0.1], np.float32))
    token, logprob = choose(Overweight(0, 6.0).taken_back(logits))
    assert token == 1
    assert math.exp(logprob) == pytest.approx(0.3 / (0.1 + 0.3 + 0.1))
    assert choose(logits)[0] == 0  # which are a view of what the engine keeps
