from __future__ import annotations

import gzip
import io
import json
import math
import zipfile
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from ewater.errors import FaultsError
from ewater.ingest.profiles import check, tables
from ewater.ingest.profiles.find import built_in, find
from ewater.ingest.source import File

T = datetime(2024, 1, 1)  # noqa: DTZ001 - Excel knows no zones
FT3 = 0.028316846592


def workbook(rows, name="readings", **options):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet(name)
    date = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(r, c, cell, date)
            else:
                sheet.write(r, c, cell)
    book.close()
    return out.getvalue()


def test_every_built_in_profile_says_what_it_is():
    assert all(profile.about for profile in built_in().values())
    assert len(built_in()) >= 12


@pytest.mark.parametrize("epoch", [False, True])
def test_a_workbook_of_either_epoch_gives_its_rows(read, epoch):
    rows = [["series", "time", "value"], ["Q1", T, 0.1], [], ["Q1", T, "oops"]]
    found = read("xlsx", workbook(rows, date_1904=epoch), zone="Asia/Baku")
    assert found.rows == [("Q1", "2023-12-31T20:00:00", 0.1, 2)]
    assert found.reasons == [(4, "value")]


def test_a_formula_is_not_evaluated(read):
    rows = [["series", "time", "value"], ["Q1", T, "=1+1"]]
    found = read("xlsx", workbook(rows))
    assert found.reasons == [(2, "value")]
    assert "=1+1" in found.rejects[0].raw


def test_a_workbook_that_takes_too_long_or_has_too_many_cells_is_refused(
    read, monkeypatch
):
    rows = [["series", "time", "value"], ["Q1", T, 1]]
    with monkeypatch.context() as patch:
        patch.setattr(tables, "_MOST_SECONDS", -1.0)
        with pytest.raises(FaultsError, match="it is not read after"):
            read("xlsx", workbook(rows))
    monkeypatch.setattr(tables, "_MOST_CELLS", 5)
    with pytest.raises(FaultsError, match="more than 5 cells"):
        read("xlsx", workbook(rows))


def test_a_sheet_that_is_not_there_and_a_bomb_are_refused(read):
    said = {"extends": "xlsx", "sheet": "other"}
    with pytest.raises(FaultsError, match="no sheet 'other'; it has readings"):
        read(said, workbook([["series", "time", "value"]]))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (40 << 20))
    with pytest.raises(FaultsError, match="unpacks to"):
        read("xlsx", out.getvalue())
    with pytest.raises(FaultsError, match="no workbook"):
        read("xlsx", b"series,time,value\n")


def parquet(table):
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def test_parquet_gives_exact_numbers_and_instants(read):
    values = [0.1, 1 / 3, None, math.nan]
    times = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in range(4)]
    table = pa.table(
        {
            "series": pa.array(["Q1"] * 4).dictionary_encode(),
            "time": pa.array(times, pa.timestamp("ns", "Asia/Baku")),
            "value": values,
        }
    )
    found = read("parquet", parquet(table))
    assert found.values[:2] == [0.1, 1 / 3]
    assert [row[3] for row in found.rows] == [2, 2, 9, 9], "NaN and null are missing"
    assert found.times[1] == "2024-01-01T01:00:00"
    assert found.reasons == []
    with pytest.raises(FaultsError, match="no Parquet file"):
        read("parquet", b"PAR1 and then nothing")


WATERML1 = """<timeSeriesResponse xmlns="http://www.cuahsi.org/waterML/1.1/"><timeSeries>
<sourceInfo><siteCode network="NWIS">7</siteCode></sourceInfo><variable>
<variableCode>00060</variableCode><unit><unitCode>cfs</unitCode></unit>
<options><option name="Statistic" optionCode="00003"/></options>
<noDataValue>-999999.0</noDataValue></variable><values>
<value qualifiers="A" dateTime="2024-01-01T00:00:00.000-05:00">1</value>
<value qualifiers="P e" dateTime="2024-01-01T01:00:00.000-05:00">-999999</value>
<value qualifiers="P e" dateTime="2024-01-01T02:00:00.000-05:00">2</value>
<value qualifiers="Zz" dateTime="2024-01-01T03:00:00.000-05:00">3</value>
</values></timeSeries></timeSeriesResponse>"""


def test_waterml_1_gives_instants_units_missing_values_and_flags(read):
    found = read("usgs-waterml1", WATERML1, ["USGS-7-00060"])
    assert [(r[1][:16], r[3]) for r in found.rows] == [
        ("2024-01-01T05:00", 1),
        ("2024-01-01T06:00", 9),
        ("2024-01-01T07:00", 3),
    ]
    assert (found.values[0], found.values[2]) == (FT3, 2 * FT3)
    assert found.reasons == [(4, "qualifier")]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("<Collection><timeSeries>", "broken XML|its root is 'Collection'"),
        ("<html><body>busy</body></html>", "its root is 'html'"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "refused"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "refused"),
        ('<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><a>&c;</a>', "refused"),
        ("", "the file is empty"),
    ],
)
@pytest.mark.parametrize("name", ["usgs-waterml1", "waterml2"])
def test_a_broken_foreign_or_hostile_document_is_refused_whole(
    read, name, document, why
):
    with pytest.raises(FaultsError, match=why):
        read(name, document)


WATERML2 = """<w:Collection xmlns:w="http://www.opengis.net/waterml/2.0"
 xmlns:o="http://www.opengis.net/om/2.0" xmlns:x="http://www.w3.org/1999/xlink"
 xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><w:observationMember>
<o:OM_Observation><o:observedProperty x:title="Q"/>
<o:featureOfInterest x:href="http://example.org/sites/7"/><o:result>
<w:MeasurementTimeseries><w:defaultPointMetadata><w:DefaultTVPMeasurementMetadata>
<w:qualifier x:title="good"/><w:uom code="m3/s"/></w:DefaultTVPMeasurementMetadata>
</w:defaultPointMetadata>
<w:point><w:MeasurementTVP><w:time>2024-01-01T00:00:00Z</w:time>
<w:value>1.5</w:value></w:MeasurementTVP></w:point>
<w:point><w:MeasurementTVP><w:time>2024-01-01T01:00:00Z</w:time>
<w:value i:nil="true"/><w:metadata><w:TVPMeasurementMetadata>
<w:qualifier x:title="missing"/></w:TVPMeasurementMetadata></w:metadata>
</w:MeasurementTVP></w:point></w:MeasurementTimeseries></o:result></o:OM_Observation>
</w:observationMember></w:Collection>"""


def test_waterml_2_gives_defaults_and_what_a_point_overrules(read):
    said = {"extends": "waterml2", "series": {"table": {"7:Q": "Q1"}}}
    found = read(said, WATERML2)
    assert found.rows[0] == ("Q1", "2024-01-01T00:00:00", 1.5, 1)
    assert math.isnan(found.values[1])
    assert found.rows[1][3] == 9


def usgs_json(values, **variable):
    return {
        "value": {
            "timeSeries": [
                {
                    "sourceInfo": {"siteCode": [{"value": "7"}]},
                    "variable": {
                        "variableCode": [{"value": "00060"}],
                        "unit": {"unitCode": "ft3/s"},
                        "noDataValue": -999999.0,
                        "options": {"option": [{"optionCode": "00003"}]},
                    }
                    | variable,
                    "values": [{"value": values, "method": [{"methodID": 1}]}],
                }
            ]
        }
    }


def test_usgs_json_instantaneous_and_daily(read):
    said = usgs_json(
        [{"value": "1.0", "dateTime": "2024-01-01T00:00:00.000", "qualifiers": ["A"]}]
    )
    at_once = read("usgs-json", json.dumps(said), ["USGS-7-00060"])
    assert at_once.rows == [("USGS-7-00060", "2024-01-01T00:00:00", FT3, 1)]
    code = "USGS-7-00060-00003"
    daily = read("usgs-json-daily", json.dumps(said), [code])
    assert daily.rows == [(code, "2024-01-02T00:00:00", FT3, 1)]


def test_an_empty_answer_has_no_rows_and_is_no_fault(read):
    found = read("usgs-json", '{"value": {"timeSeries": []}}')
    assert (found.rows, found.rejects) == ([], [])


@pytest.mark.parametrize(
    ("name", "document", "why"),
    [
        ("usgs-json", '{"value": {"timeSeries": [', "broken JSON"),
        ("usgs-json", '{"error": "busy"}', "it has no 'value'"),
        ("usgs-json", "[1]", "no whole usgs-json"),
        ("cwms-json", '{"name": "a"}', "it has no 'values'"),
        ("cwms-json", "[" * 200_000, "nested|broken"),
        ("sensorthings", '{"value": [{"result": 1}]}', "iot.navigationLink"),
        ("sensorthings", b'{"a": "\xff"}', "is not UTF-8"),
    ],
)
def test_broken_or_foreign_json_is_refused_whole(read, name, document, why):
    with pytest.raises(FaultsError, match=why):
        read(name, document)


def observation(result, hour, **more):
    return {"phenomenonTime": f"2024-01-01T0{hour}:00:00Z", "result": result} | more


@pytest.mark.parametrize(
    "document",
    [
        {
            "@iot.id": 7,
            "unitOfMeasurement": {"symbol": "m3/s"},
            "Observations": [observation(1.5, 0), observation(None, 1)],
        },
        {
            "value": [
                observation(1.5, 0, Datastream={"@iot.id": 7}),
                observation(None, 1, Datastream={"@iot.id": 7}),
            ]
        },
        [
            {
                "Datastream": {"@iot.id": 7},
                "components": ["phenomenonTime", "result", "resultQuality"],
                "dataArray": [
                    ["2023-12-31T23:00:00Z/2024-01-01T00:00:00Z", 1.5, "unchecked"],
                    ["2024-01-01T01:00:00Z", None, {"qualityCode": "missing"}],
                ],
            }
        ],
    ],
)
def test_sensorthings_in_each_of_its_shapes(read, document):
    said = {"extends": "sensorthings", "series": {"table": {"7": "Q1"}}}
    found = read(said, json.dumps(document))
    assert found.rows[0] == ("Q1", "2024-01-01T00:00:00", 1.5, 2)
    assert (found.times[1], found.rows[1][3]) == ("2024-01-01T01:00:00", 9)


def test_cwms_json_gives_instants_units_and_quality(read):
    hour = 1_704_067_200_000
    values = [[hour, 1.5, 0], [hour + 60_000, None, 5], [hour + 120_000, 2, 3]]
    said = {"name": "A.Flow", "units": "cms", "values": values}
    found = read("cwms-json", json.dumps(said), ["A.Flow"])
    assert [r[3] for r in found.rows] == [2, 9, 1]
    assert found.times[1] == "2024-01-01T00:01:00"
    assert found.values[::2] == [1.5, 2.0]


def test_campbell_toa5_with_its_four_header_lines(read):
    data = (
        '"TOA5","s","CR1000","1","os","p","sig","Hourly"\n'
        '"TIMESTAMP","RECORD","Stage_Avg"\n"TS","RN","m"\n"","","Avg"\n'
        '"2024-01-01 13:00:00",146,4.244\n"2024-01-01 14:00:00",147,"NAN"\n'
    )
    said = {"extends": "campbell-toa5", "series": {"table": {"Stage_Avg": "L1"}}}
    found = read(said, data, ["L1"], "level")
    assert (found.values[0], found.rows[1][3], found.lines) == (4.244, 9, [5, 6])
    with pytest.raises(FaultsError, match="no file of profile"):
        read(said, data.replace("TOA5", "TOB1"))


def test_hydromet_text_in_both_its_forms(read):
    spaced = "#== x\nDATE       BRFI_QD \n05/01/1945 1800.00 \n05/02/1945 998877.00\n"
    tabs = "\tDate\tBRFI QD\n\t5/1/1945\t1800\n\t5/2/1945\t998877\n"
    for name, data in (("usbr-hydromet", spaced), ("usbr-hydromet-tabs", tabs)):
        found = read(name, data, ["USBR-BRFI-QD"])
        assert [r[3] for r in found.rows] == [2, 9]
        assert found.values[0] == pytest.approx(1800 * FT3, rel=1e-15)
        assert found.times[0] == "1945-05-02T00:00:00"


def test_uk_ea_hydrology_csv(read):
    measure = "http://environment.data.gov.uk/hydrology/id/measures/ab-level-i-900-m-q"
    data = (
        '"measure","dateTime","date","value","completeness","quality","qcode"\n'
        f'"{measure}","2025-08-16T00:00:00","2025-08-16","1.3","","Good",""\n'
        f'"{measure}","2025-08-16T00:15:00","2025-08-16","","","Missing",""\n'
    )
    found = read("uk-ea-hydrology", data, ["UKEA-ab-level-i-900-m-q"], "level")
    assert [r[3] for r in found.rows] == [1, 9]


def test_canonical_files_with_and_without_flags(read):
    assert read("canonical", "series,time,value\nQ1,2024-01-01T00:00Z,1\n").values == [
        1.0
    ]
    data = "series,time,value,flag\nQ1,2024-01-01T00:00Z,1,3\nQ1,2024-01-02T00:00Z,1,\n"
    assert [r[3] for r in read("canonical-flags", data).rows] == [3, 2]


REAL = [
    ("usgs-rdb-daily", "usgs/dataRetrievalR_RDB1Example.txt", 31, 0),
    ("usgs-waterml1", "usgs/RI_instantaneous.xml", 116, 2),
    ("usgs-waterml1", "usgs/dataRetrievalR_WaterML1Example.xml", 192, 0),
    ("usgs-waterml1-daily", "usgs/site_01117800_daily.xml", 532, 10),
    ("usgs-waterml1-daily", "usgs/site_01117800_daily_empty.xml", 0, 0),
    ("usgs-waterml2-daily", "usgs/dataRetrievalR_WaterML2Example.xml", 8, 0),
    ("usgs-json", "usgs/dataretrieval_waterservices_iv.txt", 20, 0),
    ("usgs-json-daily", "usgs/dataretrieval_waterservices_dv.txt", 4, 0),
    ("usgs-json", "usgs/dataretrieval_nwis_iv_mock.json", 2, 0),
    ("usgs-json", "usgs/dataretrieval_nwis_iv_empty_mock.json", 0, 0),
    ("uk-ea-hydrology", "uk_ea/Mytholmroyd-level-15min-Qualified.csv", 2746, 0),
    ("usbr-hydromet", "usbr/SouthForkOfBoiseNearFeatherville.txt", 22346, 0),
    ("usbr-hydromet-tabs", "usbr/rire_hydromet_daily.txt", 16814, 838),
    ("usbr-hydromet-tabs", "usbr/heise.txt", 3959, 0),
    ("campbell-toaci1", "usbr/CampbellScientific_Site_56_Hourly.dat", 282, 0),
    ("cwms-json", "cwms/timeseries_create.json", 4, 0),
]


@pytest.mark.parametrize(("name", "path", "count", "missing"), REAL)
def test_real_files_are_read_to_the_last_row(shared_data, name, path, count, missing):
    file = shared_data / "real" / "telemetry" / path
    if not file.is_file():
        pytest.skip(f"{path} is not there")
    report = check.check(File(file), find(name))
    assert (report.readings, report.rejected.total()) == (count, 0)
    assert report.missing.total() == missing
    assert all(key.code for key in report.keys.values())


def test_a_zipped_real_json_is_read(shared_data, read):
    path = "real/telemetry/usgs/hydrofunctions_save_example.json.gz"
    if not (shared_data / path).is_file():
        pytest.skip(f"{path} is not there")
    raw = gzip.decompress((shared_data / path).read_bytes())
    count = raw.count(b'"dateTime"')
    found = read("usgs-json-daily", raw, ["USGS-01585200-00060-00003"])
    assert len(found.rows) + len(found.rejects) == count
    assert np.isfinite(found.values).all()
