"""The command line's parser: what is wrong in one sentence, with a suggestion."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Container, Sequence
from typing import NoReturn

from minicaffe.errors import MinicaffeError, closest, did_you_mean

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

_CHOICE = re.compile(r"argument (\S+): invalid choice: '(.*?)' \(choose from (.*)\)", re.DOTALL)


def _fields_of_a_solver() -> Container[str]:
    """Their names; none where protobuf is missing, as mistakes in flags are told without it."""
    try:
        from minicaffe.proto import caffe_pb2
    except (ImportError, MinicaffeError):
        return ()

    return caffe_pb2.SolverParameter.DESCRIPTOR.fields_by_name


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose errors begin with what is wrong and do not show the usage.

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
        """End the program with status 2, and one sentence and where to read on.

        Args:
            message: what argparse or a verb says.
        """
        sentence = self._sentence(message).rstrip(".")
        self.exit(2, f"error: {sentence}\n(see {self.prog} --help)\n")

    def _sentence(self, message: str) -> str:
        if message.startswith(("a verb is missing", "unknown verb")):
            return message
        unknown = [word for word in self._words if self._is_unknown_flag(word)]
        if unknown:
            return self._unknown_flag(unknown[0].partition("=")[0])
        if match := re.fullmatch(r"unrecognized arguments: (.+)", message, re.DOTALL):
            return self._left_over(match[1].split(" ")[0])
        if match := re.match(
            r"argument (\S+): invalid choice: '(.*?)' \(choose from (.*)\)", message
        ):
            choices = [word.strip("' ") for word in match[3].split(",")]
            hint = did_you_mean(match[2], choices) or f"; expected {', '.join(choices)}"
            return f"{match[1]} is '{match[2]}'{hint}"
        if match := re.fullmatch(r"argument (--\S+): expected one argument", message):
            return f"{match[1]} needs a value: {match[1]}=…"
        if match := re.match(r"the following arguments are required: (.*)", message):
            unflagged = [word for word in self._words if not word.startswith("-")]
            meant = [word for word in unflagged if "did you mean" in self._left_over(word)]
            return self._left_over(meant[0]) if meant else self._missing(match[1])
        if match := re.fullmatch(r"one of the arguments (.*) is required", message):
            *most, last = match[1].split(" ")
            return self._missing(f"{', '.join(most)} or {last}")
        if match := re.fullmatch(r"argument (\S+): invalid (float|int) value: '(.*)'", message):
            what = "a number" if match[2] == "float" else "a whole number"
            return f"{match[1]}: expected {what}, not {match[3]}"
        return message.removeprefix("argument ")

    def _missing(self, flags: str) -> str:
        """With the words that no flag precedes, of which argparse speaks only after the flags."""
        words = [] if any(not word.startswith("-") for word in self._words) else self._needed
        new = [word for word in words if word not in flags.split(", ")]
        return f"missing: {', '.join([*new, flags])}"

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
        words = [str(a.metavar or a.dest) for a in self._actions if not a.option_strings]
        if words and flag in _NAMES_OF_FILES:
            return (
                f"unknown flag {flag}; files are given without one: {self.prog} {' '.join(words)}"
            )
        if "--set" in listed and flag.removeprefix("--") in _fields_of_a_solver():
            field = flag.removeprefix("--")
            return f"unknown flag {flag}; it is a field of the solver: --set {field}=…"
        near = closest(flag, listed)
        return f"unknown flag {flag}" + (f"; did you mean {near}?" if near else "")

    def _left_over(self, word: str) -> str:
        """For a word that no flag precedes."""
        for ending, flags in _FOR_FILES:
            for flag in flags:
                action = self._option_string_actions.get(flag)
                shown = action is not None and action.help != argparse.SUPPRESS
                if word.endswith(ending) and shown:
                    return f"'{word}' is given without its flag; did you mean {flag}={word}?"
        return f"'{word}' is given without a flag"
