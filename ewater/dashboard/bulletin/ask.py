"""What a bulletin is asked of, in words of the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ewater.dashboard.exhibits.routes import asked_state
from ewater.errors import ForbiddenError, UsageError

if TYPE_CHECKING:
    from ewater.dashboard.queries import CachedReader
    from ewater.dashboard.state import State

_PERIOD = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")


def months(period: str) -> dict[str, str]:
    """Year and months of a period as the address writes them.

    Raises
    ------
    UsageError
        It is no year, quarter or month.

    Examples
    --------
    >>> months("2023"), months("2023-Q2")
    ({'year': '2023'}, {'year': '2023', 'months': '4-6'})
    """
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise UsageError(f"no period {period!r}: write 2023, 2023-Q2 or 2023-04")
    year, quarter, month = found.groups()
    if quarter:
        return {"year": year, "months": f"{3 * int(quarter) - 2}-{3 * int(quarter)}"}
    if month:
        return {"year": year, "months": f"{int(month)}-{int(month)}"}
    return {"year": year}


def state(
    reader: CachedReader, *, period: str | None = None, **given: str | None
) -> State:
    """View of a territory and period, taken by its word.

    Raises
    ------
    UsageError
        It names something that does not exist.
    NotReadyError
        There is no account yet.
    """
    pairs = {
        **{k: v for k, v in given.items() if v},
        **(months(period) if period else {}),
    }
    try:
        return asked_state(reader, urlencode(pairs))
    except ForbiddenError as error:
        known = ", ".join(sorted(reader.territories().index)[:40])
        raise UsageError(
            f"no territory {given.get('territory')!r}; there are {known}"
        ) from error
