"""The mail of an alert, in the languages of the system."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ewater import written
from ewater.terms import ALERT_SUBJECTS
from ewater.written import LANGUAGES, PLACE

if TYPE_CHECKING:
    from collections.abc import Mapping

Said = tuple[str, str, str]

_SEVERITIES: dict[str, Said] = {
    "danger": ("Təhlükə", "Danger", "Опасность"),
    "warning": ("Diqqət", "Warning", "Предупреждение"),
    "notice": ("Bildiriş", "Notice", "Уведомление"),
    "ended": ("Başa çatdı", "Ended", "Завершено"),
}
_KINDS: dict[str, Said] = {
    "level": ("Suyun səviyyəsi", "Water level", "Уровень воды"),
    "discharge": ("Su sərfi", "Discharge", "Расход воды"),
    "storage": ("Su ehtiyatı", "Storage", "Запас воды"),
    "missing": ("Məlumat yoxdur", "Missing data", "Нет данных"),
    "permit": ("İcazə", "Permit", "Разрешение"),
    "closure": ("Balansın bağlanması", "Closure of the account", "Сходимость баланса"),
}
_UNITS: dict[str, Said] = {
    "level": ("m", "m", "м"),
    "discharge": ("m³/san", "m³/s", "м³/с"),
    "storage": ("% tutumdan", "% of capacity", "% от ёмкости"),
    "missing": ("saat", "h", "ч"),
    "permit": ("% icazədən", "% of the permit", "% от разрешения"),
    "closure": ("z", "z", "z"),
}
_LIMIT: Said = ("hədd", "limit", "порог")
_RULE: Said = (
    "qayda {rule}, xəbərdarlıq {alert}",
    "rule {rule}, alert {alert}",
    "правило {rule}, оповещение {alert}",
)
_SIDES = {"above": "≥", "below": "≤"}


def letter(said: Mapping[str, Any], zone: str = "UTC") -> tuple[str, str]:
    """Write subject and body of a mail.

    Parameters
    ----------
    said
        As `ewater.alerts.send.document` makes it.
    zone
        In whose clock the time is told.
    """
    names = said["names"]
    first = next((name for name in names.values() if name), said["rule"])
    word = "ended" if said["event"] == "ended" else said["severity"]
    state = " · ".join(_SEVERITIES[word])
    parts = [_part(said, names.get(lang) or first, zone, lang) for lang in LANGUAGES]
    return f"[{state}] {first}", "\n\n".join(parts) + "\n"


def _part(said: Mapping[str, Any], name: str, zone: str, lang: str) -> str:
    """Say the alert in one language."""
    at, kind = PLACE[lang], said["kind"]
    word = "ended" if said["event"] == "ended" else said["severity"]
    when = datetime.fromisoformat(said["time"]).astimezone(ZoneInfo(zone))
    side, limit = next(iter(said["limit"].items()))
    figures = f"{_LIMIT[at]} {_SIDES[side]} {_amount(limit, kind, lang)}"
    if said["value"] is not None:
        figures = f"{_amount(said['value'], kind, lang)}, {figures}"
    return "\n".join(
        (
            f"{_SEVERITIES[word][at]}: {name}",
            f"{_KINDS[kind][at]}, {said[ALERT_SUBJECTS[kind]]}: {figures}",
            f"{written.moment(when, lang)} ({zone})",
            _RULE[at].format(rule=said["rule"], alert=said["alert"]),
        )
    )


def _amount(value: float, kind: str, lang: str) -> str:
    return f"{written.figure(value, lang)} {_UNITS[kind][PLACE[lang]]}"
