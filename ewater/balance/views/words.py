"""Words of the vocabulary in the three languages, for lines that no view names."""

from __future__ import annotations

from types import MappingProxyType
from typing import TypeAlias

Words: TypeAlias = dict[str, str]


def _words(az: str, en: str, ru: str) -> Words:
    return {"az": az, "en": en, "ru": ru}


TERMS = MappingProxyType(
    {
        "precipitation": _words("yağıntı", "precipitation", "осадки"),
        "runoff": _words("yerüstü axın", "runoff", "поверхностный сток"),
        "baseflow": _words("yeraltı qidalanma", "baseflow", "подземное питание"),
        "inflow_from_neighbours": _words(
            "qonşulardan axın", "inflow from neighbours", "приток от соседей"
        ),
        "outflow_to_neighbours": _words(
            "qonşulara axın", "outflow to neighbours", "отток к соседям"
        ),
        "outflow_to_sea": _words("dənizə axın", "outflow to the sea", "сток в море"),
        "outflow_to_downstream": _words(
            "aşağıya axın", "outflow downstream", "сток вниз по течению"
        ),
        "evaporation": _words("buxarlanma", "evaporation", "испарение"),
        "actual_evapotranspiration": _words(
            "evapotranspirasiya", "evapotranspiration", "эвапотранспирация"
        ),
        "recharge": _words("yeraltı suların dolması", "recharge", "питание грунтовых"),
        "seepage": _words("süzülmə", "seepage", "фильтрация"),
        "abstraction": _words("götürülən su", "abstraction", "забор воды"),
        "seawater_abstraction": _words(
            "dənizdən götürülən", "sea water taken", "забор морской воды"
        ),
        "desalinated": _words("duzsuzlaşdırılmış", "desalinated", "опреснённая"),
        "transfer": _words("köçürülən su", "transfer", "переброска"),
        "delivery": _words("verilən su", "delivery", "подача"),
        "losses_in_conveyance": _words(
            "nəqletmədə itkilər", "losses in conveyance", "потери при транспортировке"
        ),
        "passed_on": _words(
            "istifadəsiz ötürülən", "passed on", "передано без использования"
        ),
        "wastewater": _words("çirkab suları", "wastewater", "сточные воды"),
        "return_flow": _words("qaytarılan su", "return flow", "возвратные воды"),
        "reuse": _words("təkrar istifadə", "reuse", "повторное использование"),
        "consumption": _words("istehlak", "consumption", "потребление"),
        "other_change_in_volume": _words(
            "digər dəyişmə", "other change in volume", "прочее изменение"
        ),
    }
)
KINDS = MappingProxyType(
    {
        "river": _words("çay", "river", "река"),
        "lake": _words("göl", "lake", "озеро"),
        "snow_ice": _words("qar və buz", "snow and ice", "снег и лёд"),
        "canal": _words("kanal", "canal", "канал"),
        "reservoir": _words("su anbarı", "reservoir", "водохранилище"),
        "groundwater": _words("yeraltı sular", "groundwater", "подземные воды"),
        "soil": _words("torpaq", "soil", "почва"),
        "economy": _words("iqtisadiyyat", "economy", "экономика"),
        "neighbour": _words("qonşu", "neighbour", "сосед"),
        "sea": _words("dəniz", "sea", "море"),
        "atmosphere": _words("atmosfer", "atmosphere", "атмосфера"),
    }
)
STOCKS = MappingProxyType(
    {
        "opening": _words("əvvəlki ehtiyat", "opening stock", "запас на начало"),
        "closing": _words("son ehtiyat", "closing stock", "запас на конец"),
        "change": _words("ehtiyatın dəyişməsi", "change in stock", "изменение запаса"),
        "booked": _words(
            "əyrinin dəyişməsi", "change of curve, booked", "изменение кривой"
        ),
        "full": _words("tam tutum", "capacity", "полный объём"),
        "dead": _words("ölü həcm", "dead volume", "мёртвый объём"),
    }
)
RE_ENTERING = _words(
    "çıxıb qayıdan su", "leaves and comes back", "уходит и возвращается"
)
INPUT = _words("verilmiş kəmiyyət", "given", "задано")
NUMERATOR = _words("surət", "numerator", "числитель")
DENOMINATOR = _words("məxrəc", "denominator", "знаменатель")
UNEXPLAINED = _words("izah olunmayan", "unexplained", "не объяснено")


def joined(*parts: Words | str) -> Words:
    """Put words together; a plain text is the same in each language."""
    return {
        language: "".join(p if isinstance(p, str) else p[language] for p in parts)
        for language in ("az", "en", "ru")
    }
