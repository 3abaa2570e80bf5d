"""Eight bytes of a text at a time, for compiled readers.

A text is given by its address: arrays would be counted at each call. A word holds its
first character in its lowest byte, on machines of either byte order.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

ROOM = 8  # bytes that must follow the place a word is read from

_SWAP = sys.byteorder == "big"
_ONES = np.uint64(0x0101_0101_0101_0101)
_HIGHS = np.uint64(0x8080_8080_8080_8080)
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_ZEROS = np.uint64(0x3030_3030_3030_3030)
_UPPER = np.uint64(0xF0F0_F0F0_F0F0_F0F0)
_SIXES = np.uint64(0x0606_0606_0606_0606)
_PAIRS = np.uint64(0x0000_00FF_0000_00FF)
_HUNDREDS = np.uint64(100 + (1_000_000 << 32))
_UNITS = np.uint64(1 + (10_000 << 32))
_SIXTEEN, _THIRTY_TWO = np.uint64(16), np.uint64(32)
_TEN, _EIGHT, _SEVEN = np.uint64(10), np.uint64(8), np.uint64(7)
_THREE, _ZERO = np.uint64(3), np.uint64(0)


def text_word(text: bytes) -> np.uint64:
    """Word of at most eight characters; what is missing is zero."""
    return np.uint64(int.from_bytes(text, "little"))


def _word(typing, text, at):  # type: ignore[no-untyped-def]
    """Word at a byte of a text that lies at an address; it must all be there."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        place = builder.add(*arguments)
        wide = ir.IntType(64)
        found = builder.load(builder.inttoptr(place, wide.as_pointer()), align=1)
        return builder.bswap(found) if _SWAP else found

    return types.uint64(types.uint64, types.int64), generate


def _byte(typing, text, at):  # type: ignore[no-untyped-def]
    """Character at a byte of a text that lies at an address; it must be there."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        place = builder.inttoptr(builder.add(*arguments), ir.IntType(8).as_pointer())
        return builder.zext(builder.load(place), ir.IntType(64))

    return types.int64(types.uint64, types.int64), generate


word: Any = intrinsic(_word)
byte: Any = intrinsic(_byte)


def _lowest(typing, bits):  # type: ignore[no-untyped-def]
    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


_lowest_bit: Any = intrinsic(_lowest)


@njit(cache=True, nogil=True)
def below(count):  # type: ignore[no-untyped-def]
    """Mask of the first ``count`` characters, 0 to 7."""
    return (np.uint64(1) << (np.uint64(count) << _THREE)) - np.uint64(1)


@njit(cache=True, nogil=True)
def find(text, character):  # type: ignore[no-untyped-def]
    """Place of a character in a word; 8 if it is not there."""
    other = text ^ (_ONES * np.uint64(character))
    hit = (other - _ONES) & ~other & _HIGHS
    return np.int64(_lowest_bit(hit) >> _THREE)


@njit(cache=True, nogil=True)
def digits(text, count):  # type: ignore[no-untyped-def]
    """Whole number of the first ``count`` characters, 1 to 8; -1 if any is no digit."""
    missing = np.uint64(8 - count) << _THREE
    each = (text << missing) ^ (_ZEROS << missing)
    if (each | (each + _SIXES)) & _UPPER:
        return np.int64(-1)
    each = each * _TEN + (each >> _EIGHT)
    high = (each & _PAIRS) * _HUNDREDS
    low = ((each >> _SIXTEEN) & _PAIRS) * _UNITS
    return np.int64((high + low) >> _THIRTY_TWO)
