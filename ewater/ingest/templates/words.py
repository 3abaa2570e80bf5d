"""What a workbook says, in the three languages."""

from __future__ import annotations

from types import MappingProxyType

from ewater.written import PLACE

_WORDS: dict[str, tuple[str, str, str]] = {
    # kinds
    "reservoir": ("Su anbarı", "Reservoir", "Водохранилище"),
    "junction": ("Hidroqovşaq", "Hydro-junction", "Гидроузел"),
    "gauge": ("Hidroloji məntəqə", "Gauge", "Гидропост"),
    "well": ("Quyu", "Well", "Скважина"),
    # what is measured
    "level": ("Suyun səviyyəsi", "Water level", "Уровень воды"),
    "storage": ("Su ehtiyatı", "Stored volume", "Объём воды"),
    "discharge": ("Su sərfi", "Discharge", "Расход воды"),
    "volume": ("Suyun həcmi", "Volume of water", "Объём пропущенной воды"),
    "volume_counter": ("Su sayğacı", "Water meter", "Водомер"),
    "precipitation": ("Yağıntı", "Precipitation", "Осадки"),
    "evaporation": ("Buxarlanma", "Evaporation", "Испарение"),
    "groundwater_level": (
        "Quyuda suyun səviyyəsi", "Water level in the well", "Уровень воды в скважине",
    ),
    "pump_hours": ("Nasosun iş saatları", "Pump hours", "Часы работы насоса"),
    "pump_hours_counter": (
        "Nasosun saat sayğacı", "Hour counter of the pump", "Счётчик часов насоса",
    ),
    "energy": (
        "İşlədilmiş elektrik enerjisi", "Energy used", "Израсходованная электроэнергия",
    ),
    "energy_counter": ("Elektrik sayğacı", "Electricity meter", "Электросчётчик"),
    "snow": ("Qarda su ehtiyatı", "Water in snow", "Запас воды в снеге"),
    # which way it goes
    "inflow": ("Daxil olan", "Inflow", "Приток"),
    "outflow": ("Buraxılan", "Outflow", "Сброс"),
    "received": ("Qəbul edilən", "Received", "Поступило"),
    "passed_on": ("Ötürülən", "Passed on", "Передано"),
    # structures
    "turbine": ("turbinlər", "turbines", "турбины"),
    "spillway": ("suaşıran", "spillway", "водосброс"),
    "spill": ("suaşıran", "spillway", "водосброс"),
    "outlet": ("suburaxıcı", "outlet", "водовыпуск"),
    "irrigation_outlet": (
        "suvarma suburaxıcısı", "irrigation outlet", "оросительный водовыпуск",
    ),
    "weir": ("bənd", "weir", "плотина"),
    "gate": ("şlüz", "gate", "затвор"),
    "sluice": ("şlüz", "sluice", "шлюз"),
    "intake": ("suqəbuledici", "intake", "водозабор"),
    "intake_left": ("sol suqəbuledici", "left intake", "левый водозабор"),
    "intake_right": ("sağ suqəbuledici", "right intake", "правый водозабор"),
    "canal": ("kanal", "canal", "канал"),
    # the table
    "date": ("Tarix", "Date", "Дата"),
    "remark": ("Qeyd", "Remark", "Примечание"),
    "mean_preceding": ("sutkalıq orta", "mean of the day", "среднее за сутки"),
    "total_preceding": ("sutka ərzində", "sum of the day", "за сутки"),
    "instantaneous": ("saat {at}", "at {at}", "в {at}"),
    "totaliser": ("göstərici, saat {at}", "reading at {at}", "показание в {at}"),
    "day": (
        "Hər sətir bir sutkadır: tarixin saat {start}-dan növbəti günün saat "
        "{start}-dək ({zone}). Ölçülməyən xana boş qalır.",
        "One row for each day: from {start} of the date to {start} of the next "
        "({zone}). What was not measured stays blank.",
        "Каждая строка — сутки: с {start} указанной даты до {start} следующей "
        "({zone}). Что не измерено, не заполняется.",
    ),
    "instructions": ("Təlimat", "Instructions", "Инструкция"),
    "input_title": ("Ədəd yazın", "Type a number", "Введите число"),
    "input_any": ("Vahidsiz ədəd.", "A number without a unit.", "Число без единицы."),
    "input_least": (
        "Vahidsiz ədəd, 0 və ya daha böyük.",
        "A number without a unit, 0 or more.",
        "Число без единицы, 0 или больше.",
    ),
    "input_most": (
        "Vahidsiz ədəd, 0-dan {most}-dək.",
        "A number without a unit, from 0 to {most}.",
        "Число без единицы, от 0 до {most}.",
    ),
    "page": ("Səhifə &P / &N", "Page &P of &N", "Страница &P из &N"),
}  # fmt: skip

#: Lines of the page of instructions; each is a paragraph.
INSTRUCTIONS = MappingProxyType(
    {
        "az": (
            "Yalnız sarı xanaları doldurun. Başlıqlar, tarixlər və kodlar qorunur.",
            "Hər sətir bir sutkadır: tarixin saat {start}-dan növbəti günün saat "
            "{start}-dək, {zone} vaxtı ilə ({calendar} təqvimi).",
            "«Saat 08:00» — tarixin həmin saatında götürülmüş göstərici. «Sutkalıq "
            "orta» və «sutka ərzində» bütün sutkaya aiddir və onun sonunda yazılır. "
            "«Göstərici» — sayğacın həmin saatdakı tam göstəricisidir.",
            "Ədədləri vahidsiz yazın. Mətn, düstur, «-» və ya «yoxdur» yazmayın: "
            "onlar qəbul edilmir.",
            "Ölçülməyən xana boş qalır. Boş xana sıfır deyil; su olmayıbsa, 0 yazın.",
            "Cədvəli istənilən vaxt, ay bitməmiş də təqdim etmək olar: eyni qiymətlər "
            "dəyişiklik yaratmır, dəyişən qiymət düzəliş kimi saxlanılır.",
            "Əvvəl təqdim edilmiş qiymət xananı boşaltmaqla silinmir. Onu geri almaq "
            "üçün məlumat mühəndisinə müraciət edin.",
            "«Qeyd» sütunu faylla birlikdə saxlanılır, lakin oxunmur.",
            "Sütunları, sətirləri və vərəqləri silməyin, köçürməyin, adlarını "
            "dəyişməyin.",
        ),
        "en": (
            "Fill in the yellow cells only. Headings, dates and codes are protected.",
            "One row is one day: from {start} of the date to {start} of the next, "
            "{zone} time (calendar {calendar}).",
            "“At 08:00” is what was read at that time of the date. “Mean of the day” "
            "and “sum of the day” belong to the whole day and are kept at its end. "
            "“Reading” is all that the counter shows at that time.",
            "Type numbers without units. Do not type text, formulas, “-” or “none”: "
            "they are refused.",
            "What was not measured stays blank. Blank is not zero; where there was no "
            "water, type 0.",
            "The sheet may be handed in at any time, also before the month is over: "
            "equal values change nothing, a changed value is kept as a correction.",
            "A value that was handed in is not withdrawn by clearing its cell. Ask "
            "the data engineer to retract it.",
            "The column “Remark” is kept with the file and not read.",
            "Do not delete, move or rename columns, rows or sheets.",
        ),
        "ru": (
            "Заполняйте только жёлтые ячейки. Заголовки, даты и коды защищены.",
            "Каждая строка — одни сутки: с {start} указанной даты до {start} "
            "следующей, время {zone} (календарь {calendar}).",
            "«В 08:00» — отсчёт, снятый в этот час указанной даты. «Среднее за сутки» "
            "и «за сутки» относятся ко всем суткам и хранятся на их конец. "
            "«Показание» — полное показание счётчика в этот час.",
            "Вводите числа без единиц. Не вводите текст, формулы, «-» или «нет»: они "
            "не принимаются.",
            "Что не измерено, не заполняется. Пустая ячейка — не ноль; если воды не "
            "было, введите 0.",
            "Таблицу можно сдавать в любое время, и до конца месяца: равные значения "
            "ничего не меняют, изменённое хранится как исправление.",
            "Сданное значение не отзывается очисткой ячейки. Чтобы отозвать его, "
            "обратитесь к инженеру данных.",
            "Столбец «Примечание» хранится вместе с файлом и не читается.",
            "Не удаляйте, не перемещайте и не переименовывайте столбцы, строки и "
            "листы.",
        ),
    }
)


def say(key: str, language: str, **given: str) -> str:
    """Say a word in a language; what has none is said as it is written."""
    words = _WORDS.get(key)
    if words is None:
        return key.replace("_", " ")
    return words[PLACE[language]].format(**given)


def knows(key: str) -> bool:
    """Whether there is a translation."""
    return key in _WORDS
