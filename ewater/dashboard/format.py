"""How quantities are written: hm³, expanded uncertainty, known part, change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ewater.units import HM3

if TYPE_CHECKING:
    from ewater.dashboard.answers import Quantity
    from ewater.dashboard.i18n import Language

EXPANSION = 2.0  # U = 2u, about 95 % (METHODS, conventions)
UNIT = "hm³"
UNCERTAINTY = "± U (95 %)"  # the same in every language
DASH = "—"


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def figure(value: float | None, lang: Language, digits: int | None = None) -> str:
    """Write a number with so many decimals, or about three figures.

    Unknown is a dash.
    """
    if value is None or not math.isfinite(value):
        return DASH
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2
    return lang.number(value, digits)


def hm3(value: float | None, lang: Language) -> str:
    """Write a volume (m3) in hm³ with about three figures; unknown is a dash."""
    return figure(None if value is None else value / HM3, lang)


def stated(value: float | None, code: str, lang: Language) -> str:
    """Write a figure in the unit in which it was stated, hm³ as on the pages."""
    unit = UNIT if code == "hm3" else lang.unit(code)
    return f"{figure(value, lang)} {unit}"


def with_unit(words: str) -> str:
    """Head of a column or axis: the words and the unit of volumes."""
    return f"{words}, {UNIT}"


def signed_hm3(value: float | None, lang: Language) -> str:
    """Write a volume with its sign, for changes and residuals."""
    text = hm3(value, lang)
    return f"+{text}" if value is not None and value > 0 else text


def expanded(u: float | None, lang: Language) -> str:
    """Write the expanded uncertainty of a volume: ``± 12`` (hm³, 95 %)."""
    if u is None or not math.isfinite(u):
        return DASH
    return f"± {hm3(EXPANSION * u, lang)}"


def is_absent(quantity: Quantity) -> bool:
    """Whether no flow makes a quantity: it is nothing, and nobody measured that."""
    return quantity["status"] == "unknown" and quantity["value"] is not None


def unsure(quantity: Quantity, lang: Language, *, signed: bool = False) -> str:
    """Write the expanded uncertainty of what `amount` writes.

    A dash has none, nor has what no flow makes.
    """
    if amount(quantity, lang, signed=signed) == DASH or not _finite(quantity["u"]):
        return ""
    if is_absent(quantity):
        return ""
    return expanded(quantity["u"], lang)


def told(quantity: Quantity, lang: Language, *, signed: bool = False) -> str:
    """Write an amount with its unit and uncertainty; of a dash there is neither."""
    text = amount(quantity, lang, signed=signed)
    if text == DASH:
        return text
    half = unsure(quantity, lang, signed=signed)
    return f"{text} {UNIT}" + (f"  {half} (95 %)" if half else "")


def percent(share: float | None, lang: Language, digits: int = 0) -> str:
    """Write a share (1 is all); a share just below all is never shown as all."""
    if share is None or not math.isfinite(share):
        return DASH
    shown = share * 100
    step = 10.0**-digits
    if shown < 100 < shown + step / 2:
        shown = 100 - step
    return f"{lang.number(shown, digits)} %"


def signed_percent(share: float, lang: Language) -> str:
    """Write a relative difference with its sign; one that rounds to zero has none."""
    text = percent(share, lang, 1)
    is_zero = not any(digit in "123456789" for digit in text)
    return f"+{text}" if share > 0 and not is_zero else text


def amount(quantity: Quantity, lang: Language, *, signed: bool = False) -> str:
    """Write a value, or what is known of it.

    A sum of volumes with gaps is at least its known part, ``≥ 120``; a signed
    quantity with gaps is not bounded by it and is only a dash.
    """
    value = quantity["value"]
    if _finite(value):
        return signed_hm3(value, lang) if signed else hm3(value, lang)
    if signed or not quantity["known"]:
        return DASH
    return f"≥ {hm3(quantity['known'], lang)}"


def shortened(text: str, most: int) -> str:
    """Cut a text for a place of ``most`` characters, and show that it was cut."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def gap(quantity: Quantity, lang: Language) -> str:
    """Say how many flows are missing; empty when none is."""
    count = len(quantity["missing"])
    if not count:
        return ""
    return lang.ngettext(
        "{count} flow without data", "{count} flows without data", count
    ).format(count=lang.number(count))


def change(
    now: Quantity, before: Quantity | None, lang: Language, *, signed: bool = False
) -> str:
    """Write the change on an earlier value.

    It is a share of that value, or hm³ where a share would say nothing: for a
    quantity with a sign, and on a value that cannot be told from zero.
    """
    if before is None or now["value"] is None or before["value"] is None:
        return DASH
    difference = now["value"] - before["value"]
    if signed:
        return f"{signed_hm3(difference, lang)} {UNIT}"
    if abs(before["value"]) <= EXPANSION * (before["u"] or 0.0):
        return f"{signed_hm3(difference, lang)} {UNIT}"
    return signed_percent(difference / before["value"], lang)


def is_within_uncertainty(now: Quantity, before: Quantity | None) -> bool:
    """Whether a change is too small to be told from the uncertainty of both."""
    if before is None or now["value"] is None or before["value"] is None:
        return False
    if now["u"] is None or before["u"] is None:
        return False
    difference = abs(now["value"] - before["value"])
    return difference <= EXPANSION * math.hypot(now["u"], before["u"])


def verdict(z: float | None) -> str:
    """Judge a residual: closed to 2, watch to 3, then investigate (METHODS 4).

    Examples
    --------
    >>> verdict(-0.4), verdict(2.5), verdict(-3.1), verdict(None)
    ('closed', 'watch', 'investigate', 'unknown')
    """
    if z is None or not math.isfinite(z):
        return "unknown"
    size = abs(z)
    return "closed" if size <= 2 else "watch" if size <= 3 else "investigate"
