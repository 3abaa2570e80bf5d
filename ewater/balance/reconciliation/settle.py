"""What becomes of each period: pass, elimination, bounds, refusal (METHODS 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ewater.balance.reconciliation.bounds import held_errors, within_bounds
from ewater.balance.reconciliation.estimate import Response
from ewater.balance.reconciliation.gross import (
    State,
    alike_with,
    critical_gamma,
    eliminate,
    measurement_z,
    stands_out,
)
from ewater.balance.reconciliation.result import Standing, Suspect, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ewater.balance.reconciliation.estimate import Estimate
    from ewater.balance.reconciliation.first import Candidates
    from ewater.balance.reconciliation.inputs import Inputs
    from ewater.balance.reconciliation.structure import Structure

    Fields = dict[str, NDArray[Any]]
    Floats = NDArray[np.float64]
    Labels = dict[str, NDArray[np.str_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How strictly to test, and what to do when a test fails.

    Attributes
    ----------
    alpha : float
        Level of the global test.
    eliminate : bool
        Set suspects aside one by one while the global test fails.
    each : bool
        Set them aside also while the largest measurement test is above the Šidák
        limit. Among thousands of degrees of freedom the global test overlooks one
        bad meter.
    refuse : bool
        Let raw values stand where it still fails (METHODS 5). If not, adjusted
        values are given and the verdict is ``FAILED``.
    """

    alpha: float = 0.05
    eliminate: bool = True
    each: bool = False
    refuse: bool = True


def settle(
    fields: Fields,
    given: Inputs,
    found: Structure,
    fit: Estimate,
    periods: NDArray[np.intp],
    candidates: Candidates,
    policy: Policy,
    labels: Labels,
) -> tuple[list[Suspect], dict[int, Case]]:
    """Decide every period of a pattern; what passes is left as it is.

    Returns
    -------
    tuple
        Suspects, and the cases by period that did not simply pass.
    """
    dof = fields["dof"][periods]
    contradicts = fields["contradictory"][:, periods].any(axis=0)
    fails = (dof > 0) & (fit.gamma > critical_gamma(dof, policy.alpha))
    if policy.each:
        fails |= (dof > 1) & stands_out(fields["z_power"][:, periods], policy.alpha)
    with np.errstate(invalid="ignore"):
        outside = (
            (fit.value < given.lower[:, periods])
            | (fit.value > given.upper[:, periods])
        ).any(axis=0)
    fields["verdict"][periods] = np.where(
        contradicts,
        Verdict.CONTRADICTORY,
        np.where(dof > 0, Verdict.RECONCILED, Verdict.UNTESTED),
    )
    suspects: list[Suspect] = []
    cases: dict[int, Case] = {}
    for n in np.flatnonzero((fails | outside) & ~contradicts):
        case = Case(fields, given, found, fit, int(n), int(periods[n]), candidates)
        if fails[n]:
            suspects += case.search(policy, labels)
        case.bound(policy.alpha)
        case.close(policy)
        cases[int(periods[n])] = case
    return suspects, cases


class Case:
    """One period that does not simply pass."""

    def __init__(
        self,
        fields: Fields,
        given: Inputs,
        found: Structure,
        fit: Estimate,
        n: int,
        period: int,
        candidates: Candidates,
    ) -> None:
        self.fields = fields
        self.given = given
        self.period = period
        self.candidates = candidates
        self.response = Response(found, given.variance[:, period], fit.ridge[:, n])
        self.state = State(
            value=fit.value[:, n].copy(),
            variance=fit.variance[:, n].copy(),
            multiplier=fit.multiplier[:, n].copy(),
            power=candidates.power[:, n].copy(),
            gamma=float(fit.gamma[n]),
            dof=int(fields["dof"][period]),
            steps=[],
        )
        self.verdict = Verdict(int(fields["verdict"][period]))
        self.removed: list[int] = []

    def search(self, policy: Policy, labels: Labels) -> list[Suspect]:
        """Set suspects aside; name the first if none may be."""
        vectors, directions = self.candidates.vectors, self.candidates.directions
        removals = []
        if policy.eliminate:
            removals = eliminate(
                self.state,
                self.response,
                vectors,
                directions,
                policy.alpha,
                each=policy.each,
            )
        names = labels["candidate"]
        if not removals:
            return self._first_suspect(names)
        self.removed = [r.candidate for r in removals]
        removed = np.array(self.removed)
        touched = np.unique(directions[:, removed].indices)
        measured = self.given.measured[touched, self.period]
        self.fields["standing"][touched[measured], self.period] = Standing.SUSPECT
        self.verdict = Verdict.SUSPECTS_REMOVED
        return [
            Suspect(
                period=self.period,
                name=str(names[r.candidate]),
                alike=tuple(str(names[a]) for a in r.alike),
                close=tuple(str(names[a]) for a in r.close),
                z=r.z,
                gamma_before=r.gamma_before,
                gamma_after=r.gamma_after,
                dof_after=r.dof_after,
                removed=True,
            )
            for r in removals
        ]

    def _first_suspect(self, names: NDArray[np.str_]) -> list[Suspect]:
        """Name what is largest although nothing can be set aside."""
        state = self.state
        z = np.abs(
            measurement_z(state.multiplier, self.candidates.vectors, state.power)
        )
        if not np.isfinite(z).any():
            return []
        chosen = int(np.nanargmax(z))
        alike = alike_with(state, self.response, self.candidates.vectors, chosen)
        return [
            Suspect(
                period=self.period,
                name=str(names[chosen]),
                alike=tuple(str(names[a]) for a in alike),
                close=(),
                z=float(z[chosen]),
                gamma_before=state.gamma,
                gamma_after=state.gamma,
                dof_after=state.dof,
                removed=False,
            )
        ]

    def bound(self, alpha: float) -> None:
        """Bring the estimates within their bounds."""
        lower, upper = (
            bound[:, self.period] for bound in (self.given.lower, self.given.upper)
        )
        state = self.state
        result = within_bounds(
            state.value,
            state.variance,
            state.lifted(self.response.covariances),
            lower,
            upper,
        )
        if result.stuck is not None:
            self.verdict = Verdict.INFEASIBLE
            self.fields["active"][result.stuck, self.period] = (
                -1 if state.value[result.stuck] < lower[result.stuck] else 1
            )
            return
        self.fields["active"][:, self.period] = result.active
        state.value, state.variance = result.value, result.variance
        state.gamma += result.cost
        state.dof += int(np.count_nonzero(result.active))

    def errors(self) -> Floats:
        """Errors of what stands by those of the factors, (variable, factor).

        What was set aside no longer acts on the estimates, and what is at a bound does
        not move.
        """
        multiplier, errors = self.response.errors()
        for candidate, (seen, change, power) in zip(
            self.removed, self.state.steps, strict=True
        ):
            row = self.candidates.vectors[:, [candidate]].toarray()[:, 0]
            part = (row @ multiplier) / power
            multiplier = multiplier - np.outer(seen, part)
            errors = errors - np.outer(change, part)
        lifted = self.state.lifted(self.response.covariances)
        return held_errors(errors, self.fields["active"][:, self.period], lifted)

    def close(self, policy: Policy) -> None:
        """Write what stands."""
        fields, state, period = self.fields, self.state, self.period
        fails = state.dof > 0 and state.gamma > critical_gamma(state.dof, policy.alpha)
        if fails and self.verdict is not Verdict.INFEASIBLE:
            self.verdict = Verdict.REFUSED if policy.refuse else Verdict.FAILED
        fields["value"][:, period] = state.value
        fields["u"][:, period] = np.sqrt(state.variance)
        fields["gamma"][period] = state.gamma
        fields["dof"][period] = state.dof
        fields["verdict"][period] = self.verdict
