"""The training loop: whole weights or an adapter, on a processor or a GPU."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import msgspec
import torch

from slm_lsp.errors import TuneRefused
from slm_lsp.training import checkpoint
from slm_lsp.training.checkpoint import Checkpoint
from slm_lsp.training.data.batches import Order, batch
from slm_lsp.training.network.lora import trained
from slm_lsp.training.network.weights import has_bfloat16
from slm_lsp.training.run import Plan, TrainingRun

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slm_lsp.training.data.shards import Index, Rows
    from slm_lsp.training.network.llama import Llama
    from slm_lsp.training.run import Progress, TrainingConfig

SAVE_S = 60.0
"""Seconds between two checkpoints at least: as much as a kill can cost."""

SAVE_SHARE = 0.02
"""Checkpoints are fewer where they would take more of the time: a kill then costs more."""

LOOK_ROWS = 4
"""Held-out rows looked at, for each row of a batch: more would cost more than they tell."""

TRIAL_STEPS = 3
"""Steps that are timed, and then taken back, to learn how many fit into the time."""

CLIP = 1.0
DECAY = 0.1
"""Weight decay of whole matrices; adapters, which begin at nothing, have none."""


class Training:
    """One run: `model` learns from `rows`; its state is kept in `folder`."""

    def __init__(
        self, model: Llama, index: Index, rows: Rows, folder: Path, held_out: Rows | None = None
    ) -> None:
        """`model` is on its device, with what is not to be trained frozen."""
        self._model, self._index, self._rows, self._held_out = model, index, rows, held_out
        self._folder = folder
        self._device = next(model.parameters()).device.type
        self._weights = trained(model)
        matrices = [it for it in self._weights.values() if it.dim() > 1]
        whole = len(matrices) < len(self._weights)  # norms are trained, too
        vectors = [it for it in self._weights.values() if it.dim() <= 1]
        groups = [{"params": matrices, "weight_decay": DECAY if whole else 0.0}]
        groups += [{"params": vectors, "weight_decay": 0.0}] if vectors else []
        self._optimizer = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.95), fused=True)

    def run(self, wishes: TrainingConfig, report: Callable[[Progress], None]) -> Checkpoint:
        """Train, and return the end; the model then has the best weights.

        A checkpoint in the folder is gone on from. Raises TuneRefused where it is of another run.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        state = checkpoint.load(self._folder) or self._begin(wishes)
        plan = msgspec.convert(state.plan, Plan)
        if plan.wishes != wishes or plan.data != self._data():
            raise TuneRefused(
                f"{self._folder} has a training with other data or options; name another folder."
            )
        self._restore(state)
        try:
            state = self._steps(plan, state, report)
        finally:
            best = state.best
            if best:
                self._put(best)
        return state

    def _begin(self, wishes: TrainingConfig) -> Checkpoint:
        per_step = wishes.batch_rows * self._index.tokens_per_row
        limits = [wishes.tokens / per_step] if wishes.tokens else []
        start = Checkpoint({}, 0, 0.0, self._copy(), self._optimizer.state_dict())
        if wishes.minutes:
            limits.append(wishes.minutes * 60 / self._step_seconds(wishes))
            self._restore(start)
        steps = max(1, math.floor(min(limits)))
        plan = Plan(wishes, steps, self._data())
        state = Checkpoint(msgspec.to_builtins(plan), 0, 0.0, start.weights, start.optimizer)
        checkpoint.save(self._folder, state)
        return state

    def _step_seconds(self, wishes: TrainingConfig) -> float:
        """Return how long a step takes; what it learned is taken back by the caller."""
        order = Order(len(self._rows), wishes.batch_rows, wishes.seed)
        self._step(wishes, order.at(0), 0.0)  # the first one compiles, and warms up
        started = time.perf_counter()
        for step in range(TRIAL_STEPS):
            self._step(wishes, order.at(step), 0.0)
        return (time.perf_counter() - started) / TRIAL_STEPS

    def _steps(
        self, plan: Plan, state: Checkpoint, report: Callable[[Progress], None]
    ) -> Checkpoint:
        wishes = plan.wishes
        order = Order(len(self._rows), wishes.batch_rows, wishes.seed)
        course = TrainingRun(plan, state, wishes.batch_rows * self._index.tokens_per_row)
        saved, wait_s = time.perf_counter(), SAVE_S
        try:
            while not course.over:
                loss = self._step(wishes, order.at(course.step), course.rate)
                course.step += 1
                if course.look_is_due:
                    self._look(course, wishes)
                report(course.progress(loss))
                if (now := time.perf_counter()) - saved > wait_s:
                    self._save(course)
                    saved = time.perf_counter()
                    wait_s = max(SAVE_S, (saved - now) / SAVE_SHARE)
        finally:
            end = self._save(course)
        return end

    def _save(self, course: TrainingRun) -> Checkpoint:
        state = course.checkpoint(self._copy(), self._optimizer.state_dict())
        checkpoint.save(self._folder, state)
        return state

    def _step(self, wishes: TrainingConfig, numbers: list[int], rate: float) -> float:
        """Learn from the rows of these `numbers` and return their loss (nats a token)."""
        batches = [
            batch(self._rows[numbers[at : at + wishes.rows_at_once]], self._index)
            for at in range(0, len(numbers), wishes.rows_at_once)
        ]
        total = sum(float(it.weights.sum()) for it in batches)
        losses = []
        for part in batches:
            loss = self._loss(part) / total
            loss.backward()
            losses.append(loss.detach())
        torch.nn.utils.clip_grad_norm_(self._weights.values(), CLIP)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad()
        return float(torch.stack(losses).sum())

    def _loss(self, part: Any) -> torch.Tensor:
        here = part.to(self._device)
        with torch.autocast(self._device, torch.bfloat16, enabled=has_bfloat16(self._device)):
            return self._model.loss(self._model(here.tokens), here.targets, here.weights)

    def _look(self, course: TrainingRun, wishes: TrainingConfig) -> None:
        """Look at the held-out rows, if there are any; the weights may be the best so far."""
        if self._held_out is not None and course.looked(self._loss_of(self._held_out, wishes)):
            course.best = self._copy()

    def _loss_of(self, held_out: Rows, wishes: TrainingConfig) -> float:
        """Return the loss on some of the rows `held_out` (nats a token)."""
        spread = max(1, len(held_out) // (LOOK_ROWS * wishes.batch_rows))
        rows = held_out[::spread]
        loss = count = 0.0
        with torch.no_grad():
            for at in range(0, len(rows), wishes.rows_at_once):
                part = batch(rows[at : at + wishes.rows_at_once], self._index)
                loss += float(self._loss(part))
                count += float(part.weights.sum())
        return loss / count

    def _copy(self) -> dict[str, torch.Tensor]:
        return {name: it.detach().cpu().clone() for name, it in self._weights.items()}

    def _put(self, weights: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, it in self._weights.items():
                it.copy_(weights[name])

    def _restore(self, state: Checkpoint) -> None:
        self._put(state.weights)
        self._optimizer.load_state_dict(state.optimizer)

    def _data(self) -> str:
        kept = [shard.sha256 for shard in self._index.shards]
        return msgspec.json.encode([self._index.row, kept]).decode()
