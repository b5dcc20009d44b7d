"""What is decided for this folder: the administrator's policy, and the settings below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.doctor.finding import Finding
from slm_lsp.errors import PolicyUnusable
from slm_lsp.models.selection import choice
from slm_lsp.settings import policy, sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.settings.schema import Settings


def settings_in(folder: Path) -> Settings:
    """Return the settings of the files that count in `folder`, or those of an unusable policy."""
    try:
        return choice.settings_of(sources.file_sources(folder))[0]
    except PolicyUnusable:
        return choice.resolved(policy.CLOSED)


def look(folder: Path) -> Iterator[Finding]:
    """Yield what is found about policy and settings."""
    try:
        found = policy.load()
    except PolicyUnusable as error:
        yield Finding("policy", "failed", str(error), "Mend the file as root, or remove it.")
        return
    yield Finding("policy", "ok", _described(found))
    given = sources.file_sources(folder)
    settings, problems = choice.settings_of(given)
    names = " and ".join(source.name for source in given)
    detail = f"from {names}" if names else "the defaults"
    detail += f"; offline is {'on' if settings.offline else 'off'}"
    if problems:
        wrong = "; ".join(problem.message for problem in problems)
        advice = "Correct the file; docs/settings.md has every setting."
        yield Finding("settings", "warning", f"{detail}; {wrong}", advice)
    else:
        yield Finding("settings", "ok", detail)


def _described(found: policy.Policy) -> str:
    """Count what the policy has: whom it allows is for administrators."""
    if found == policy.Policy():
        return f"none: {policy.FILE} is not there, or says nothing"
    said = ["offline is on"] if found.offline else []
    if found.allowed_models is not None:
        said.append(f"{len(found.allowed_models)} model files allowed")
    if found.allowed_endpoints is not None:
        said.append(f"{len(found.allowed_endpoints)} places to fetch from allowed")
    if locked := sources.origins([found.source]):
        said.append(f"locked: {', '.join(locked)}")
    return f"{policy.FILE}: {'; '.join(said)}"
