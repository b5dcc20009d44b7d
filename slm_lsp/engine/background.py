"""How much of the processor's time may go into what nobody waits for."""

from __future__ import annotations

import time

import psutil

BATTERY_CHECK_S = 30.0
"""Seconds between two looks at the power supply, which read a file of the system's."""


class Background:
    """Allows work in turns: after each piece of it comes a rest in proportion."""

    def __init__(self, share: float) -> None:
        """Allow `share` (0 to 1) of the time; 0 is none at all."""
        self._share = share
        self._rest_until = 0.0
        self._on_battery = False
        self._looked_at = -BATTERY_CHECK_S

    def pause_s(self) -> float | None:
        """Return the seconds until work may begin, 0 for now, or None for never."""
        if self._share <= 0:
            return None
        return max(0.0, self._rest_until - time.monotonic())

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
