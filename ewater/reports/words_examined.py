"""Messages of the cross-examination, in three languages."""

from __future__ import annotations

Said = tuple[str, str, str]

#: Kinds of source that findings name by their code.
SOURCES: dict[str, Said] = {
    "surface": ("səth suyu", "surface water", "поверхностные воды"),
    "groundwater": ("yeraltı su", "groundwater", "подземные воды"),
}
EXAMINED: dict[str, Said] = {
    "over_limit": (
        "{source} mənbəyindən {value} min m³ götürülüb, icazələr {limit} min m³ verir "
        "({permits})",
        "{value} thousand m³ taken from {source}, the permits allow {limit} thousand "
        "m³ ({permits})",
        "из источника {source} забрано {value} тыс. м³, разрешения дают {limit} тыс. "
        "м³ ({permits})",
    ),
    "no_permit": (
        "{source} mənbəyindən {months} aylarında {value} min m³ götürülüb, həmin vaxt "
        "qüvvədə icazə yoxdur",
        "{value} thousand m³ taken from {source} in {months}, when no "
        "permit was valid",
        "из источника {source} за {months} забрано {value} тыс. м³ без "
        "действующего разрешения",
    ),
    "meter": (
        "hesabat {value} ± {u} min m³, sayğaclar ({series}) {metered} ± {metered_u} "
        "min m³ göstərir",
        "reported {value} ± {u} thousand m³, the meters ({series}) show {metered} ± "
        "{metered_u} thousand m³",
        "в отчёте {value} ± {u} тыс. м³, приборы ({series}) показывают {metered} ± "
        "{metered_u} тыс. м³",
    ),
    "pump_capacity": (
        "{month} ayında {value} min m³ götürülüb, nasoslar ən çoxu {limit} min m³ vura "
        "bilər",
        "{value} thousand m³ taken in {month}, the pumps lift at most {limit} "
        "thousand m³",
        "за {month} забрано {value} тыс. м³, насосы поднимают не больше {limit} "
        "тыс. м³",
    ),
    "pump_energy": (
        "hesabat {value} min m³, nasosların enerjisi {expected} ± {expected_u} min m³ "
        "üçün çatır",
        "reported {value} thousand m³, the energy of the pumps lifts {expected} ± "
        "{expected_u} thousand m³",
        "в отчёте {value} тыс. м³, энергии насосов хватает на {expected} ± "
        "{expected_u} тыс. м³",
    ),
    "history": (
        "{value} min m³, əvvəlki illərə və buraxılışa görə {expected} min m³ "
        "gözlənilirdi ({ratio} dəfə)",
        "{value} thousand m³, while {expected} thousand m³ follow from the years "
        "before and the output (ratio {ratio})",
        "{value} тыс. м³, а по прошлым годам и выпуску ожидалось {expected} тыс. м³ "
        "(в {ratio} раза)",
    ),
    "unit_slip": (
        "{value} min m³ gözlənilən {expected} min m³ ilə {factor} nisbətindədir: vahid "
        "səhvi ehtimalı; vahidi yoxlayın",
        "{value} thousand m³ is {factor} times the {expected} thousand m³ expected: a "
        "slip of the unit is likely; check the unit",
        "{value} тыс. м³ — в {factor} раз от ожидаемых {expected} тыс. м³: похоже на "
        "ошибку единицы; проверьте единицу",
    ),
    "copied_year": (
        "{months} ay {year} ilinin eyni rəqəmlərini təkrar edir",
        "{months} months repeat the figures of {year} exactly",
        "{months} месяцев в точности повторяют цифры {year} года",
    ),
    "same_figure": (
        "{count} ayda eyni rəqəm yazılıb: {value} min m³",
        "the same figure stands in {count} months: {value} thousand m³",
        "одна и та же цифра в {count} месяцах: {value} тыс. м³",
    ),
    "mirror": (
        "{partner} tərəfi {other} min m³ deyir, bu hesabat {value} min m³ "
        "(qeyri-müəyyənlik {u})",
        "{partner} says {other} thousand m³, this return {value} thousand m³ (the "
        "uncertainty of the difference is {u})",
        "{partner} указывает {other} тыс. м³, этот отчёт — {value} тыс. м³ "
        "(неопределённость разницы {u})",
    ),
    "mirror_missing": (
        "{partner} hesabat verib, amma bu {value} min m³ onda yoxdur",
        "{partner} has reported, but these {value} thousand m³ are not in it",
        "{partner} отчитался, но этих {value} тыс. м³ у него нет",
    ),
    "discharge_above_intake": (
        "{out} min m³ axıdılıb və ötürülüb, cəmi {value} min m³ daxil olub",
        "{out} thousand m³ were discharged or passed on, only {value} thousand m³ came "
        "in",
        "отведено и передано {out} тыс. м³, поступило лишь {value} тыс. м³",
    ),
    "discharge_share": (
        "götürülən suyun {share} %-i axıdılıb, əvvəlki illərdə {expected} % idi",
        "{share} % of the water was discharged, {expected} % in the years before",
        "отведено {share} % воды, в прошлые годы {expected} %",
    ),
    "own_identity": (
        "{names}: {left} və {right} min m³",
        "{names}: {left} against {right} thousand m³",
        "{names}: {left} и {right} тыс. м³",
    ),
    "quarters_differ": (
        "il {value} min m³ deyir, təsdiq edilmiş rüblər {other} min m³; il qüvvədədir",
        "the year says {value} thousand m³, its approved quarters {other} thousand m³; "
        "the year counts",
        "год даёт {value} тыс. м³, утверждённые кварталы — {other} тыс. м³; считается "
        "год",
    ),
    "total_break": (
        "{kind} {code}: {item} {year} ilində {value} min m³, gözlənilən {expected} min "
        "m³; dairə {scope}, üsul {method}, vahid {unit} min m³",
        "{kind} {code}: {item} of {year} is {value} thousand m³, {expected} were "
        "expected; scope {scope}, method {method}, unit {unit} thousand m³",
        "{kind} {code}: {item} за {year} — {value} тыс. м³, ожидалось {expected}; "
        "охват {scope}, метод {method}, единица {unit} тыс. м³",
    ),
}  # fmt: skip
