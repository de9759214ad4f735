"""What can go wrong, each with the exit code it ends a command with."""

from __future__ import annotations


class ClearsightError(Exception):
    """Base of every error a user may meet: one clear sentence, no traceback.

    `exit_code` is what the command line exits with: 1 a check failed, 2 wrong use or bad input.
    """

    exit_code = 2


class InputError(ClearsightError):
    """A path, a file, an option or a data set is not as it must be; the sentence names it and says what to do."""


class BadImage(InputError):  # noqa: N818 (a thing, not a happening: it is collected and counted, not only raised)
    """One picture cannot be used. `reason` is what is wrong with it, without its name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[type[BadImage], tuple[str, str]]:
        return type(self), (self.name, self.reason)


class CheckFailed(ClearsightError):  # noqa: N818
    """The command worked and its answer is no: the data gate, the export tolerance, a diverging training."""

    exit_code = 1


class Stopped(ClearsightError):  # noqa: N818
    """The user asked to stop (Ctrl-C); what was done is saved and can be resumed."""

    exit_code = 130


def missing_extra(package: str, extra: str) -> ClearsightError:
    """The error for an optional dependency that is not installed, naming the extra that brings it."""
    return InputError(f"this needs {package}, which is not installed: pip install 'clearsight[{extra}]'")
