"""What a block's rejects say of its file: cut off, of another encoding, no numbers.

Accepted rows are letters, digits and marks of ASCII, so damage is looked for only
where rows were rejected.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ewater.errors import Fault, FaultsError
from ewater.ingest.parse import Parsed, Reject, readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ewater.ingest.source import Source

#: No quantity of water, energy or time is larger, in SI units; what is, is damage.
LARGEST = 1e30
_CUT = ("cells", "no_value")  # how a row ends that was cut, besides half a number
_HALF = re.compile(r"[-+.eE]\s*$")
_FORMULA = re.compile(r"(^|[,;\t|\"])\s*=")


def refuse(source: Source, body: bytes, found: Parsed, *, expected: int) -> None:
    """Refuse a file that is damaged, by what became of one of its blocks.

    Parameters
    ----------
    source
        The file, to find the place in.
    body, found
        A block and its rows.
    expected
        Cells of a row of comma-separated text; 0 for another layout.

    Raises
    ------
    FaultsError
        The file ends within a row, has a NUL, or bytes that are not UTF-8.
    """
    if not found.rejects:
        return
    last = found.rejects[-1]
    ending = readable(body[body.rfind(b"\n") + 1 :]).strip()
    if ending == last.raw.strip() and _is_cut(last, expected):
        raise FaultsError([_cut(source, last)])
    nul = body.find(b"\0")
    if nul >= 0 or not body.isascii():
        _refuse_encoding(source)


def _is_cut(reject: Reject, expected: int) -> bool:
    if reject.reason == "value":
        return bool(_HALF.search(reject.raw))
    too_many = expected and reject.raw.count(",") >= expected
    return reject.reason in _CUT and not too_many


def _cut(source: Source, reject: Reject) -> Fault:
    return Fault(
        file=source.name,
        line=reject.line,
        column=None,
        message=f"the file ends within a row: {reject.raw[:80]!r}; "
        "nothing of it is loaded",
        allowed="a whole file: send it again",
    )


def _refuse_encoding(source: Source) -> None:
    """Find the first byte that is no UTF-8 or NUL, from the start of the file."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    offset, line = 0, 1
    for block in source.blocks():
        held = len(decoder.getstate()[0])
        nul = block.find(b"\0")
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            at = error.start - held
            if nul < 0 or at < nul:
                raise _undecodable(source, block, at, offset, line) from error
        if nul >= 0:
            raise FaultsError([_nul(source, block, nul, offset, line)])
        offset += len(block)
        line += block.count(b"\n")


def _undecodable(
    source: Source, block: bytes, at: int, offset: int, line: int
) -> FaultsError:
    fault = Fault(
        file=source.name,
        line=line + block.count(b"\n", 0, max(at, 0)),
        column=None,
        message=f"0x{block[max(at, 0)]:02x} at byte {offset + at} is not UTF-8; "
        "nothing of it is loaded",
        allowed="a file in UTF-8, or a profile with its text.encoding",
    )
    return FaultsError([fault])


def _nul(source: Source, block: bytes, at: int, offset: int, line: int) -> Fault:
    return Fault(
        file=source.name,
        line=line + block.count(b"\n", 0, at),
        column=None,
        message=f"NUL at byte {offset + at}: the file is damaged or of another "
        "encoding; nothing of it is loaded",
        allowed="a whole file in UTF-8, or a profile with its text.encoding",
    )


def named(found: Parsed) -> Parsed:
    """Tell formulas from other text that is no number."""
    if not any(r.reason == "value" for r in found.rejects):
        return found
    rejects = [
        replace(r, reason="formula")
        if r.reason == "value" and _FORMULA.search(r.raw)
        else r
        for r in found.rejects
    ]
    return replace(found, rejects=rejects)


def without_enormous(
    found: Parsed, body: bytes, placed: Callable[[], Parsed]
) -> Parsed:
    """Reject numbers that no measurement gives, such as 1e308.

    ``placed`` reads the block again and says where its rows stand.
    """
    if not (np.abs(found.value) > LARGEST).any():  # missing is not larger
        return found
    found = placed()
    enormous = np.abs(found.value) > LARGEST
    rejects = [
        Reject(
            line=int(found.line[row]),
            reason="not_finite",
            raw=readable(body[int(found.first[row]) : int(found.last[row])]),
            detail=f"{found.value[row]:.3g} in SI units",
            column=found.columns[int(found.column[row])]
            if found.column is not None
            else "",
        )
        for row in np.flatnonzero(enormous).tolist()
    ]
    both = sorted([*found.rejects, *rejects], key=lambda r: (r.line, r.column))
    return replace(found.take(~enormous), rejects=both)
