"""Sealing: canonical JSON of a return, its hash, and the receipt over that."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


_ENCODER = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
)


def text(document: Mapping[str, Any]) -> str:
    """Text of `canonical`."""
    return _ENCODER.encode(document)


def canonical(document: Mapping[str, Any]) -> bytes:
    """JSON that is the same for equal content: keys sorted, no blanks, UTF-8.

    Examples
    --------
    >>> canonical({"b": 1.0, "a": "ə"}).decode()
    '{"a":"ə","b":1.0}'
    """
    return text(document).encode()


def sealed(
    enterprise: str,
    form: str,
    form_version: int,
    period: str,
    unit: str,
    content: Mapping[str, Any],
) -> bytes:
    """Canonical JSON of a return: what is hashed, and what a signature is made over."""
    heads = {
        "enterprise": enterprise,
        "form": form,
        "form_version": form_version,
        "period": period,
        "unit": unit,
    }
    return sealed_text(heads, text(content))


def sealed_text(heads: Mapping[str, Any], sections: str) -> bytes:
    """Do the same with the text of the sections, which is written but once.

    Examples
    --------
    >>> sealed_text({"period": "2024", "unit": "m3"}, "{}").decode()
    '{"period":"2024","sections":{},"unit":"m3"}'
    """
    before = {key: value for key, value in heads.items() if key < "sections"}
    after = {key: value for key, value in heads.items() if key > "sections"}
    return f'{text(before)[:-1]},"sections":{sections},{text(after)[1:]}'.encode()


def sha256(raw: bytes) -> bytes:
    """Hash of bytes."""
    return hashlib.sha256(raw).digest()


def receipt(
    enterprise: str,
    form: str,
    period: str,
    number: int,
    digest: bytes,
    submitted_at: datetime,
    previous: bytes | None,
) -> dict[str, Any]:
    """Make the receipt of a version.

    ``seal`` is the hash over the rest of it, which holds the seal of the version
    before: none can be taken out or changed unseen.
    """
    said: dict[str, Any] = {
        "receipt": f"{form}/{enterprise}/{period}/{number}",
        "enterprise": enterprise,
        "form": form,
        "period": period,
        "version": number,
        "sha256": digest.hex(),
        "submitted_at": submitted_at.isoformat(),
        "previous": None if previous is None else previous.hex(),
    }
    return {**said, "seal": sha256(canonical(said)).hex()}
