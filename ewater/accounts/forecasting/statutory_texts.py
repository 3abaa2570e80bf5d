"""Words of the annual balance in the three languages."""

from __future__ import annotations

from types import MappingProxyType

TEXTS = MappingProxyType(
    {
        "title": {
            "az": "İllik su təsərrüfatı balansı",
            "en": "Annual water balance",
            "ru": "Годовой водохозяйственный баланс",
        },
        "number": {"az": "№", "en": "No.", "ru": "№"},
        "row": {"az": "Göstərici", "en": "Item", "ru": "Показатель"},
        "unit": {"az": "Vahid", "en": "Unit", "ru": "Единица"},
        "actual": {"az": "faktiki", "en": "actual", "ru": "факт"},
        "expected": {"az": "gözlənilən", "en": "expected", "ru": "ожидаемое"},
        "forecast": {"az": "proqnoz", "en": "forecast", "ru": "прогноз"},
        "quarter": {"az": "rüb", "en": "quarter", "ru": "квартал"},
        "year": {"az": "il", "en": "year", "ru": "год"},
        "hm3": {"az": "mln m³", "en": "million m³", "ru": "млн м³"},
        "value": {"az": "Qiymət", "en": "Value", "ru": "Значение"},
        "known": {
            "az": "Məlum hissə",
            "en": "Known part",
            "ru": "Известная часть",
        },
        "u": {
            "az": "Standart qeyri-müəyyənlik (k = 1)",
            "en": "Standard uncertainty (k = 1)",
            "ru": "Стандартная неопределённость (k = 1)",
        },
        "low": {
            "az": "80 % zolağın aşağı həddi",
            "en": "Lower end of the 80 % band",
            "ru": "Нижняя граница полосы 80 %",
        },
        "high": {
            "az": "80 % zolağın yuxarı həddi",
            "en": "Upper end of the 80 % band",
            "ru": "Верхняя граница полосы 80 %",
        },
        "coverage": {"az": "Əhatə", "en": "Coverage", "ru": "Охват"},
        "status": {"az": "Statusu", "en": "Status", "ru": "Статус"},
        "missing": {
            "az": "Çatışmayanlar",
            "en": "Missing",
            "ru": "Нет данных",
        },
        "why": {"az": "Səbəb", "en": "Why unknown", "ru": "Почему неизвестно"},
        "column": {"az": "Sütun", "en": "Column", "ru": "Графа"},
        "balance": {"az": "Balans", "en": "Balance", "ru": "Баланс"},
        "quality": {
            "az": "Etibarlılıq",
            "en": "Coverage",
            "ru": "Достоверность",
        },
        "notes": {"az": "Qeydlər", "en": "Notes", "ru": "Примечания"},
        "unknown": {
            "az": "məlum: {known}",
            "en": "known: {known}",
            "ru": "известно: {known}",
        },
        "measured": {"az": "ölçülmüş", "en": "measured", "ru": "измерено"},
        "reported": {"az": "hesabatla", "en": "reported", "ru": "по отчётам"},
        "modelled": {"az": "hesablanmış", "en": "modelled", "ru": "расчётное"},
        "imputed": {"az": "bərpa olunmuş", "en": "imputed", "ru": "восстановлено"},
        "balancing": {
            "az": "balanslaşdırıcı",
            "en": "balancing",
            "ru": "балансирующее",
        },
        "unknown status": {"az": "naməlum", "en": "unknown", "ru": "неизвестно"},
        "apportioned": {
            "az": "hesab ərazilər arasında bölünüb",
            "en": "an account is divided between territories",
            "ru": "счёт разделён между территориями",
        },
    }
)

#: Sentences below the table; see `statutory_tables.notes`.
NOTES = MappingProxyType(
    {
        "as of": {
            "az": "{as_of} tarixinə qeydə alınmış məlumatlar üzrə.",
            "en": "From what had been recorded by {as_of}.",
            "ru": "По данным, внесённым к {as_of}.",
        },
        "actual": {
            "az": "Faktiki sütunlar: ölçmələr və hesabatlar. Nəsə çatışmadıqda məlum "
            "hissə göstərilir; çatışmayanlar «Etibarlılıq» cədvəlində adlanır.",
            "en": "Actual columns: measurements and returns. Where something is "
            "missing the known part is shown as such; what is missing is named in the "
            "table of coverage.",
            "ru": "Фактические графы: измерения и отчёты. Где чего-то не хватает, "
            "показана известная часть; чего не хватает, названо в таблице "
            "достоверности.",
        },
        "expected": {
            "az": "Gözlənilən {year}: {months} ay məlumdur, qalanı proqnozdur.",
            "en": "Expected {year}: {months} months are known, the rest is forecast.",
            "ru": "Ожидаемое {year}: известно месяцев: {months}, остальное — прогноз.",
        },
        "forecast": {
            "az": "Proqnoz: {members} eyni ehtimallı variantın ortası; hər sıra üçün "
            "üsul keçmiş proqnozların dəqiqliyinə görə seçilib, variantlar balans "
            "tənliklərinə uyğunlaşdırılıb. 80 % zolaq 10 % və 90 % kvantilləri "
            "arasındadır; zolaqlar toplanmır.",
            "en": "Forecast: the mean of {members} equally likely futures; for each "
            "series the method that had forecast best was taken, and the futures "
            "obey the balance of every account. The 80 % band lies between the 10 % "
            "and 90 % quantiles; bands do not add up.",
            "ru": "Прогноз: среднее по {members} равновероятным вариантам; для каждого "
            "ряда взят метод, лучший по прошлым прогнозам, варианты приведены к "
            "балансу счетов. Полоса 80 % лежит между квантилями 10 % и 90 %; полосы "
            "не складываются.",
        },
        "rows": {
            "az": "Sətirlərin mənbəyi: {source}.",
            "en": "Rows: {source}.",
            "ru": "Строки: {source}.",
        },
        "years": {
            "az": "Bu illər üçün məlumat yoxdur: {years}.",
            "en": "Nothing is known of {years}.",
            "ru": "Нет данных за {years}.",
        },
        "edition": {
            "az": "Proqnoz {forecast}.",
            "en": "Forecast {forecast}.",
            "ru": "Прогноз {forecast}.",
        },
        "parts": {
            "az": "{rows} sətirlərində rüblərin cəmi ildən fərqlənir: ərazidən çıxıb "
            "geri qayıdan su hər dövr daxilində nəzərə alınmır, bir rübdə çıxan su isə "
            "başqa rübdə qayıda bilər.",
            "en": "In rows {rows} the quarters do not add up to the year: water that "
            "leaves and comes back is set off within each period, and what leaves in "
            "one quarter may come back in another.",
            "ru": "В строках {rows} сумма кварталов не равна году: вода, которая "
            "выходит и возвращается, вычитается внутри каждого периода, а вышедшая в "
            "одном квартале может вернуться в другом.",
        },
    }
)
