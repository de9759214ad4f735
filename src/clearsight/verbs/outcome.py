"""What a verb answers: something to show a person, something to give a machine, and an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console


class Outcome(Protocol):
    """The answer of `run(options)` of every verb."""

    @property
    def exit_code(self) -> int:
        """0 done, 1 the check failed."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, printed by `--json`."""

    def show(self, console: Console) -> None:
        """Print it for a person."""
