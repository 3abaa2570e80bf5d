"""Use, gross use and consumption of each sector (METHODS 1.3 and 6; DESIGN, "Use").

A term says what a flow means to the account at either end; the tables below are the
whole definition.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ewater.balance.labels import labelled
from ewater.balance.matrices import by_group, csr
from ewater.balance.totals import shown, totals
from ewater.errors import UsageError
from ewater.terms import SECTORS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    from ewater.balance.flows import Flows
    from ewater.balance.ledger import Ledger
    from ewater.balance.matrices import Matrix

MEASURES = ("use", "gross_use", "consumption")

#: Fresh water that a user takes or receives.
RECEIVED = (
    "abstraction",
    "desalinated",
    "reuse",
    "delivery",
    "transfer",
    "passed_on",
)
#: Fresh water that a user hands to others without having used it.
HANDED_ON = ("delivery", "transfer", "passed_on")
#: Water that a user supplies, used or made by it.
SUPPLIED = ("wastewater", "reuse", "desalinated")
#: Water that a user gives back to the environment.
RETURNED = ("return_flow", "losses_in_conveyance", "seepage")


#: Least and greatest part of its use that a sector consumes (METHODS 6.6) [D]:
#: irrigation, thermal power cooled once through, industry, municipal use.
CONSUMED: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "agriculture": (0.5, 0.9),
        "energy": (0.01, 0.02),
        "industry": (0.1, 0.2),
        "services": (0.1, 0.2),
        "households": (0.1, 0.2),
    }
)


def consumed_share(
    account: str, sector: str, given: Sequence[str | float], u_given: float
) -> tuple[float, float]:
    """Share of its use that an account consumes, and its standard uncertainty.

    The middle of the range of its sector, uncertain as a rectangle of that width; or
    the share that is given, uncertain by the part ``u_given`` of it.

    Raises
    ------
    UsageError
        No share is given, and there is none for the sector; or it is above 1.
    """
    if given:
        share = float(given[0])
        if not 0 <= share <= 1:
            raise UsageError(
                f"flows.csv: {account} cannot consume {share:g} of what it uses; give "
                "a share from 0 to 1"
            )
        return share, share * u_given
    if sector not in CONSUMED:
        raise UsageError(
            f"flows.csv: what {account} consumes has no usual share (sector "
            f"{sector!r}); write rule:consumed({account}, SHARE)"
        )
    low, high = CONSUMED[sector]
    return (low + high) / 2, (high - low) / np.sqrt(12)


def use_sign(account: str, entering: str, leaving: str, term: str) -> int:
    """Sign with which a flow counts in the use of an account: 1, -1 or 0."""
    if entering == account and term in (*RECEIVED, "seawater_abstraction"):
        return 1
    gone = (*HANDED_ON, "losses_in_conveyance")
    return -1 if leaving == account and term in gone else 0


def sector_totals(
    ledger: Ledger, flows: Flows, *, territories: Iterable[str] | None = None
) -> xr.Dataset:
    """Use, gross use and consumption of the economy accounts of each sector.

    ``use`` is abstracted + received - handed on unused - lost in conveyance (form
    2-TP column 31); wastewater passed on after use changes nothing. ``gross_use`` is
    SEEA's U = E + R, received wastewater included. ``consumption`` is the flows of
    that term, for accounts that have any, else what enters less supplies and
    returns; a loss to the atmosphere is consumed, one to the ground is a return.
    Sea water enters consumption only: it is no use of fresh water.

    Parameters
    ----------
    ledger
        The country.
    flows
        From `ewater.balance.flows.resolve`.
    territories
        Codes; all when not given.

    Returns
    -------
    xarray.Dataset : (territory, sector, period), m3
        For each NAME of ``use``, ``gross_use``, ``consumption``: ``NAME`` (NaN when
        a flow is missing), ``NAME_known``, ``NAME_missing``, ``NAME_u``,
        ``NAME_coverage``, ``NAME_status``, ``NAME_status_shares``. A territory that
        holds no account has no value, and 0 is known of it.
    """
    rows = ledger.rows(territories)
    matrices = sector_matrices(ledger, rows)
    fields = shown({name: totals(m, flows) for name, m in matrices.items()})
    for name in matrices:
        fields[name][np.repeat(ledger.empty(rows), len(SECTORS))] = np.nan
    labels: dict[str, ArrayLike] = {
        "territory": ledger.territories[rows],
        "sector": SECTORS,
    }
    return labelled(fields, labels, flows.bounds)


def total_use(
    ledger: Ledger, flows: Flows, *, territories: Iterable[str] | None = None
) -> xr.Dataset:
    """Use, gross use and consumption of all sectors together.

    Gross use counts water again each time it is handed on; use and consumption
    count it once. Parameters and variables are those of `sector_totals`, without
    the dimension ``sector``.
    """
    rows = ledger.rows(territories)
    one = csr(sparse.kron(sparse.eye_array(rows.size), np.ones((1, len(SECTORS)))))
    fields = {
        f"{name}{suffix}": array
        for name, matrix in sector_matrices(ledger, rows).items()
        for suffix, array in totals(_exact(csr(one @ matrix)), flows).fields().items()
    }
    for name in MEASURES:
        fields[name][ledger.empty(rows)] = np.nan
    labels: dict[str, ArrayLike] = {"territory": ledger.territories[rows]}
    return labelled(fields, labels, flows.bounds)


def sector_matrices(ledger: Ledger, rows: NDArray[np.intp]) -> dict[str, Matrix]:
    """Coefficients of each measure, csr (territory x sector, flow)."""
    stated = np.zeros(ledger.accounts.size, dtype=bool)
    stated[ledger.flow_from[ledger.flow_term == "consumption"]] = True
    to_air = ledger.account_kind[ledger.flow_to] == "atmosphere"

    def at(
        end: str, terms: Collection[str], where: NDArray[np.bool_] | None = None
    ) -> Matrix:
        return _at(ledger, rows, end, np.isin(ledger.flow_term, list(terms)), where)

    taken_in = at(
        "to",
        (*RECEIVED, "wastewater", "seawater_abstraction"),
        ~stated[ledger.flow_to],
    )
    given_away = at(
        "from",
        (*HANDED_ON, *SUPPLIED, *RETURNED),
        ~stated[ledger.flow_from] & ~to_air,
    )
    return {
        "use": _less(
            at("to", RECEIVED), at("from", (*HANDED_ON, "losses_in_conveyance"))
        ),
        "gross_use": at("to", (*RECEIVED, "wastewater")),
        "consumption": csr(_less(taken_in, given_away) + at("from", ("consumption",))),
    }


def _at(
    ledger: Ledger,
    rows: NDArray[np.intp],
    end: str,
    chosen: NDArray[np.bool_],
    where: NDArray[np.bool_] | None,
) -> Matrix:
    """Share of the economy account at one end of the chosen flows, by its sector."""
    account = ledger.flow_from if end == "from" else ledger.flow_to
    sector = np.array(
        [SECTORS.index(s) if s in SECTORS else -1 for s in ledger.account_sector],
        dtype=np.intp,
    )
    sector[ledger.account_kind != "economy"] = -1
    wanted = chosen if where is None else chosen & where
    group = np.where(wanted, sector[account], -1)
    share = csr(ledger.membership[rows] @ ledger.ends(end))
    return by_group(share, group, len(SECTORS))


def _less(plus: Matrix, minus: Matrix) -> Matrix:
    """Difference, without what cancels inside a sector."""
    return _exact(csr(plus - minus))


def _exact(matrix: Matrix) -> Matrix:
    matrix.eliminate_zeros()
    return matrix
