from __future__ import annotations

import gc
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewater.errors import FaultsError
from ewater.ingest.profiles import json_pieces
from ewater.ingest.profiles.lines import headed, joined

_scalar = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()
)
_json = st.recursive(
    _scalar,
    lambda inner: st.one_of(
        st.lists(inner, max_size=8), st.dictionaries(st.text(max_size=4), inner)
    ),
    max_leaves=40,
)


@pytest.fixture(scope="module")
def tiny_pieces():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_pieces, "LONG", 24)
        patch.setattr(json_pieces, "_PIECE", 8)
        yield


def whole(document, value):
    """Put the pieces of every list back."""
    if isinstance(value, list):
        found = [e for some in document.elements(value) for e in some]
        return [whole(document, element) for element in found]
    if isinstance(value, dict):
        return {key: whole(document, element) for key, element in value.items()}
    return value


def read_whole(raw):
    document = json_pieces.Document(raw)
    return whole(document, document.root)


@given(_json, st.sampled_from([None, 1]))
def test_a_document_in_pieces_is_the_document(tiny_pieces, said, indent):
    raw = json.dumps(said, indent=indent, ensure_ascii=False).encode()
    document = json_pieces.Document(raw)
    assert whole(document, document.root) == said


@given(
    _json, st.integers(0, 400), st.sampled_from([b"", b",", b"]", b"}", b'"', b"\xff"])
)
def test_damage_in_a_piece_is_found_where_it_is(tiny_pieces, said, at, put):
    raw = json.dumps(said).encode()
    raw = raw[:at] + put + raw[at + 1 :]
    try:
        want = json.loads(raw.decode())
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8"
    except ValueError as error:
        message = f"broken JSON: {error}"
    else:
        document = json_pieces.Document(raw)
        assert whole(document, document.root) == want
        return
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared below
        read_whole(raw)
    assert str(caught.value) == message


def test_a_comma_too_many_at_the_end_of_a_long_list_is_broken(tiny_pieces):
    document = json_pieces.Document(b"[1111111111, 2222222222, 333333333, ]")
    with pytest.raises(ValueError, match=r"broken JSON: .* column 37"):
        whole(document, document.root)


def test_text_that_looks_like_a_mark_is_text(tiny_pieces):
    said = [["\0" + "0" * 16 + "0"], list(range(20))]
    document = json_pieces.Document(json.dumps(said).encode())
    assert whole(document, document.root) == said


def test_garbage_is_collected_again_after_a_fault():
    assert gc.isenabled()
    with pytest.raises(ValueError, match="broken JSON"):
        json_pieces.Document(b"{")
    assert gc.isenabled()


def test_json_nested_too_deeply_is_refused(read):
    with pytest.raises(FaultsError, match="nested too deeply"):
        read("cwms-json", "[" * 100_000 + "]" * 100_000)


def test_cells_that_hold_separators_stay_in_their_line():
    assert joined(["a\tb", "c"], ["1", "2\r\n"]) == "a b\t1\nc\t2  \n"
    assert headed(["x\ty"], "1\n2\n") == b"x y\t1\nx y\t2\n"
    assert joined([], []) == ""
    assert headed(["x"], "") == b""


WATERML1 = """<timeSeriesResponse><timeSeries><variable>
<variableCode>{var}</variableCode><unit><unitCode>m3/s</unitCode></unit></variable><values>
<value dateTime="2024-01-01T00:00Z">1<!-- a comment -->.<![CDATA[5]]></value>
<value dateTime="2024-01-01T01:00Z" qualifiers="A&#9;P"> 2
</value><method methodID="7"/></values>
<sourceInfo><siteCode>5</siteCode></sourceInfo></timeSeries></timeSeriesResponse>"""


def test_waterml_1_in_any_order_with_comments_and_entities_of_characters(read):
    said = {"extends": "usgs-waterml1", "series": {"table": {"5:Q&1": "Q1"}}}
    found = read(said, WATERML1.format(var="Q&amp;1"))
    assert found.values == [1.5, 2.0]
    assert [row[3] for row in found.rows] == [2, 2], "A and P: the graver counts"


WATERML2 = """<w:Collection xmlns:w="http://www.opengis.net/waterml/2.0"
 xmlns:o="http://www.opengis.net/om/2.0" xmlns:x="http://www.w3.org/1999/xlink">
<o:OM_Observation><o:result><w:MeasurementTimeseries>
<w:point><w:MeasurementTVP><w:time>2024-01-01T00:00Z</w:time><w:value>1000</w:value>
</w:MeasurementTVP></w:point>
<w:point><w:MeasurementTVP><w:time>2024-01-01T01:00Z</w:time><w:value>1</w:value>
<w:metadata><w:uom code="m3/s"/></w:metadata></w:MeasurementTVP></w:point>
<w:defaultPointMetadata><w:uom code="l/s"/></w:defaultPointMetadata>
</w:MeasurementTimeseries></o:result><o:observedProperty x:title="Q"/>
<o:featureOfInterest><w:MonitoringPoint id="7"/></o:featureOfInterest>
</o:OM_Observation></w:Collection>"""


def test_waterml_2_that_says_its_defaults_last_is_read_alike(read):
    said = {"extends": "waterml2", "series": {"table": {"7:Q": "Q1"}}}
    assert read(said, WATERML2).values == [1.0, 1.0]


@pytest.mark.parametrize("name", ["usgs-waterml1", "waterml2"])
@pytest.mark.parametrize("cut", [-1, -20, 40, 200])
def test_a_document_that_is_cut_off_is_refused_with_its_place(read, name, cut):
    document = WATERML1 if name == "usgs-waterml1" else WATERML2
    with pytest.raises(FaultsError, match=r"broken XML: .*line \d+, column \d+"):
        read(name, document[:cut])
