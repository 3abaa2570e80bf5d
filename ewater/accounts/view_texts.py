"""Words around the figures of a view, in the three languages."""

from __future__ import annotations

from types import MappingProxyType

TEXTS = MappingProxyType(
    {
        "as of": {"az": "vəziyyət:", "en": "as of", "ru": "по состоянию на"},
        "in": {"az": "vahid", "en": "in", "ru": "в"},
        "row": {"az": "göstərici", "en": "row", "ru": "показатель"},
        "unit": {"az": "vahid", "en": "unit", "ru": "единица"},
        "number": {"az": "sıra №-si", "en": "no.", "ru": "№"},
        "known": {"az": "məlum", "en": "known", "ru": "известно"},
        "missing": {"az": "çatışmır", "en": "missing", "ru": "нет данных"},
        "no value for": {
            "az": "məlumat yoxdur:",
            "en": "no value for",
            "ru": "нет данных:",
        },
        "and": {"az": "və daha", "en": "and", "ru": "и ещё"},
        "more": {"az": "", "en": "more", "ru": ""},
        "apportioned": {
            "az": "bölünmüş",
            "en": "apportioned",
            "ru": "разделено",
        },
        "apportioned note": {
            "az": "bölünmüş: hesab ərazilər arasında bölünüb, sərhədi keçən hissə "
            "məlum deyil",
            "en": "apportioned: an account is divided between territories, so what "
            "crosses the border cannot be told",
            "ru": "разделено: счёт разделён между территориями, поток через границу "
            "неизвестен",
        },
        "not modelled": {
            "az": "modelləşdirilməyib",
            "en": "not modelled",
            "ru": "не моделируется",
        },
        "undefined": {"az": "təyin edilmir", "en": "undefined", "ru": "не определено"},
        "not given": {"az": "verilməyib", "en": "not given", "ru": "не задано"},
        "not placed": {
            "az": "Cədvəldə yeri olmayan axınlar",
            "en": "Flows without a place in this view",
            "ru": "Потоки, которым нет места в таблице",
        },
        "left out": {
            "az": "Susuz sətir və sütunlar göstərilmir.",
            "en": "Rows and columns without water are not shown.",
            "ru": "Строки и столбцы без воды не показаны.",
        },
        "does not close": {
            "az": "bağlanmır",
            "en": "does not close",
            "ru": "не сходится",
        },
        "expected": {"az": "gözlənilən", "en": "expected", "ru": "ожидаемое"},
        "forecast": {"az": "proqnoz", "en": "forecast", "ru": "прогноз"},
        "from": {"az": "başlanğıc", "en": "from", "ru": "от"},
        "to": {"az": "son", "en": "to", "ru": "до"},
        "raw": {"az": "ilkin", "en": "raw", "ru": "исходное"},
        "reconciled": {
            "az": "uzlaşdırılmış",
            "en": "reconciled",
            "ru": "согласованное",
        },
        "adjustment": {
            "az": "ilkin − uzlaşdırılmış",
            "en": "raw − reconciled",
            "ru": "исходное − согласованное",
        },
        "raw stands": {
            "az": "ilkin rəqəmlər qüvvədədir, balansın qalığı",
            "en": "raw figures stand, with a residual of",
            "ru": "действуют исходные данные, невязка баланса",
        },
        "suspects": {"az": "şübhəlilər", "en": "suspects", "ru": "под сомнением"},
        "supply": {
            "az": "Təminat: qeydə alınmış illərin bu qədərində çatılan və ya aşılan",
            "en": "Supply probability: reached or exceeded in so many of the years "
            "on record",
            "ru": "Обеспеченность: достигается или превышается в такой доле лет "
            "наблюдений",
        },
        "supply note": {
            "az": "Hər sətir ayrıca sıralanıb, sütun toplanmır; yer r/(n+1). "
            "Mötərizədə: hər biri 95 % etibarlı aşağı və yuxarı hədd, … – illər azdır.",
            "en": "Each row is ranked on its own, so a column does not add up; "
            "position r/(n+1). In brackets: lower and upper limit, 95 % sure each, … "
            "where years are too few.",
            "ru": "Строки ранжированы порознь, столбец не складывается; позиция "
            "r/(n+1). В скобках: нижний и верхний пределы, каждый на 95 %, … — лет "
            "недостаточно.",
        },
        "years": {"az": "il sayı", "en": "years", "ru": "лет"},
        "needs": {"az": "lazımdır", "en": "needs", "ru": "нужно"},
        "value": {"az": "qiymət", "en": "value", "ru": "значение"},
    }
)
