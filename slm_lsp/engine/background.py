"""How much of the processor's time may go into what nobody waits for."""

from __future__ import annotations

import time

import psutil

LEAVES_S = 0.01
"""Seconds in which an answer reaches the editor, and the server has done what comes after it. Work
that began before took a core from them until the system's next tick, 4 ms later."""

BATTERY_CHECK_S = 30.0
"""Seconds between two looks at the power supply, which read a file of the system's."""


class Background:
    """Allows work in turns: after each piece of it comes a rest in proportion."""

    def __init__(self, share: float) -> None:
        """Allow `share` (0 to 1) of the time; 0 is none at all."""
        self._share = share
        self._rest_until = self._leaves_until = 0.0
        self._on_battery = False
        self._looked_at = -BATTERY_CHECK_S

    def pause_s(self, *, brief: bool = False) -> float | None:
        """Return the seconds until work may begin, 0 for now, or None for never.

        What is `brief` need not wait for the end of a rest, only until an answer has left.
        """
        if self._share <= 0:
            return None
        until = self._leaves_until if brief else max(self._leaves_until, self._rest_until)
        return max(0.0, until - time.monotonic())

    def answered(self) -> None:
        """Leave the processor to an answer that was just found."""
        self._leaves_until = time.monotonic() + LEAVES_S

    def worked(self, seconds: float) -> None:
        """Count work that has just been done; what was done in a rest makes that longer."""
        if self._share > 0:
            begins = max(self._rest_until, time.monotonic())
            self._rest_until = begins + seconds * (1 / self._share - 1)

    @property
    def speculates(self) -> bool:
        """Whether work may be done on suspicion: not on a battery."""
        return self._share > 0 and not self._on_battery_now()

    def _on_battery_now(self) -> bool:
        now = time.monotonic()
        if now - self._looked_at > BATTERY_CHECK_S:
            self._looked_at = now
            battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
            self._on_battery = battery is not None and battery.power_plugged is False
        return self._on_battery
