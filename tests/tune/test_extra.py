"""Says why the rest of this folder was left out, where it was (`conftest.py`)."""

import pytest


def test_the_extra_is_installed():
    pytest.importorskip("torch", reason="fine-tuning needs PyTorch; make test-tune installs it")
