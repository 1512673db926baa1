"""Writes LLVM's assembly language (IR) from Python: loops, vectors of floats, addresses.

A kernel is written top-down, as it runs::

    f = Function("double", target, ["x"], ["count"])
    with f.loop("%count", step=target.width) as i:
        here = f.at("%x", i)
        x = f.load(here)
        f.store(f.fadd(x, x), here)
    f.text()

An integer is the name of an i64 value ("%v7") or a Python int, which is computed with at once. A
vector is the name of a value. Pointers have no type; distances from them are counted in floats.

Source: https://llvm.org/docs/LangRef.html
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from minicaffe.engines.jit.target import Target

Int = str | int
Vector = str


class Function:
    """One function ``void name(ptr …, i64 …)`` that is being written.

    Args:
        name: of the function; those of a module call each other by it.
        target: whose vectors it uses.
        pointers: names of its pointers, ``%name`` in the text.
        integers: names of its 64-bit integers after them.
        internal: whether only functions of the same module call it.
    """

    def __init__(
        self,
        name: str,
        target: Target,
        pointers: Sequence[str],
        integers: Sequence[str] = (),
        *,
        internal: bool = False,
    ) -> None:
        self.name, self.target = name, target
        self.width = target.width
        self.vector = f"<{self.width} x float>"
        self.pointers, self.integers = tuple(pointers), tuple(integers)
        self.internal = internal
        self._lines: list[str] = []
        self._top: list[str] = []  # what is taken from the stack, once
        self._count = 0
        self._block = "entry"

    # ------------------------------------------------------------------ lines

    def line(self, text: str) -> None:
        """Append an instruction without a result."""
        self._lines.append(f"  {text}")

    def value(self, text: str) -> str:
        """Append an instruction; returns the name of its result."""
        name = f"%v{self._number()}"
        self._lines.append(f"  {name} = {text}")
        return name

    def text(self) -> str:
        """The whole function."""
        words = [f"ptr %{name}" for name in self.pointers]
        words += [f"i64 %{name}" for name in self.integers]
        linkage = "internal " if self.internal else ""
        inline = " noinline" if self.internal else ""
        head = f"define {linkage}void @{self.name}({', '.join(words)}) nounwind{inline} {{"
        return "\n".join([head, "entry:", *self._top, *self._lines, "  ret void", "}", ""])

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _label(self, label: str) -> None:
        self._lines.append(f"{label}:")
        self._block = label

    # ------------------------------------------------------------------ integers

    def add(self, a: Int, b: Int) -> Int:
        """a + b."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a == 0:
            return b
        return a if b == 0 else self.value(f"add nsw i64 {a}, {b}")

    def sub(self, a: Int, b: Int) -> Int:
        """a - b."""
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        return a if b == 0 else self.value(f"sub nsw i64 {a}, {b}")

    def mul(self, a: Int, b: Int) -> Int:
        """a · b."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if a == 0 or b == 0:
            return 0
        if a == 1:
            return b
        return a if b == 1 else self.value(f"mul nsw i64 {a}, {b}")

    def div(self, a: Int, b: Int) -> Int:
        """The whole part of a / b, neither of them negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        return a if b == 1 else self.value(f"udiv i64 {a}, {b}")

    def rem(self, a: Int, b: Int) -> Int:
        """What is left of a / b, neither of them negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a % b
        return 0 if b == 1 else self.value(f"urem i64 {a}, {b}")

    def compare(self, how: str, a: Int, b: Int) -> str:
        """An i1 by a word of LLVM's: "slt" (a < b), "sge", "ult" for numbers without sign."""
        return self.value(f"icmp {how} i64 {a}, {b}")

    def minimum(self, a: Int, b: Int) -> Int:
        """The smaller one."""
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self.value(f"select i1 {self.compare('slt', a, b)}, i64 {a}, i64 {b}")

    def maximum(self, a: Int, b: Int) -> Int:
        """The larger one."""
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        return self.value(f"select i1 {self.compare('sgt', a, b)}, i64 {a}, i64 {b}")

    def both(self, a: str, b: str) -> str:
        """Whether two i1 are true."""
        return self.value(f"and i1 {a}, {b}")

    # ------------------------------------------------------------------ memory

    def at(self, pointer: str, offset: Int = 0) -> str:
        """The address ``offset`` floats after ``pointer``."""
        if offset == 0:
            return pointer
        return self.value(f"getelementptr inbounds float, ptr {pointer}, i64 {offset}")

    def integer(self, pointer: str, index: Int) -> str:
        """The i64 of this index in an array of them."""
        where = self.value(f"getelementptr inbounds i64, ptr {pointer}, i64 {index}")
        return self.value(f"load i64, ptr {where}, align 8")

    def pointer(self, pointer: str, index: int) -> str:
        """The address of this index in an array of them."""
        where = self.value(f"getelementptr inbounds i64, ptr {pointer}, i64 {index}")
        return self.value(f"load ptr, ptr {where}, align 8")

    def load(self, pointer: str, offset: Int = 0) -> Vector:
        """The vector ``offset`` floats after ``pointer``."""
        return self.value(f"load {self.vector}, ptr {self.at(pointer, offset)}, align 4")

    def store(self, vector: Vector, pointer: str, offset: Int = 0) -> None:
        """Write a vector ``offset`` floats after ``pointer``."""
        self.line(f"store {self.vector} {vector}, ptr {self.at(pointer, offset)}, align 4")

    def broadcast(self, pointer: str, offset: Int = 0) -> Vector:
        """A vector full of the one float ``offset`` floats after ``pointer``."""
        return self.filled(self.load_float(pointer, offset))

    def filled(self, number: str) -> Vector:
        """A vector full of a float."""
        return self._repeated("float", number)

    def load_first(self, pointer: str, count: Int, other: Vector = "zeroinitializer") -> Vector:
        """A vector whose first ``count`` elements are read, the others being those of ``other``."""
        kind, mask = self.vector, self.first(count)
        return self.value(
            f"call {kind} @llvm.masked.load.v{self.width}f32.p0(ptr {pointer}, i32 4, "
            f"{self._mask} {mask}, {kind} {other})"
        )

    def store_first(self, vector: Vector, pointer: str, count: Int) -> None:
        """Write the first ``count`` elements of a vector."""
        self.line(
            f"call void @llvm.masked.store.v{self.width}f32.p0({self.vector} {vector}, "
            f"ptr {pointer}, i32 4, {self._mask} {self.first(count)})"
        )

    def first(self, count: Int) -> str:
        """A mask, true for the first ``count`` elements."""
        if isinstance(count, int):
            bits = ", ".join(f"i1 {int(index < count)}" for index in range(self.width))
            return f"<{bits}>"
        places = ", ".join(f"i32 {index}" for index in range(self.width))
        counts = self._repeated("i32", self.value(f"trunc i64 {count} to i32"))
        return self.value(f"icmp sgt <{self.width} x i32> {counts}, <{places}>")

    @property
    def _mask(self) -> str:
        return f"<{self.width} x i1>"

    def _repeated(self, kind: str, value: str) -> str:
        vector = f"<{self.width} x {kind}>"
        one = self.value(f"insertelement {vector} poison, {kind} {value}, i64 0")
        zeros = f"<{self.width} x i32> zeroinitializer"
        return self.value(f"shufflevector {vector} {one}, {vector} poison, {zeros}")

    def load_float(self, pointer: str, offset: Int = 0) -> str:
        """One float."""
        return self.value(f"load float, ptr {self.at(pointer, offset)}, align 4")

    def store_float(self, number: str, pointer: str, offset: Int = 0) -> None:
        """Write one float."""
        self.line(f"store float {number}, ptr {self.at(pointer, offset)}, align 4")

    def stack(self, floats: int) -> str:
        """Memory for so many floats until the function returns."""
        name = f"%v{self._number()}"
        self._top.append(f"  {name} = alloca [{floats} x float], align 64")
        return name

    def choose(self, condition: str, a: str, b: str) -> str:
        """The address a where the i1 is true, and b otherwise."""
        return self.value(f"select i1 {condition}, ptr {a}, ptr {b}")

    # ------------------------------------------------------------------ vectors

    def constant(self, number: float) -> Vector:
        """A vector full of a number, rounded to float32."""
        return "<" + ", ".join([_float(number)] * self.width) + ">"

    def ascending(self) -> Vector:
        """0, 1, 2, …"""
        return "<" + ", ".join(map(_float, range(self.width))) + ">"

    def float_of(self, number: Int) -> str:
        """An integer as a float."""
        return self.value(f"sitofp i64 {number} to float")

    def whole_of(self, number: str) -> str:
        """A float that is an integer, as such."""
        return self.value(f"fptosi float {number} to i64")

    def fadd(self, a: Vector, b: Vector) -> Vector:
        """a + b."""
        return self.value(f"fadd {self.vector} {a}, {b}")

    def fsub(self, a: Vector, b: Vector) -> Vector:
        """a - b."""
        return self.value(f"fsub {self.vector} {a}, {b}")

    def fmul(self, a: Vector, b: Vector) -> Vector:
        """a · b."""
        return self.value(f"fmul {self.vector} {a}, {b}")

    def fneg(self, a: Vector) -> Vector:
        """-a."""
        return self.value(f"fneg {self.vector} {a}")

    def fma(self, a: Vector, b: Vector, c: Vector) -> Vector:
        """a · b + c, with one rounding where the processor can."""
        if not self.target.fused:
            return self.fadd(self.fmul(a, b), c)
        kind = self.vector
        return self.value(
            f"call {kind} @llvm.fma.v{self.width}f32({kind} {a}, {kind} {b}, {kind} {c})"
        )

    def fdiv(self, a: Vector, b: Vector) -> Vector:
        """a / b."""
        return self.value(f"fdiv {self.vector} {a}, {b}")

    def sqrt(self, a: Vector) -> Vector:
        """√a."""
        kind = self.vector
        return self.value(f"call {kind} @llvm.sqrt.v{self.width}f32({kind} {a})")

    def above(self, a: Vector, floor: Vector) -> Vector:
        """a, or ``floor`` where a is below it; NaN stays NaN."""
        return self.select(self.fcompare("olt", a, floor), floor, a)

    def below(self, a: Vector, ceiling: Vector) -> Vector:
        """a, or ``ceiling`` where a is above it; NaN stays NaN."""
        return self.select(self.fcompare("ogt", a, ceiling), ceiling, a)

    def fcompare(self, how: str, a: Vector, b: Vector) -> str:
        """A mask by a word of LLVM's: "ogt" (a > b), "uno" (one of them is NaN)."""
        return self.value(f"fcmp {how} {self.vector} {a}, {b}")

    def select(self, mask: str, a: Vector, b: Vector) -> Vector:
        """Elements of a where the mask is true, of b elsewhere."""
        return self.value(f"select {self._mask} {mask}, {self.vector} {a}, {self.vector} {b}")

    def store_mask(self, mask: str, pointer: str, index: Int) -> None:
        """Write a mask's bits as those of this index, each in :func:`bytes_of_mask`."""
        kind, size = f"i{self.width}", bytes_of_mask(self.width)
        number = self.value(f"bitcast {self._mask} {mask} to {kind}")
        if self.width % 8:
            kind, number = "i8", self.value(f"zext {kind} {number} to i8")
        place = f"getelementptr inbounds i8, ptr {pointer}, i64 {self.mul(index, size)}"
        self.line(f"store {kind} {number}, ptr {self.value(place)}, align 1")

    def shuffle(self, a: Vector, b: Vector, order: Sequence[int]) -> Vector:
        """Elements of a (0 to width - 1) and b (from width on), in this order."""
        mask = ", ".join(f"i32 {index}" for index in order)
        kind = self.vector
        return self.value(f"shufflevector {kind} {a}, {kind} {b}, <{self.width} x i32> <{mask}>")

    def transposed(self, rows: Sequence[Vector]) -> list[Vector]:
        """The columns of a square of as many vectors as a vector has elements."""
        half, out, distance = self.width // 2, list(rows), self.width
        low = [index // 2 + (index % 2) * self.width for index in range(self.width)]
        high = [half + index for index in low]
        while distance > 1:
            out = [
                self.shuffle(out[i // 2], out[i // 2 + half], high if i % 2 else low)
                for i in range(self.width)
            ]
            distance //= 2
        return out

    # ------------------------------------------------------------------ double precision

    def widened(self, a: Vector) -> str:
        """A vector's numbers in double precision."""
        return self.value(f"fpext {self.vector} {a} to {self._doubles}")

    def add_doubles(self, a: str, b: str) -> str:
        """a + b of two vectors in double precision."""
        return self.value(f"fadd {self._doubles} {a}, {b}")

    def total_of_doubles(self, a: str) -> str:
        """The sum of a vector's elements, one after the other, as one number."""
        name = f"@llvm.vector.reduce.fadd.v{self.width}f64"
        return self.value(f"call double {name}(double 0.0, {self._doubles} {a})")

    def load_doubles(self, pointer: str, index: Int = 0) -> str:
        """The vector of doubles that begins with this one of an array."""
        return self.value(f"load {self._doubles}, ptr {self._double(pointer, index)}, align 8")

    def store_doubles(self, a: str, pointer: str, index: Int = 0) -> None:
        """Write a vector of doubles."""
        self.line(f"store {self._doubles} {a}, ptr {self._double(pointer, index)}, align 8")

    def store_double(self, number: str, pointer: str, index: Int = 0) -> None:
        """Write one double."""
        self.line(f"store double {number}, ptr {self._double(pointer, index)}, align 8")

    @property
    def _doubles(self) -> str:
        return f"<{self.width} x double>"

    def _double(self, pointer: str, index: Int) -> str:
        return self.value(f"getelementptr inbounds double, ptr {pointer}, i64 {index}")

    # ------------------------------------------------------------------ control

    @contextmanager
    def loop(self, end: Int, start: Int = 0, step: Int = 1) -> Iterator[Int]:
        """Repeat what is written inside for start, start + step, … below ``end``."""
        constant = isinstance(start, int) and isinstance(end, int)
        if constant and isinstance(step, int) and int(start) + step >= int(end) > int(start):
            yield start
            return
        with self._turns(end, start, step, []) as (index, _, _):
            yield index

    def folded(
        self,
        end: Int,
        carried: Sequence[Vector],
        body: Callable[[Int, list[Vector]], list[Vector]],
        *,
        start: Int = 0,
        step: int = 1,
    ) -> list[Vector]:
        """A loop that hands vectors from turn to turn; returns the last ones.

        Args:
            end, start, step: as of :meth:`loop`.
            carried: the vectors of the first turn, which come back where there is no turn.
            body: writes a turn with an index and vectors, and returns the next turn's.
        """
        with self._turns(end, start, step, carried) as (index, vectors, new):
            new.extend(body(index, list(vectors)))
        return new[len(carried) :]

    @contextmanager
    def _turns(
        self, end: Int, start: Int, step: Int, carried: Sequence[Vector]
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        """The frame of a loop: a test before each turn, and phis for what is carried."""
        number, before = self._number(), self._block
        head, body, out = (f"{word}{number}" for word in ("head", "turn", "after"))
        self.line(f"br label %{head}")
        self._label(head)
        place = len(self._lines)
        index = f"%v{self._number()}"
        vectors = [f"%v{self._number()}" for _ in carried]
        self._lines += [""] * (1 + len(vectors))
        more = self.compare("slt", index, end)
        self.line(f"br i1 {more}, label %{body}, label %{out}")
        self._label(body)
        new: list[str] = []
        yield index, vectors, new
        following, last = self.add(index, step), self._block
        self.line(f"br label %{head}")
        self._lines[place] = f"  {index} = phi i64 [ {start}, %{before} ], [ {following}, %{last} ]"
        for row, (name, first, then) in enumerate(zip(vectors, carried, new, strict=True)):
            self._lines[place + 1 + row] = (
                f"  {name} = phi {self.vector} [ {first}, %{before} ], [ {then}, %{last} ]"
            )
        self._label(out)
        new.extend(vectors)

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Run what is written inside only where the i1 is true."""
        number = self._number()
        self.line(f"br i1 {condition}, label %then{number}, label %after{number}")
        self._label(f"then{number}")
        yield
        self.line(f"br label %after{number}")
        self._label(f"after{number}")

    def call(self, function: str, pointers: Sequence[str], integers: Sequence[Int] = ()) -> None:
        """Call another function by its name, or by an address."""
        words = [f"ptr {pointer}" for pointer in pointers]
        words += [f"i64 {integer}" for integer in integers]
        target = function if function.startswith("%") else f"@{function}"
        self.line(f"call void {target}({', '.join(words)})")


def bytes_of_mask(width: int) -> int:
    """How many bytes the bits of a vector of this width take."""
    return -(-width // 8)


def _float(number: float) -> str:
    """A number rounded to float32, as LLVM writes it: by the bits of a double."""
    rounded = struct.unpack("<f", struct.pack("<f", number))[0]
    bits = struct.unpack("<Q", struct.pack("<d", rounded))[0]
    return f"float 0x{bits:016X}"


def module(functions: Sequence[Function]) -> str:
    """The text of a module with these functions."""
    kind, width = functions[0].vector, functions[0].width
    mask = f"<{width} x i1>"
    declared = [
        f"declare {kind} @llvm.fma.v{width}f32({kind}, {kind}, {kind})",
        f"declare {kind} @llvm.sqrt.v{width}f32({kind})",
        f"declare double @llvm.vector.reduce.fadd.v{width}f64(double, <{width} x double>)",
        *(
            f"declare <{width} x double> @llvm.{name}.v{width}f64(<{width} x double>)"
            for name in ("sqrt", "rint", "fabs")
        ),
        f"declare {kind} @llvm.masked.load.v{width}f32.p0(ptr, i32, {mask}, {kind})",
        f"declare void @llvm.masked.store.v{width}f32.p0({kind}, ptr, i32, {mask})",
    ]
    return "\n".join([*declared, "", *(function.text() for function in functions)])
