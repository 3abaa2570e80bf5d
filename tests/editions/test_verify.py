"""One thing altered anywhere: verifying names it, and every cell that it touches."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ewater.accounts.editions import chain, checking, parts, seal, show
from ewater.errors import UsageError
from ewater.store import chunks_compact, landing, registry

pytestmark = pytest.mark.db
NAME = "2023-annual"


def differences(outcome):
    return {
        (one.kind, one.item): (one.what, set(cells))
        for one, cells, _ in outcome.differences
    }


def test_what_was_sealed_is_computed_again_to_the_last_byte(sealed):
    found = checking.check(sealed, NAME, "rufat")
    assert found["intact"], found
    assert found["checked"]["readings"] == 4 * 8761
    with sealed.connect() as connection:
        document = show.document(connection, NAME)
    assert document["check"]["intact"]
    assert document["check"]["who"] == "rufat"


def test_what_comes_later_and_folding_of_chunks_change_nothing(
    sealed, ingest, two_basins
):
    ingest(sealed, {"G-IN.Q": 11.0}, "2024-03-01T00:00Z")
    later = two_basins["flows"].copy()
    later.loc[later["code"] == "OUT", "measured_by"] = "G-IN.Q"
    registry.load(sealed, {"flows": later})
    chunks_compact.compact(sealed)
    assert checking.outcome_of(sealed, NAME).intact


def test_one_altered_reading_is_named_by_its_time(sealed, alter_reading):
    alter_reading(sealed, "G-IN.Q", "2023-05-03T07:00:00Z", 10_000.0)
    outcome = checking.outcome_of(sealed, NAME)
    found = differences(outcome)
    what, cells = found["reading", "G-IN.Q 2023-05-03T07:00:00Z"]
    assert what == "altered, among 8757"
    assert {
        ("TB", "balance.inflow"),
        ("TB", "balance.terms.inflow_from_neighbours"),
    } <= (cells)
    assert ("TB", "balance.terms.abstraction") not in cells
    moved = {(m["territory"], m["cell"]) for m in outcome.moved}
    assert ("TB", "balance.inflow") in moved
    assert moved <= cells


def test_a_reading_that_moves_no_figure_is_named_all_the_same(sealed, alter_reading):
    alter_reading(sealed, "G-IN.Q", "2023-05-03T07:00:00Z", 10.0 + 1e-9, hide=False)
    outcome = checking.outcome_of(sealed, NAME)
    (chunk, _, _), (one, cells, _) = outcome.differences
    assert chunk.kind == "chunk"
    assert "of G-IN.Q, 2023-0" in chunk.item
    assert one.item == "G-IN.Q 2023-05-03T07:00:00Z"
    assert ("TB", "balance.inflow") in cells
    assert not outcome.moved
    assert not outcome.intact


def test_several_altered_readings_are_named_by_the_days_they_lie_in(
    sealed, alter_reading
):
    for day in ("03", "19"):
        alter_reading(sealed, "G-IN.Q", f"2023-05-{day}T07:00:00Z", 10_000.0)
    what, cells = differences(checking.outcome_of(sealed, NAME))[
        "readings", "G-IN.Q 2023"
    ]
    assert what.startswith("altered, among 8757; they lie in 2023-0")
    first, last = what.partition("they lie in ")[2].split(" to ")
    assert first <= "2023-05-03T07:00:00Z"
    assert "2023-05-19T07:00:00Z" <= last < "2023-07"
    assert ("TB", "balance.inflow") in cells
    chunks_compact.compact(sealed)  # what lies in one chunk then says no more
    what, _ = differences(checking.outcome_of(sealed, NAME))["readings", "G-IN.Q 2023"]
    assert what.startswith("altered, among 8757; they lie in 2023-0")


def test_a_chunk_that_nobody_can_read_is_named(sealed, tamper):
    tamper(
        sealed,
        "UPDATE chunk SET payload = '\\x00' WHERE id = (SELECT min(c.id) FROM chunk c "
        "JOIN series_key k ON k.id = c.series_id WHERE k.code = 'RES.H')",
    )
    found = differences(checking.outcome_of(sealed, NAME))
    assert any(kind == "chunk" and "RES.H" in item for kind, item in found)
    _, cells = found["readings", "RES.H 2023"]
    assert ("TB", "balance.storage_change") in cells


def test_a_lost_chunk_tells_how_many_readings_are_gone(sealed, tamper):
    tamper(
        sealed,
        "DELETE FROM chunk WHERE first_time = '2023-03-01T00:00Z' AND series_id = "
        "(SELECT id FROM series_key WHERE code = 'G-IN.Q')",
    )
    what, _ = differences(checking.outcome_of(sealed, NAME))["readings", "G-IN.Q 2023"]
    assert what.startswith("8757 were sealed, ")
    assert int(what.split()[3]) < 8757


ALTERED = (
    (
        "UPDATE curves SET y = y + 1000 WHERE site = 'RES' AND kind = 'storage' "
        "AND x = (SELECT min(x) FROM curves WHERE kind = 'storage') "
        "AND valid_to IS NULL",
        "curves", "RES storage", "y was", "balance.storage_change",
    ),
    (
        "UPDATE reports SET value = 5.5 WHERE item = 'use' AND revision = 1",
        "reports", "E1", "value was 3900.0, is 5.5", "balance.terms.consumption",
    ),
    (
        "UPDATE flows SET measured_by = 'G-MID.Q' WHERE code = 'IN'",
        "flows", "IN", "measured_by was G-IN.Q, is G-MID.Q", "balance.inflow",
    ),
    (
        "UPDATE series SET max_rate = 1e9 WHERE code = 'PUMP.N'",
        "series", "PUMP.N", "max_rate was", "balance.terms.abstraction",
    ),
    (
        "UPDATE view_inputs SET value = value + 1 WHERE item = 'navigation_flow'",
        "view_inputs", "navigation_flow TB", "value was 5.0", "wa_plus.navigation",
    ),
    (
        "UPDATE calendars SET day_start = '09:00' WHERE code = 'hydrological'",
        "calendars", "hydrological", "day_start was", "balance.inflow",
    ),
    ("DELETE FROM notices", "notices", "", "is gone", None),
    ("UPDATE treaties SET value = 1 WHERE code = 'NB-TREATY'", "treaties", "NB-TREATY",
     "value was", None),
)  # fmt: skip


def test_every_altered_row_of_the_registry_is_named(sealed, tamper):
    for statement, *_ in ALTERED:
        tamper(sealed, statement)
    outcome = checking.outcome_of(sealed, NAME)
    found = differences(outcome)
    named = set().union(*(cells for _, cells in found.values()))
    assert {(m["territory"], m["cell"]) for m in outcome.moved} <= named
    for _, kind, item, what, cell in ALTERED:
        ((told, cells),) = [
            value
            for (of, name), value in found.items()
            if of == kind and name.startswith(item)
        ]
        assert what in told
        assert ("TB", cell) in cells if cell else not cells


def test_a_calendar_that_is_gone_is_named_and_so_is_every_cell(sealed, tamper):
    tamper(sealed, "DELETE FROM calendars WHERE code = 'civil'")
    found = differences(checking.outcome_of(sealed, NAME))
    what, cells = found["calendars", "civil"]
    assert what == "is gone"
    assert ("TB", "balance.inflow") in cells
    assert "'civil' is unknown" in found["part", "parameters.txt"][0]


@pytest.mark.parametrize(
    ("change", "item", "what"),
    [
        ("UPDATE edition SET period_end = period_end + interval '1 day'", "edition",
         "period_end is"),
        ("DELETE FROM edition_part WHERE name = 'parameters.txt'", "parameters.txt",
         "is gone, or"),
        ("DELETE FROM edition_part WHERE name = 'inputs/registry/series.jsonl'",
         "inputs/registry/series.jsonl", "no such part"),
    ],
)  # fmt: skip
def test_what_is_not_as_the_parts_say_is_named(sealed, tamper, change, item, what):
    tamper(sealed, change)
    told, cells = differences(checking.outcome_of(sealed, NAME))["part", item]
    assert what in told
    assert ("TB", "balance.inflow") in cells


def test_an_edition_whose_row_is_gone_is_missed_by_its_steps(
    sealed, tamper, wanted, signers
):
    other = wanted(name="other", territory="EAST")
    seal.seal(sealed, other, signers["ana"], excepted=["coverage"])
    tamper(sealed, f"DELETE FROM edition WHERE name = '{NAME}'")
    with pytest.raises(UsageError, match="1 steps of it in the log"):
        checking.outcome_of(sealed, NAME)
    with sealed.connect() as connection:
        root = checking.sealed_of(connection, "other").root
        (one,) = checking.steps(connection, "other", root)
    assert (one.item, one.what[:17]) == (f"edition {NAME}", "the log has steps")


def test_a_flow_that_is_gone_touches_what_it_made(sealed, tamper):
    tamper(sealed, "DELETE FROM flows WHERE code = 'TAKE'")
    outcome = checking.outcome_of(sealed, NAME)
    what, cells = differences(outcome)["flows", "TAKE"]
    assert what == "is gone"
    assert ("TB", "balance.terms.abstraction") in cells
    moved = {(m["territory"], m["cell"]) for m in outcome.moved if m["now"]}
    assert moved <= cells


def broken_steps(engine):
    with engine.connect() as connection:
        sealed = checking.sealed_of(connection, NAME)
        return [
            (one.item, one.what)
            for one in checking.steps(connection, NAME, sealed.root)
        ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ('note = \'{"exceptions":[],"reason":"all fine"}\'', "line was altered"),
        ("at = at - interval '1 day'", "line was altered"),
        ("person = (SELECT id FROM person WHERE name = 'rufat')", "line was altered"),
        ("signature = sha256(signature) || sha256(signature)", "signature"),
        ("root = sha256(root)", "line was altered"),
        ("state = 'approved'", "cannot follow nothing"),
        ("seq = 5", "step 1 is gone"),
    ],
)
def test_one_altered_step_is_named(sealed, signers, tamper, change, why):
    with sealed.begin() as connection:
        landing.person(connection, "rufat")
    assert broken_steps(sealed) == []
    tamper(sealed, f"UPDATE edition_log SET {change} WHERE seq = 1")
    assert any(why in what and NAME in item for item, what in broken_steps(sealed))


def test_an_altered_step_touches_every_figure_of_its_edition(sealed, tamper):
    tamper(sealed, "UPDATE edition_log SET at = at - interval '1 day'")
    outcome = checking.outcome_of(sealed, NAME)
    ((one, cells, _),) = outcome.differences
    assert one.kind == "step"
    assert {("TB", "balance.inflow"), ("EAST", "balance.outflow")} <= set(cells)
    assert not outcome.moved


def test_a_step_whose_hash_was_made_anew_breaks_the_chain_behind_it(
    sealed, signers, tamper
):
    seal.advance(sealed, NAME, "review", signers["rufat"])
    tamper(sealed, "UPDATE edition_log SET hash = sha256(hash) WHERE seq = 1")
    items = [item for item, _ in broken_steps(sealed)]
    assert items[:2] == [f"step 1 (draft {NAME})"] * 2
    assert f"step 2 (reviewed {NAME})" in items


def test_a_last_step_that_was_cut_off_is_missed_by_the_audit(sealed, signers, tamper):
    seal.advance(sealed, NAME, "review", signers["rufat"])
    tamper(sealed, "DELETE FROM edition_log WHERE seq = 2")
    ((item, what),) = broken_steps(sealed)
    assert item == f"step 2 (reviewed {NAME})"
    assert "audit" in what


@pytest.mark.parametrize(
    "change",
    ["object = 'edition:x'", "actor = gen_random_uuid()", 'after = \'{"seq": "1"}\''],
)
def test_a_step_that_the_audit_does_not_name_is_told(sealed, tamper, change):
    tamper(sealed, f"UPDATE audit SET {change} WHERE action = 'edition.draft'")
    assert broken_steps(sealed) == [
        (f"step 1 (draft {NAME})", "is in the log, and not so in the audit")
    ]


def test_an_altered_copy_is_told_apart_from_what_it_copies(sealed, tamper):
    with sealed.connect() as connection:
        before = checking.sealed_of(connection, NAME).lines
    tamper(
        sealed,
        "UPDATE edition_part SET content = (SELECT content FROM edition_part "
        "WHERE name = 'inputs/registry/sites.jsonl') WHERE name = :name",
        name=f"{parts.REGISTRY}flows.jsonl",
    )
    found = checking.outcome_of(sealed, NAME).differences
    assert before[f"{parts.REGISTRY}flows.jsonl"]
    told = [one for one, _, _ in found if one.kind == "flows"]
    assert told
    assert all("in the sealed copy alone" in one.what for one in told)


def test_altered_results_are_not_what_is_computed(sealed, tamper):
    with sealed.begin() as connection:
        lines = checking.sealed_of(connection, NAME).lines[parts.CELLS]
        altered = [
            line.replace("balance.inflow,m3,", "balance.inflow,m3,1") for line in lines
        ]
    assert altered != lines
    tamper(
        sealed,
        "UPDATE edition_part SET content = :content WHERE name = :name",
        content=_packed(altered),
        name=parts.CELLS,
    )
    outcome = checking.outcome_of(sealed, NAME)
    assert ("part", parts.CELLS) in differences(outcome)
    assert {m["cell"] for m in outcome.moved} == {"balance.inflow"}


def _packed(lines):
    import pyarrow as pa

    raw = "".join(f"{line}\n" for line in lines).encode()
    return len(raw).to_bytes(8, "little") + pa.Codec("zstd").compress(raw, asbytes=True)


@pytest.mark.parametrize(
    "table", ["edition", "edition_part", "edition_log", "edition_key"]
)
def test_the_database_lets_nobody_change_what_is_sealed(sealed, table):
    for statement in (
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"UPDATE {table} SET {'name' if table == 'edition' else 'key'} = NULL"
        if table != "edition_part"
        else "UPDATE edition_part SET root = ''",
    ):
        with (
            pytest.raises(DBAPIError, match="neither changed nor deleted"),
            sealed.begin() as connection,
        ):
            connection.execute(text(statement))


def test_a_step_that_does_not_follow_the_last_is_refused_by_the_database(sealed):
    statement = (
        "INSERT INTO edition_log SELECT seq + :more, at + interval '1 s', edition, "
        "'published', root, person, key, note, :prev, sha256(hash), signature "
        "FROM edition_log"
    )
    for more, prev in ((2, b""), (1, chain.NOTHING)):
        with (
            pytest.raises(DBAPIError, match="does not follow"),
            sealed.begin() as connection,
        ):
            connection.execute(text(statement), {"more": more, "prev": prev})
