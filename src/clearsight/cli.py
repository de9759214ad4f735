"""The command line: one thin command for each verb, made from the verb's options. Nothing but argument handling."""

from __future__ import annotations

import errno
import importlib
import inspect
import json
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperGroup

from clearsight.core.registry import find, names
from clearsight.core.signals import handled

KEYWORD = inspect.Parameter.KEYWORD_ONLY
INTERNAL = 70
"""Exit code of a mistake of ours (EX_SOFTWARE); 0, 1, 2 and 130 are the user's."""


class Verbs(TyperGroup):
    """The verbs, each imported only when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(names("verbs"))

    def get_command(self, ctx: Any, name: str) -> Any:
        if name not in names("verbs"):
            return None
        if ctx.resilient_parsing or name != _asked(ctx):
            return _listed(name)
        with handled(_leave, signal.SIGINT):
            return _command(name)


def _leave(number: int, frame: Any) -> None:
    """End the process on the spot: an exception that comes up inside the import of a C++ extension, as torch's are, would
    abort it with a dump. Whatever is written is written in one move, so that nothing is left half done."""
    os.write(2, b"error: stopped\n")  # sys.stderr may be in use by what was interrupted
    os._exit(130)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Ctrl-C while a verb runs: an exception as ever, unless something is being imported just then."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            _leave(number, frame)
        frame = frame.f_back
    raise KeyboardInterrupt


def _asked(ctx: Any) -> str | None:
    """The verb on the command line; None where only the list of verbs is wanted."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    return words[0] if words else None


def _listed(name: str) -> Any:
    """A command with its one line of help and nothing imported."""
    app = typer.Typer(add_completion=False)
    app.command(name, help=SUMMARIES.get(name, ""))(lambda: None)
    return typer.main.get_command(app)


SUMMARIES = {
    "train": "Learn from pictures: checks them, trains, judges, writes a report.",
    "evaluate": "Judge a model on pictures whose answers are known.",
    "predict": "Answer for pictures, with a model folder or an exported .onnx file.",
    "inspect": "Check pictures: counts, balance, sizes, bad files, exact copies.",
    "report": "Write a run as one HTML page that needs no network.",
    "export": "Write a model as ONNX and prove that it answers the same.",
    "nets": "List the nets there are.",
    "learning-curve": "Say whether more pictures would help: trains on growing shares of them.",
    "reject": 'Let a model say "none of these": finds the threshold and says how often it errs.',
    "convert": "Write a data set in another format, and prove that it reads the same.",
}
"""One line for each verb, kept here so that `--help` imports none of them; a test compares them with the modules."""


def _command(name: str) -> Any:
    """The full command of a verb: parameters from the fields of its options."""
    verb = find("verbs", name)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, help=verb.__doc__)(_callback(verb))
    return typer.main.get_command(app)


def _callback(verb: Any) -> Callable[..., None]:
    from clearsight.core.options import is_argument, parse, signature

    def call(**values: Any) -> None:
        as_json, debug = values.pop("json"), values.pop("debug")
        # what was not said stays unsaid: a plan tells the user's words from its own choices
        said = {key: value for key, value in values.items() if value is not None}
        with handled(_interrupt, signal.SIGINT), _sentences(debug):
            outcome = verb.run(parse(verb.Options, said))
            _print(outcome, as_json)
        raise typer.Exit(outcome.exit_code)

    parameters = []
    for name, parameter in signature(verb.Options).parameters.items():
        field = verb.Options.model_fields[name]
        kind: Any = parameter.annotation
        given: Any = typer.Argument(help=field.description, show_default=False)
        if not is_argument(field):
            told = "" if field.default in (None, False) else f" [{field.default}]"
            given = typer.Option(_flags(name, kind), help=f"{field.description}{told}", show_default=False)
        required = field.is_required()
        annotation: Any = Annotated[kind if required else kind | None, given]
        default = inspect.Parameter.empty if required else None
        parameters.append(inspect.Parameter(name, KEYWORD, default=default, annotation=annotation))
    for name, text in (("json", "Print JSON for machines."), ("debug", "Show the traceback of an error.")):
        annotation = Annotated[bool, typer.Option(f"--{name}", help=text)]
        parameters.append(inspect.Parameter(name, KEYWORD, default=False, annotation=annotation))
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    return call


def _flags(name: str, kind: Any) -> str:
    option = f"--{name.replace('_', '-')}"
    return f"{option}/--no-{option[2:]}" if bool in (kind, *get_args(kind)) else option


def _print(outcome: Any, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(outcome.to_dict(), ensure_ascii=False) + "\n")
        return
    from rich.console import Console

    outcome.show(Console())


class _sentences:  # noqa: N801 (used as a context, like a function)
    """Within this context an error ends the command with one sentence on stderr and its exit code."""

    def __init__(self, debug: bool) -> None:
        self.debug = debug

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        from clearsight.core.errors import ClearsightError

        if error is None or self.debug or isinstance(error, (SystemExit, typer.Exit)):
            return
        if isinstance(error, BrokenPipeError):  # `clearsight predict … | head`: the reader has enough
            raise typer.Exit(0) from None
        if isinstance(error, KeyboardInterrupt):
            message, code = "stopped", 130
        elif isinstance(error, ClearsightError):
            message, code = str(error), error.exit_code
        elif isinstance(error, OSError) and (sentence := _system(error)):
            message, code = sentence, 2
        else:
            message = f"a mistake of ours: {type(error).__name__}: {error} (--debug shows where; please report it)"
            code = INTERNAL
        sys.stderr.write(f"error: {message}\n")
        raise typer.Exit(code) from None


def _system(error: OSError) -> str | None:
    """The sentence for an error of the operating system that a user can mend."""
    where = f" ({error.filename})" if error.filename else ""
    sentences = {
        errno.ENOSPC: f"the disk is full{where}: free some space, then run the same command again (train: with --resume)",
        errno.EDQUOT: f"your disk quota is used up{where}: free some space, then run the same command again",
        errno.EACCES: f"no permission{where}: change the permission or name another place",
        errno.EPERM: f"no permission{where}: change the permission or name another place",
        errno.EROFS: f"the disk is read-only{where}: name another place",
        errno.ENOENT: f"not there{where}",
        errno.EISDIR: f"a folder stands where a file is to be{where}",
        errno.ENOTDIR: f"a file stands where a folder is to be{where}",
        errno.EEXIST: f"a file stands where a folder is to be{where}",
    }
    return sentences.get(error.errno or 0)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"clearsight {importlib.import_module('clearsight').__version__}\n")
        raise typer.Exit


app = typer.Typer(cls=Verbs, add_completion=False, no_args_is_help=True, context_settings={"max_content_width": 100})


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turn your own pictures into an image recogniser you can trust and ship."""


def main() -> None:
    """Entry point of the `clearsight` command."""
    app()
