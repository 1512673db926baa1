"""Vectors in double precision, as many numbers in one as a vector of floats has."""

from __future__ import annotations

import struct

from minicaffe.engines.jit.ir import Function, Int


class Doubles:
    """Writes arithmetic in double precision into a function.

    Args:
        f: the function.
    """

    def __init__(self, f: Function) -> None:
        self._f, self._kind = f, f"<{f.width} x double>"
        self._bits = f"<{f.width} x i1>"

    def constant(self, number: float) -> str:
        """A vector full of a number."""
        bits = struct.unpack("<Q", struct.pack("<d", number))[0]
        return "<" + ", ".join([f"double 0x{bits:016X}"] * self._f.width) + ">"

    def broadcast(self, pointer: str, index: int) -> str:
        """A vector full of the one number of this index in an array."""
        f = self._f
        where = f.value(f"getelementptr inbounds double, ptr {pointer}, i64 {index}")
        number = f.value(f"load double, ptr {where}, align 8")
        one = f.value(f"insertelement {self._kind} poison, double {number}, i64 0")
        zeros = f"<{f.width} x i32> zeroinitializer"
        return f.value(f"shufflevector {self._kind} {one}, {self._kind} poison, {zeros}")

    def load(self, pointer: str, index: Int) -> str:
        """The vector that begins with this number of an array."""
        return self._f.load_doubles(pointer, index)

    def store(self, a: str, pointer: str, index: Int) -> None:
        """Write a vector."""
        self._f.store_doubles(a, pointer, index)

    def widened(self, a: str) -> str:
        """A vector of floats in double precision."""
        return self._f.widened(a)

    def narrowed(self, a: str) -> str:
        """A vector rounded to single precision."""
        f = self._f
        return f.value(f"fptrunc {self._kind} {a} to {f.vector}")

    def add(self, a: str, b: str) -> str:
        """a + b."""
        return self._operation("fadd", a, b)

    def sub(self, a: str, b: str) -> str:
        """a - b."""
        return self._operation("fsub", a, b)

    def mul(self, a: str, b: str) -> str:
        """a · b."""
        return self._operation("fmul", a, b)

    def div(self, a: str, b: str) -> str:
        """a / b."""
        return self._operation("fdiv", a, b)

    def neg(self, a: str) -> str:
        """-a."""
        return self._f.value(f"fneg {self._kind} {a}")

    def sqrt(self, a: str) -> str:
        """√a."""
        return self._function("sqrt", a)

    def rint(self, a: str) -> str:
        """The nearest whole number."""
        return self._function("rint", a)

    def fabs(self, a: str) -> str:
        """|a|."""
        return self._function("fabs", a)

    def compare(self, how: str, a: str, b: str) -> str:
        """A mask by a word of LLVM's: "ogt" (a > b), "ole" (a ≤ b), "oeq"; NaN gives none."""
        return self._f.value(f"fcmp {how} {self._kind} {a}, {b}")

    def finite(self, a: str) -> str:
        """A mask: what is neither infinite nor NaN."""
        return self.compare("oeq", self.sub(a, a), "zeroinitializer")

    def both(self, a: str, b: str) -> str:
        """Where two masks are true."""
        return self._f.value(f"and {self._bits} {a}, {b}")

    def select(self, mask: str, a: str, b: str) -> str:
        """Elements of a where the mask is true, of b elsewhere."""
        return self._f.value(f"select {self._bits} {mask}, {self._kind} {a}, {self._kind} {b}")

    def half_power(self, a: str, plus: int) -> str:
        """2 to the power of the whole part of (log2 a) / 2, plus ``plus``, for a ≥ 0: the bits of
        its exponent, halved. For 0 it is some 10⁻¹⁵⁵."""
        f, kind = self._f, f"<{self._f.width} x i64>"

        def apply(operation: str, a: str, number: int) -> str:
            numbers = ", ".join([f"i64 {number}"] * f.width)
            return f.value(f"{operation} {kind} {a}, <{numbers}>")

        exponent = apply("lshr", f.value(f"bitcast {self._kind} {a} to {kind}"), 52)
        half = apply("ashr", apply("sub", exponent, 1023), 1)
        bits = apply("shl", apply("add", half, 1023 + plus), 52)
        return f.value(f"bitcast {kind} {bits} to {self._kind}")

    def _operation(self, word: str, a: str, b: str) -> str:
        return self._f.value(f"{word} {self._kind} {a}, {b}")

    def _function(self, name: str, a: str) -> str:
        call = f"call {self._kind} @llvm.{name}.v{self._f.width}f64({self._kind} {a})"
        return self._f.value(call)
