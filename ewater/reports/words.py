"""Messages of the checks in three languages: what is wrong, and what is right."""

from __future__ import annotations

import datetime as dt
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ewater import written
from ewater.reports.words_examined import EXAMINED, SOURCES
from ewater.written import LANGUAGES, PLACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ewater.reports.form import Form

__all__ = ["LANGUAGES", "MESSAGES", "say"]
Said = tuple[str, str, str]

_CHECKED: dict[str, Said] = {
    "line": ("sətir {line}", "line {line}", "строка {line}"),
    "column": ("sütun {column}", "column {column}", "графа {column}"),
    # cells
    "formula": (
        "{value} düsturdur və hesablanmır; nəticəsini ədədlə yazın",
        "{value} is a formula and not evaluated; give its result as a number",
        "{value} — формула, она не вычисляется; введите результат числом",
    ),
    "boolean": (
        "{value} ədəd deyil; ədəd yazın və ya xananı boş qoyun",
        "{value} is no number; give one, or clear the cell",
        "{value} — не число; введите число или очистите ячейку",
    ),
    "date": (
        "{value} tarixdir; xananın formatını «Ədəd» edib yenidən yazın",
        "{value} is a date; set the format of the cell to Number and type it again",
        "{value} — дата; задайте ячейке числовой формат и введите число заново",
    ),
    "text": (
        "{value} mətndir; vahidsiz ədəd yazın və ya xananı boş qoyun",
        "{value} is text; give a number without a unit, or clear the cell",
        "{value} — текст; введите число без единицы или очистите ячейку",
    ),
    "number_as_text": (
        "{value} mətn kimi saxlanmış ədəddir; ədəd kimi yazın",
        "{value} is a number kept as text; type it as a number",
        "{value} — число, сохранённое как текст; введите его как число",
    ),
    "decimal_comma": (
        "{value} vergüllə yazılıb; nöqtə ilə yazın: {right}",
        "{value} has a decimal comma; give {right}",
        "{value} записано с запятой; введите {right}",
    ),
    "ambiguous": (
        "{value} həm {point}, həm {plain} ola bilər; ədədi vergülsüz yazın",
        "{value} may mean {point} or {plain}; give the number without a comma",
        "{value} может значить {point} или {plain}; введите число без запятой",
    ),
    "not_finite": (
        "{value} sonlu ədəd deyil; ədəd yazın və ya xananı boş qoyun",
        "{value} is not finite; give a number, or clear the cell",
        "{value} — не конечное число; введите число или очистите ячейку",
    ),
    "negative": (
        "{value} mənfidir; 0 və ya daha böyük ədəd yazın",
        "{value} is negative; give 0 or more",
        "{value} отрицательно; введите 0 или больше",
    ),
    "too_many_digits": (
        "{value} {digits} rəqəmlidir; {unit} ilə ən çoxu {most} yazın",
        "{value} has {digits} digits; give at most {most}, in {unit}",
        "{value} содержит {digits} цифр; введите не больше {most}, в {unit}",
    ),
    "too_fine": (
        "{value} {step}-dan dəqiqdir; {right} yazın",
        "{value} is finer than {step}; give {right}",
        "{value} точнее {step}; введите {right}",
    ),
    "required": (
        "boşdur; {what} yazın",
        "is empty; give {what}",
        "не заполнено; укажите: {what}",
    ),
    "needs": (
        "{value} var, {column} sütunu boşdur; onu da doldurun",
        "holds {value} while column {column} is empty; fill in both",
        "указано {value}, а графа {column} пуста; заполните обе",
    ),
    "unknown_column": (
        "{value} sütunu formada yoxdur; {near}",
        "{value} is no column of the form; {near}",
        "графы {value} в форме нет; {near}",
    ),
    "unknown_section": (
        "{value} bölməsi formada yoxdur; bunlar var: {right}",
        "the form has no section {value}; it has {right}",
        "раздела {value} в форме нет; есть: {right}",
    ),
    "unknown_code": (
        "{value} kodu məlum deyil; bunlardan biri olmalıdır: {right}",
        "code {value} is not known; give one of {right}",
        "код {value} неизвестен; укажите один из: {right}",
    ),
    "unknown_counterparty": (
        "{value} kodlu müəssisə yoxdur; reyestrdəki kodu yazın",
        "no enterprise has the code {value}; give a code of the register",
        "предприятия с кодом {value} нет; укажите код из реестра",
    ),
    "own_counterparty": (
        "{value} müəssisənin öz kodudur; qarşı tərəfin kodunu yazın",
        "{value} is the enterprise itself; give the code of the other side",
        "{value} — само предприятие; укажите код другой стороны",
    ),
    "unknown_permit": (
        "{value} icazəsi bu müəssisənin deyil; onunkular: {right}",
        "{value} is no permit of this enterprise; its own are {right}",
        "{value} — не разрешение этого предприятия; его разрешения: {right}",
    ),
    "unknown_territory": (
        "{value} kodlu ərazi yoxdur; reyestrdəki kodu yazın",
        "no territory has the code {value}; give a code of the register",
        "территории с кодом {value} нет; укажите код из реестра",
    ),
    # units
    "unknown_unit": (
        "{value} həcm vahidi deyil; {right} yazın",
        "{value} is no unit of volume; give {right}",
        "{value} — не единица объёма; укажите {right}",
    ),
    "mixed_units": (
        "vahid {value}, hesabatın başqa sətirlərində isə {other}; birini saxlayın, "
        "məsələn {right}",
        "the unit is {value}, in other lines of this return {other}; give one, such "
        "as {right}",
        "единица {value}, в других строках отчёта {other}; укажите одну, например "
        "{right}",
    ),
    # lines and the whole return
    "identity": (
        "{names}: {left} və {right}; fərq {difference} {unit}. Birini düzəldin",
        "{names}: {left} against {right}, a difference of {difference} {unit}. Put one "
        "of them right",
        "{names}: {left} и {right}, разница {difference} {unit}. Исправьте одно из них",
    ),
    "months_missing": (
        "bəzi ayların xanası boşdur ({months}); su götürülməyibsə 0 yazın",
        "some months are blank ({months}); give 0 where there was no water",
        "не заполнены месяцы ({months}); где воды не было, введите 0",
    ),
    "month_outside": (
        "{month} ayı {period} dövründən kənardadır; xananı boşaldın",
        "{month} is outside {period}; clear the cell",
        "{month}: месяц вне периода {period}; очистите ячейку",
    ),
    "duplicate_line": (
        "{other}-ci sətri təkrar edir; birini saxlayın və ya toplayın",
        "repeats line {other}; keep one, or add them up",
        "повторяет строку {other}; оставьте одну или сложите их",
    ),
    "one_line": (
        "bölmədə {count} sətir var; bir sətir olmalıdır",
        "the section has {count} lines; give one",
        "в разделе {count} строк; нужна одна",
    ),
    "empty_return": (
        "«{section}» bölməsində sətir yoxdur; su götürülməyibsə, 0 olan sətir yazın",
        "section “{section}” has no line; where no water was taken, give a line with 0",
        "в разделе «{section}» нет строк; если воды не брали, введите строку с 0",
    ),
    "unknown_enterprise": (
        "{value} kodlu müəssisə yoxdur; reyestrdəki kodu yazın",
        "no enterprise has the code {value}; give a code of the register",
        "предприятия с кодом {value} нет; укажите код из реестра",
    ),
    "closed_enterprise": (
        "{value} müəssisəsi {date} tarixində bağlanıb; {period} üçün hesabat verilmir",
        "enterprise {value} was closed on {date}; no return is due for {period}",
        "предприятие {value} закрыто {date}; за {period} отчёт не подаётся",
    ),
    "not_yet_open": (
        "{value} müəssisəsi {date} tarixindən açıqdır; {period} dövrünü yoxlayın",
        "enterprise {value} is open from {date} only; check the period {period}",
        "предприятие {value} действует с {date}; проверьте период {period}",
    ),
    "duplicate_return": (
        "{value} müəssisəsinin {period} hesabatı faylda bir də var ({other}); birini "
        "saxlayın",
        "the return of {value} for {period} stands in the file again ({other}); keep "
        "one",
        "отчёт {value} за {period} в файле повторяется ({other}); оставьте один",
    ),
    "unknown_period": (
        "{value} dövr deyil; il (2024) və ya rüb (2024-Q1) yazın",
        "{value} is no period; give a year (2024) or a quarter (2024-Q1)",
        "{value} — не период; укажите год (2024) или квартал (2024-Q1)",
    ),
    "period_not_over": (
        "{period} dövrü {date} tarixində bitir; hesabat ondan sonra verilir",
        "{period} ends on {date}; send the return after that",
        "{period} заканчивается {date}; отчёт подаётся после этого",
    ),
    "period_overlap": (
        "{period} dövrü təsdiq edilmiş {other} hesabatı ilə üst-üstə düşür; onu "
        "düzəldin",
        "{period} overlaps {other}, which is approved; correct that return instead",
        "{period} пересекается с утверждённым {other}; исправьте тот отчёт",
    ),
    "late": (
        "son tarix {date} idi; gecikmə qeyd olunur",
        "it was due until {date}; it is marked as late",
        "срок был до {date}; отмечено опоздание",
    ),
    "late_refused": (
        "son tarix {date} idi və forma gecikməni qəbul etmir; müddətin uzadılmasını "
        "xahiş edin",
        "it was due until {date} and the form takes nothing later; ask for more time",
        "срок был до {date}, форма опозданий не принимает; попросите продлить срок",
    ),
    "wrong_form": (
        "{value} formasıdır; {right} formasını doldurun",
        "it is of form {value}; fill in form {right}",
        "это форма {value}; заполните форму {right}",
    ),
    "wrong_version": (
        "formanın {value} versiyasıdır, qüvvədə olan {right}; yeni şablonu "
        "`ewater report template` ilə alın",
        "it is of version {value} of the form, {right} is in force; take a new "
        "template with `ewater report template`",
        "это версия {value} формы, действует {right}; получите новый шаблон командой "
        "`ewater report template`",
    ),
    # workbooks
    "merged": (
        "{value} xanaları birləşdirilib; birləşməni ləğv edin",
        "cells {value} are merged; unmerge them",
        "ячейки {value} объединены; разъедините их",
    ),
    "hidden_sheet": (
        "«{value}» vərəqi gizlidir; onu göstərin və ya silin",
        "sheet “{value}” is hidden; show it, or remove it",
        "лист «{value}» скрыт; покажите или удалите его",
    ),
    "foreign_sheet": (
        "«{value}» vərəqi şablonda yoxdur; onu silin",
        "sheet “{value}” is none of the template; remove it",
        "листа «{value}» в шаблоне нет; удалите его",
    ),
    "missing_sheet": (
        "«{value}» vərəqi yoxdur; şablondakı kimi saxlayın",
        "sheet “{value}” is gone; keep it as it was",
        "листа «{value}» нет; оставьте его как был",
    ),
    "moved_column": (
        "burada {right} olmalı idi, {value} var; sütunları yerində saxlayın",
        "says {value} where {right} was; leave the columns where they were",
        "здесь {value} вместо {right}; не перемещайте столбцы",
    ),
    "beside": (
        "{value} cədvəldən kənardadır və oxunmur; xananı boşaldın",
        "{value} stands beside the table and is not read; clear the cell",
        "{value} стоит вне таблицы и не читается; очистите ячейку",
    ),
    "other_enterprise": (
        "şablon {value} müəssisəsinindir; {right} üçün öz şablonunu doldurun",
        "the template is that of {value}; for {right} fill in its own",
        "шаблон предприятия {value}; для {right} заполните его собственный",
    ),
    # letters
    "remind_before": (
        "{name} ({code}): {form} üzrə {period} dövrünün hesabatı {date} tarixinə "
        "(daxil olmaqla) qədər göndərilməlidir.",
        "{name} ({code}): the return {form} for {period} is due by {date}.",
        "{name} ({code}): отчёт {form} за {period} нужно сдать до {date} включительно.",
    ),
    "remind_after": (
        "{name} ({code}): {form} üzrə {period} dövrünün hesabatının son günü {date} "
        "idi, hesabat gəlməyib.",
        "{name} ({code}): the return {form} for {period} was due by {date} and has not "
        "come.",
        "{name} ({code}): отчёт {form} за {period} нужно было сдать до {date}, он не "
        "поступил.",
    ),
    "remind_none": (
        "Hesabata başlanmayıb.", "Nothing was begun.", "Отчёт не начат.",
    ),
    "remind_draft": (
        "Qaralama var, amma təqdim edilməyib.",
        "There is a draft that was not submitted.",
        "Есть черновик, который не отправлен.",
    ),
}  # fmt: skip

MESSAGES = MappingProxyType({**_CHECKED, **EXAMINED})


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONTHS = re.compile(r"1–12|\d{1,2}(, \d{1,2})*")
#: What was typed, or is to be typed: it is said as it stands.
_TYPED = frozenset({"value", "right", "point", "plain"})


def say(
    code: str, language: str, values: Mapping[str, Any], form: Form | None = None
) -> str:
    """Say a message in a language; English where it is another.

    Measured figures (floats), days, periods, months and units are written as people of
    the language write them; years and counts (integers) without separators. A value
    that is a dictionary of languages, such as a name, is said in the language.
    """
    del form
    place = PLACE.get(language, 1)
    shown = {name: _shown(name, value, language) for name, value in values.items()}
    if shown.get("source") in SOURCES:
        shown["source"] = SOURCES[shown["source"]][place]
    return MESSAGES[code][place].format(**shown)


def _shown(name: str, value: Any, language: str) -> str:
    if isinstance(value, dict):
        return str(value.get(language) or value.get("en", ""))
    if isinstance(value, float):
        return written.figure(value, language)
    if name == "month" and isinstance(value, int):
        return written.months([value], language)
    if isinstance(value, str) and name not in _TYPED:
        return _said(name, value, language)
    return str(value)


def _said(name: str, text: str, language: str) -> str:
    """Write what the evidence keeps for programs: a day, a period, a unit, months."""
    if name == "unit":
        return written.unit(text, language)
    if name == "months" and _MONTHS.fullmatch(text):
        return written.months(_numbers(text), language)
    if _DAY.fullmatch(text):
        return written.day(dt.date.fromisoformat(text), language)
    return written.period(text, language)


def _numbers(text: str) -> Iterable[int]:
    return range(1, 13) if text == "1–12" else map(int, text.split(", "))
