# SPDX-License-Identifier: MIT
"""IEEE 754 with exact fractions, and what RISC-V adds: canonical NaNs, boxes, tininess after rounding, saturating conversions.
Bit patterns go in and come out; flags are NX 1, UF 2, OF 4, DZ 8, NV 16. Rounding modes are those of fcsr."""
from fractions import Fraction
from math import isqrt

NX, UF, OF, DZ, NV = 1, 2, 4, 8, 16
RNE, RTZ, RDN, RUP, RMM = range(5)


class Format:
    def __init__(self, letter, exponent_bits, precision):
        self.letter, self.width = letter, exponent_bits + precision
        self.precision, self.exponent_bits = precision, exponent_bits  # the hidden bit counts
        self.bias = (1 << exponent_bits - 1) - 1
        self.least = 1 - self.bias  # exponent of the smallest normal number
        self.sign = 1 << self.width - 1
        self.infinity = (1 << exponent_bits) - 1 << precision - 1
        self.quiet = 1 << precision - 2
        self.nan = self.infinity | self.quiet

    def is_nan(self, x):
        return x & ~self.sign > self.infinity

    def is_signaling(self, x):
        return self.is_nan(x) and not x & self.quiet

    def is_infinite(self, x):
        return x & ~self.sign == self.infinity

    def is_zero(self, x):
        return x & ~self.sign == 0

    def value(self, x):
        exponent, fraction = (x & ~self.sign) >> self.precision - 1, x & (1 << self.precision - 1) - 1
        if exponent:
            fraction |= 1 << self.precision - 1
        size = Fraction(fraction) * Fraction(2) ** (max(exponent, 1) - self.bias - self.precision + 1)
        return -size if x & self.sign else size

    def boxed(self, x):
        return x | (1 << 64) - (1 << self.width)

    def unboxed(self, x):
        """Of an f register: what is not boxed is the canonical NaN."""
        low = x & (1 << self.width) - 1
        return low if self.width == 64 or x == self.boxed(low) else self.nan


H, S, D = Format("h", 5, 11), Format("s", 8, 24), Format("d", 11, 53)
FORMATS = {"h": H, "s": S, "d": D}


def exponent_of(x):
    """e with 2^e <= |x| < 2^(e+1)."""
    x = abs(x)
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e if Fraction(2) ** e <= x else e - 1


def to_integer(x, mode):
    """x rounded to an integer."""
    low = x.numerator // x.denominator
    rest = x - low
    half = Fraction(1, 2)
    up = {RNE: rest > half or (rest == half and low & 1), RTZ: x < 0 and rest > 0, RDN: False, RUP: rest > 0,
          RMM: rest > half or (rest == half and x > 0)}[mode]
    return low + bool(up)


def rounded(f, x, mode, negative_zero=False):
    """The number x, in format f: (bits, flags). The sign of a zero that is exact is the caller's."""
    if x == 0:
        return (f.sign if negative_zero else 0), 0
    sign = f.sign if x < 0 else 0
    e = exponent_of(x)
    unit = Fraction(2) ** (max(e, f.least) - f.precision + 1)
    n = to_integer(x / unit, mode)
    flags = NX if n * unit != x else 0
    size = abs(n * unit)
    if size >= Fraction(2) ** (f.bias + 1):
        away = {RNE: True, RMM: True, RTZ: False, RDN: x < 0, RUP: x > 0}[mode]
        return sign | (f.infinity if away else f.infinity - 1), OF | NX
    free_unit = Fraction(2) ** (e - f.precision + 1)  # as if there were no least exponent
    if flags and abs(to_integer(x / free_unit, mode) * free_unit) < Fraction(2) ** f.least:
        flags |= UF
    if size == 0:
        return sign, flags
    e = max(exponent_of(size), f.least)
    fraction = int(size / Fraction(2) ** (e - f.precision + 1))
    exponent = e + f.bias if fraction >> f.precision - 1 else 0
    return sign | exponent << f.precision - 1 | fraction & (1 << f.precision - 1) - 1, flags


def nan_of(f, *operands):
    """(canonical NaN, flags) if one of them is a NaN."""
    if any(f.is_nan(x) for x in operands):
        return f.nan, NV if any(f.is_signaling(x) for x in operands) else 0
    return None


def add(f, a, b, mode):
    if nan := nan_of(f, a, b):
        return nan
    if f.is_infinite(a) or f.is_infinite(b):
        if f.is_infinite(a) and f.is_infinite(b) and a != b:
            return f.nan, NV
        return (a if f.is_infinite(a) else b), 0
    if f.is_zero(a) and f.is_zero(b) and a == b:
        return a, 0
    return rounded(f, f.value(a) + f.value(b), mode, mode == RDN)


def sub(f, a, b, mode):
    return add(f, a, b if f.is_nan(b) else b ^ f.sign, mode)


def mul(f, a, b, mode):
    if nan := nan_of(f, a, b):
        return nan
    sign = (a ^ b) & f.sign
    if f.is_infinite(a) or f.is_infinite(b):
        return (f.nan, NV) if f.is_zero(a) or f.is_zero(b) else (sign | f.infinity, 0)
    return rounded(f, f.value(a) * f.value(b), mode, bool(sign))


def div(f, a, b, mode):
    if nan := nan_of(f, a, b):
        return nan
    sign = (a ^ b) & f.sign
    if f.is_infinite(a):
        return (f.nan, NV) if f.is_infinite(b) else (sign | f.infinity, 0)
    if f.is_infinite(b):
        return sign, 0
    if f.is_zero(b):
        return (f.nan, NV) if f.is_zero(a) else (sign | f.infinity, DZ)
    return rounded(f, f.value(a) / f.value(b), mode, bool(sign))


def sqrt(f, a, mode):
    if nan := nan_of(f, a):
        return nan
    if f.is_zero(a):
        return a, 0
    if a & f.sign:
        return f.nan, NV
    if f.is_infinite(a):
        return a, 0
    shift = 2 * (exponent_of(f.value(a)) // 2)
    scaled = f.value(a) / Fraction(2) ** shift * (1 << 160)  # an integer, 80 bits of root
    root = isqrt(int(scaled))
    exact = root * root == scaled
    return rounded(f, (2 * root + (not exact)) * Fraction(2) ** (shift // 2 - 81), mode)


def fma(f, a, b, c, mode):
    """a * b + c, rounded once."""
    times_nothing = (f.is_infinite(a) and f.is_zero(b)) or (f.is_zero(a) and f.is_infinite(b))
    if nan := nan_of(f, a, b, c):
        return f.nan, nan[1] | (NV if times_nothing else 0)
    if times_nothing:
        return f.nan, NV
    sign = (a ^ b) & f.sign
    if f.is_infinite(a) or f.is_infinite(b):
        return (f.nan, NV) if f.is_infinite(c) and (c ^ sign) & f.sign else (sign | f.infinity, 0)
    if f.is_infinite(c):
        return c, 0
    product, addend = f.value(a) * f.value(b), f.value(c)
    if product == 0 and addend == 0 and sign == c & f.sign:
        return sign, 0
    return rounded(f, product + addend, mode, mode == RDN)


def minimum(f, a, b, greatest):
    flags = NV if f.is_signaling(a) or f.is_signaling(b) else 0
    if f.is_nan(a) or f.is_nan(b):
        return (f.nan if f.is_nan(a) and f.is_nan(b) else b if f.is_nan(a) else a), flags

    def order(x):
        return f.value(x) if not f.is_infinite(x) else (float("-inf") if x & f.sign else float("inf")), not x & f.sign
    return (max(a, b, key=order) if greatest else min(a, b, key=order)), flags


def compare(f, name, a, b):
    if f.is_nan(a) or f.is_nan(b):
        return 0, NV if name != "feq" or f.is_signaling(a) or f.is_signaling(b) else 0
    x, y = ((float("-inf") if v & f.sign else float("inf")) if f.is_infinite(v) else f.value(v) for v in (a, b))
    return int({"feq": x == y, "flt": x < y, "fle": x <= y}[name]), 0


def classify(f, a):
    if f.is_nan(a):
        return 1 << (8 if f.is_signaling(a) else 9)
    size, negative = a & ~f.sign, bool(a & f.sign)
    kind = 0 if size == f.infinity else 3 if size == 0 else 2 if size < 1 << f.precision - 1 else 1
    return 1 << (kind if negative else 7 - kind)


def sign_injected(f, name, a, b):
    sign = {"fsgnj": b, "fsgnjn": ~b, "fsgnjx": a ^ b}[name] & f.sign
    return a & ~f.sign | sign


INTEGERS = {"w": (32, True), "wu": (32, False), "l": (64, True), "lu": (64, False)}


def to_int(f, kind, a, mode):
    """fcvt.KIND.F: (register, flags)."""
    width, is_signed = INTEGERS[kind]
    least, most = (-(1 << width - 1), (1 << width - 1) - 1) if is_signed else (0, (1 << width) - 1)
    if f.is_nan(a) or f.is_infinite(a):
        n, flags = (least if f.is_infinite(a) and a & f.sign else most), NV
    else:
        n = to_integer(f.value(a), mode)
        flags = NX if n != f.value(a) else 0
        if not least <= n <= most:
            n, flags = (least if n < least else most), NV
    if width == 32:
        n = (n & 0xFFFFFFFF) - ((n >> 31 & 1) << 32)
    return n & (1 << 64) - 1, flags


def from_int(f, kind, a, mode):
    width, is_signed = INTEGERS[kind]
    a &= (1 << width) - 1
    return rounded(f, Fraction(a - (1 << width) if is_signed and a >> width - 1 else a), mode)


def convert(to, source, a, mode):
    if source.is_nan(a):
        return to.nan, NV if source.is_signaling(a) else 0
    sign = to.sign if a & source.sign else 0
    if source.is_infinite(a):
        return sign | to.infinity, 0
    return rounded(to, source.value(a), mode, bool(sign))


def edges(f):
    """Operands: zeros, subnormals, ends of the range, NaNs, and some in between."""
    one = f.bias << f.precision - 1
    least_normal = 1 << f.precision - 1
    numbers = [0, 1, least_normal - 1, least_normal, least_normal + 1, one, one + 1, one - 1, one + (1 << f.precision - 2), one | least_normal // 4,
               f.infinity - 1, f.infinity, f.infinity | 1, f.nan, f.nan | 1, one + (31 << f.precision - 1 if f is not H else 10 << 10),
               one + (f.precision << f.precision - 1) if f is not H else one + (11 << 10) | 1, one // 2 + 0x155, one - least_normal, one + 2 * least_normal + 3,
               one + (62 << f.precision - 1) if f is not H else 0x7800, one + (63 << f.precision - 1) if f is not H else 0x77FF]
    return numbers + [x | f.sign for x in numbers]
