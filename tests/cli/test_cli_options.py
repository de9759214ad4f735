"""Command line, configuration and Python signatures are one set of options; `--help` is quick and imports no torch."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
import typer
from driving import clearsight, environment

import clearsight as package
from clearsight import cli
from clearsight.core.options import fields, is_argument
from clearsight.core.registry import find, names

VERBS = list(names("verbs"))
EVERYWHERE = {"json", "debug", "help"}


def parameters(verb: str) -> dict[str, object]:
    """The parameters of a verb's command, by name."""
    command = cli._command(verb)
    return {parameter.name: parameter for parameter in command.get_params(typer.Context(command))}


@pytest.mark.parametrize("verb", VERBS)
def test_the_command_has_the_fields_of_the_options(verb: str) -> None:
    known = fields(find("verbs", verb).Options)
    made = parameters(verb)
    assert list(known) == [name for name in made if name not in EVERYWHERE]
    for name, field in known.items():
        shown = made[name]
        assert shown.required == field.is_required()
        assert (shown.param_type_name == "argument") == is_argument(field)
        if not is_argument(field):
            assert f"--{name.replace('_', '-')}" in shown.opts


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_described_in_a_sentence(verb: str) -> None:
    for name, field in fields(find("verbs", verb).Options).items():
        assert field.description, name
        first = field.description[0]
        assert field.description.endswith(".") and (
            first.isupper() or field.description.startswith(("cpu", "table"))
        ), name


@pytest.mark.parametrize("verb", ["train", "inspect"])
def test_the_python_function_has_the_fields_of_the_options(verb: str) -> None:
    made = inspect.signature(getattr(package, verb)).parameters
    known = fields(find("verbs", verb).Options)
    assert list(made) == list(known)
    for name, field in known.items():
        default = inspect.Parameter.empty if field.is_required() else field.default
        assert made[name].default == default


@pytest.mark.parametrize("verb", ["evaluate", "report", "export"])
def test_the_methods_of_a_model_are_verbs(verb: str) -> None:
    assert callable(getattr(package.Model, verb))
    assert next(iter(fields(find("verbs", verb).Options))) in {"model", "run"}


def test_the_listed_summaries_are_those_of_the_modules() -> None:
    assert {verb: find("verbs", verb).SUMMARY for verb in VERBS} == cli.SUMMARIES


@pytest.mark.parametrize("verb", VERBS)
def test_help(verb: str) -> None:
    said = clearsight(verb, "--help")
    assert said.code == 0 and not said.err
    for name in fields(find("verbs", verb).Options):
        assert name.replace("_", "-") in said.out


def test_a_default_is_shown_and_none_is_not() -> None:
    text = " ".join(clearsight("train", "--help").out.split())
    assert "Folder that holds the runs. [runs]" in text
    assert "None" not in text


def test_help_and_import_know_no_torch() -> None:
    lines = ["import sys", "import clearsight", "assert not {'torch', 'numpy'} & set(sys.modules)"]
    lines += ["from clearsight import cli"]
    for words in (["--help"], *([verb, "--help"] for verb in VERBS)):
        lines += [
            f"sys.argv = ['clearsight', *{words!r}]",
            "try: cli.main()",
            "except SystemExit as end: assert not end.code",
        ]
        lines += [f"assert 'torch' not in sys.modules, {words!r}"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_version() -> None:
    said = clearsight("--version")
    assert (said.code, said.out) == (0, f"clearsight {package.__version__}\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing"], "nothing"),
        (["train"], "data"),
        (["train", "photos", "--nonsense"], "--nonsense"),
        (["train", "photos", "--epochs", "many"], "--epochs"),
        (["train", "photos", "--device", "abacus"], "--device"),
        (["train", "photos", "--lr", "-1"], "--lr"),
        (["train", "photos", "--name", "a/b"], "--name"),
        (["evaluate", "run", "--device", "abacus"], "--device"),
        (["evaluate", "run", "--resamples", "1"], "--resamples"),
        (["predict", "run"], "pictures"),
    ],
)
def test_wrong_use_ends_with_2(words: list[str], told: str) -> None:
    said = clearsight(*words)
    assert said.code == 2
    assert told in said.err and "Traceback" not in said.err


def test_nothing_said_shows_the_help() -> None:
    said = clearsight()
    assert said.code == 2
    assert all(verb in said.out + said.err for verb in VERBS)


def test_a_pattern_of_nets_needs_no_option() -> None:
    said = clearsight("nets", "feedforw*")
    assert said.code == 0 and "feedforward" in said.out and "lenet" not in said.out
