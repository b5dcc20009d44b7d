"""Fine-tuning: skipped where the extra `tune` is not installed; `make test-tune` installs it."""

import pytest

pytest.importorskip("torch", reason="fine-tuning needs PyTorch: make test-tune installs it")
