"""Ways to forecast, behind one interface.

A candidate makes of the past of some series as many equally likely futures as there
are earlier origins: each is what it expects, and by how much it was wrong at one of
them. So a future of one series and a future of another that go back to the same
origin belong together, and droughts come to neighbours at the same time.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from ewater.forecast.records import Past

    Floats = NDArray[np.float64]

_NEAR = 0.3  # quantile of distances within which analogues weigh most
_RIDGE = 0.1  # per earlier origin: a weak pull towards the usual
_STEADY = 0.97  # memory of a month beyond which a record has no mean to return to
_NOTHING = 1e-3
_LEAST = 96  # months that differ from the usual, to estimate a process from


class Candidate(Protocol):
    """A way to forecast."""

    name: str

    def __call__(self, past: Past) -> Floats:
        """Make futures, (series, track, lead), as anomalies."""
        ...


class Climatology:
    """Each earlier year comes again."""

    name = "climatology"

    def __call__(self, past: Past) -> Floats:
        """Take the tracks as they are."""
        return past.tracks * past.inflation[:, None, None]


class Analogues:
    """Years come again, more often the more their last months were like these."""

    name = "analogues"

    def __call__(self, past: Past) -> Floats:
        """Draw tracks by how near their start lies."""
        away = past.features[:, 1:] - past.features[:, :1]
        square = (away**2).sum(axis=-1)
        near = np.quantile(square, _NEAR, axis=1, keepdims=True)
        weight = np.exp(-square / (2 * np.maximum(near, 1e-12)))
        weight /= weight.sum(axis=1, keepdims=True)
        count = weight.shape[1]
        upto = np.cumsum(weight, axis=1)
        wanted = (np.arange(count) + 0.5) / count
        drawn = (upto[:, None, :] < wanted[:, None]).sum(axis=-1)
        drawn = np.minimum(drawn, count - 1)
        tracks = np.take_along_axis(past.tracks, drawn[:, :, None], axis=1)
        return np.asarray(tracks * past.inflation[:, None, None])


class Regression:
    """Ridge regression on the last months, and on snow and storage where present."""

    name = "regression"

    def __call__(self, past: Past) -> Floats:
        """Expect what the features say; err as without the earlier origin itself."""
        now, then = past.features[:, 0], past.features[:, 1:]
        count, size = then.shape[1:]
        gram = np.einsum("snk,snl->skl", then, then)
        gram += _RIDGE * count * np.eye(size)
        inverse = np.linalg.inv(gram)
        slope = inverse @ np.einsum("snk,snh->skh", then, past.tracks)
        error = past.tracks - then @ slope
        weight = np.einsum("snk,skl,snl->sn", then, inverse, then)
        error /= np.maximum(1 - weight, 0.5)[:, :, None]
        expected = np.einsum("sk,skh->sh", now, slope)
        spread = np.sqrt(past.inflation)[:, None, None]
        return np.asarray(expected[:, None] + error * spread)


class Arma:
    """ARMA(1,1) of the anomalies: what is left of this month fades month by month.

    Parameters are those of statsmodels (Hannan & Rissanen 1982), estimated again
    when the origin enters another year; a record of less than eight years, or one for
    which they are not steady, gets the autocorrelation of one month instead.
    """

    name = "arma"

    def __init__(self) -> None:
        self._year: tuple[int, bytes] | None = None
        self._fitted = np.zeros((0, 2))

    def __call__(self, past: Past) -> Floats:
        """Expect the rest of the last anomaly; err as at the earlier origins."""
        from scipy.signal import lfilter  # large, and pages make no forecast

        anomaly = np.nan_to_num(past.anomaly)
        ar, ma = self._parameters(past, anomaly).T
        surprise = np.stack(
            [
                lfilter([1.0, -a], [1.0, m], row)
                for a, m, row in zip(ar, ma, anomaly, strict=True)
            ]
        )
        ahead = ar[:, None] * anomaly + ma[:, None] * surprise
        fading = ar[:, None] ** np.arange(past.horizon)
        now = ahead[:, past.origin - 1]
        then = ahead[:, past.starts - 1]
        error = past.tracks - then[:, :, None] * fading[:, None]
        spread = np.sqrt(past.inflation)[:, None, None]
        return np.asarray(now[:, None, None] * fading[:, None] + error * spread)

    def _parameters(self, past: Past, anomaly: Floats) -> Floats:
        year = (past.records.first + past.origin) // 12
        key = (year, past.records.codes.tobytes())
        if key != self._year:
            self._fitted = np.array([_fit(row.tobytes()) for row in anomaly])
            self._year = key
        return self._fitted


@functools.lru_cache(maxsize=4096)
def _fit(row: bytes) -> tuple[float, float]:
    """Autoregressive and moving-average parameter of one record of anomalies."""
    from statsmodels.tsa.arima.estimators.hannan_rissanen import hannan_rissanen

    anomaly = np.frombuffer(row)
    if np.count_nonzero(np.abs(anomaly) > _NOTHING) < _LEAST:
        return _lag_one(anomaly), 0.0
    found, _ = hannan_rissanen(anomaly, 1, 1, demean=False)
    ar, ma = float(found.ar_params[0]), float(found.ma_params[0])
    if not (0 <= ar < _STEADY and abs(ma) < _STEADY):
        return _lag_one(anomaly), 0.0
    return ar, ma


def _lag_one(anomaly: Floats) -> float:
    energy = float(anomaly @ anomaly)
    if energy < _NOTHING:
        return 0.0
    return float(np.clip(anomaly[1:] @ anomaly[:-1] / energy, 0.0, _STEADY))


class Pool:
    """Half of what the regression says, half of what the process says."""

    name = "pool"

    def __init__(self) -> None:
        self._parts = (Regression(), Arma())

    def __call__(self, past: Past) -> Floats:
        """Average the futures that go back to the same origin."""
        first, second = (past.made_by(part) for part in self._parts)
        return np.asarray(0.5 * (first + second))


#: Ways to forecast by name, in the order of the tables; the first is the yardstick.
CANDIDATES: Mapping[str, Callable[[], Candidate]] = {
    kind.name: kind for kind in (Climatology, Analogues, Regression, Arma, Pool)
}
YARDSTICK = Climatology.name
