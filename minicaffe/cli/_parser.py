"""The command line's parser: what is wrong with the words, what is expected, a suggestion."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Container, Sequence
from typing import NoReturn

from minicaffe.errors import MinicaffeError, closest, did_you_mean
from minicaffe.errors.form import parts
from minicaffe.errors.mistakes import UsageError

#: The flags that take a file of a kind, by its ending; the first that a verb has is meant.
_FOR_FILES = (
    (".prototxt", ("--solver", "--model")),
    (".caffemodel", ("--weights",)),
    (".caffemodel.h5", ("--weights",)),
    (".solverstate", ("--snapshot",)),
    (".solverstate.h5", ("--snapshot",)),
)

#: What people write before a file in a verb that takes it without a flag.
_NAMES_OF_FILES = ("--model", "--solver", "--net", "--prototxt", "--input", "--file")


def _fields_of_a_solver() -> Container[str]:
    """Their names; none where protobuf is missing, as mistakes in flags are told without it."""
    try:
        from minicaffe.proto import caffe_pb2
    except (ImportError, MinicaffeError):
        return ()

    return caffe_pb2.SolverParameter.DESCRIPTOR.fields_by_name


def _no_choice(flag: str, word: str, choices: str) -> str:
    known = [choice.strip("' ") for choice in choices.split(",")]
    hint, listed = did_you_mean(word, known), ", ".join(known)
    return f"{flag} is '{word}'{f'{hint} It takes {listed}' if hint else f'; expected {listed}'}"


def _no_number(flag: str, kind: str, word: str) -> str:
    return f"{flag} is '{word}'; expected {'a number' if kind == 'float' else 'a whole number'}"


def _with_value(flag: str, word: str) -> str:
    return f"{flag} is given the value '{word}', and takes none; write {flag}"


def _excluded(flag: str, other: str) -> str:
    return f"{flag} and {other} exclude each other; give one of them"


def _unexpected(flag: str, expected: str, word: str) -> str:
    return f"{flag} is '{word}'; {expected}"


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` that raises its errors, in minicaffe's form, and shows no usage.

    Attributes:
        intermixed: flags may stand between words that no flag precedes, even where some of these
            may be left out.
    """

    intermixed = False
    _words: Sequence[str] = ()
    _needed: Sequence[str] = ()
    _inside = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As ``ArgumentParser`` does; errors speak of these words."""
        if self._inside:  # what parse_known_intermixed_args calls for some of the words
            return super().parse_known_args(args, namespace)
        self._words = list(sys.argv[1:] if args is None else args)
        self._needed = [
            str(action.metavar or action.dest)
            for action in self._actions
            if not action.option_strings and action.nargs in (None, "+")
        ]
        if not self.intermixed:
            return super().parse_known_args(self._words, namespace)
        self._inside = True
        try:
            return self.parse_known_intermixed_args(self._words, namespace)
        finally:
            self._inside = False

    def error(self, message: str) -> NoReturn:
        """Refuse the command line: what was found, what is expected, and where to read on.

        Args:
            message: what argparse or a verb says.

        Raises:
            UsageError: always.
        """
        sentence = self._sentence(message).rstrip(".")
        found, help = parts(sentence)
        end = "" if help.endswith("?") else "."
        where = f"see {self.prog} --help"
        raise UsageError(f"{found}; {f'{help}{end} S{where[1:]}' if help else where}")

    def _sentence(self, message: str) -> str:
        if message.startswith(("a verb is missing", "unknown verb")):
            return message
        unknown = [word for word in self._words if self._is_unknown_flag(word)]
        if unknown:
            return self._unknown_flag(unknown[0].partition("=")[0])
        for form, told in (
            (r"unrecognized arguments: (.+)", lambda words: self._left_over(words.split(" ")[0])),
            (r"argument (\S+): invalid choice: '(.*?)' \(choose from (.*)\)", _no_choice),
            (r"argument (\S+): not allowed with argument (\S+)", _excluded),
            (r"argument (--\S+): expected one argument", self._without_value),
            (r"argument (--\S+): ignored explicit argument '(.*)'", _with_value),
            (r"the following arguments are required: (.*)", self._required),
            (r"one of the arguments (.*) is required", self._one_of),
            (r"argument (\S+): invalid (float|int) value: '(.*)'", _no_number),
            (r"argument (\S+): (expected .*), not '?(.*?)'?", _unexpected),
        ):
            if match := re.fullmatch(form, message, re.DOTALL):
                return told(*match.groups())
        return message.removeprefix("argument ")

    def _without_value(self, flag: str) -> str:
        return f"{flag} needs a value; write {self._explained(flag)}"

    def _required(self, flags: str) -> str:
        unflagged = [word for word in self._words if not word.startswith("-")]
        meant = [word for word in unflagged if "did you mean" in self._left_over(word)]
        return self._left_over(meant[0]) if meant else self._missing(flags.split(", "), ", ")

    def _one_of(self, flags: str) -> str:
        return self._missing(flags.split(" "), " or ")

    def _missing(self, flags: Sequence[str], joint: str) -> str:
        """With the words that no flag precedes, of which argparse speaks only after the flags."""
        words = [] if any(not word.startswith("-") for word in self._words) else self._needed
        new = [word for word in words if word not in flags]
        told = [self._explained(flag) for flag in (*new, *flags)]
        return f"missing: {', '.join([*new, joint.join(flags)])}; expected {', '.join(told)}"

    def _explained(self, name: str) -> str:
        """How a flag or word is written, with what its help says of it."""
        spellings = name.split("/")
        for action in self._actions:
            if set(spellings) & {*action.option_strings, str(action.metavar), action.dest}:
                value = action.metavar or action.dest.upper()
                shown = spellings[0]
                if action.option_strings and action.nargs != 0:
                    shown += f"{'=' if shown.startswith('--') else ' '}{value}"
                listed = action.help and action.help != argparse.SUPPRESS
                return f"{shown} ({action.help})" if listed else shown
        return name

    def _is_unknown_flag(self, word: str) -> bool:
        match = re.match(r"--[A-Za-z][\w-]*", word)
        known = self._option_string_actions
        return match is not None and match[0] not in known and word not in known

    def _unknown_flag(self, flag: str) -> str:
        listed = [
            name
            for name, action in self._option_string_actions.items()
            if action.help != argparse.SUPPRESS and name.startswith("--") and name != "--help"
        ]
        words = [str(action.metavar or action.dest) for action in self._unflagged()]
        if words and flag in _NAMES_OF_FILES:
            return (
                f"unknown flag {flag}; files are given without one: {self.prog} {' '.join(words)}"
            )
        if "--set" in listed and flag.removeprefix("--") in _fields_of_a_solver():
            field = flag.removeprefix("--")
            return f"unknown flag {flag}; it is a field of the solver: --set {field}=…"
        near = closest(flag, listed)
        return f"unknown flag {flag}" + (f"; did you mean {near}?" if near else "")

    def _unflagged(self) -> list[argparse.Action]:
        return [action for action in self._actions if not action.option_strings]

    def _left_over(self, word: str) -> str:
        """For a word that no flag precedes."""
        for ending, flags in _FOR_FILES:
            for flag in flags:
                action = self._option_string_actions.get(flag)
                shown = action is not None and action.help != argparse.SUPPRESS
                if word.endswith(ending) and shown:
                    return f"'{word}' is given without its flag; did you mean {flag}={word}?"
        words = [str(action.metavar or action.dest) for action in self._unflagged()]
        return f"'{word}' is given without a flag; expected {' '.join(words) or 'nothing'} there"
