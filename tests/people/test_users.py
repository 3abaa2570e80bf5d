"""People in the database: passwords, sessions, lockout, audit."""

from __future__ import annotations

import json
import threading
import time
from statistics import median

import argon2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from ewater.cli.main import app
from ewater.errors import UsageError
from ewater.people import guesses, passwords, roles, sessions, signin, users
from ewater.store import audit, database, keys

pytestmark = pytest.mark.db

HERE = {"hours": 12, "address": "192.0.2.7"}
OWN = "river flows at dawn"


def rows(engine, sql, **values):
    with engine.begin() as connection:
        done = connection.execute(text(sql), values)
        return done.all() if done.returns_rows else None


def audited(engine, **wanted):
    with engine.connect() as connection:
        return audit.read(connection, **wanted)


def found(engine, token, idle=60):
    with engine.begin() as connection:
        return sessions.find(connection, token, idle_minutes=idle)


def try_wrong(engine, times, name="ali", address="192.0.2.9"):
    seen = []
    for _ in range(times):
        try:
            signin.sign_in(engine, name, "wrong", hours=1, address=address)
        except signin.WrongError:
            seen.append("wrong")
        except signin.LockedError:
            seen.append("locked")
    return seen


def unlock_in_time(engine):
    """As if the lock had run out."""
    rows(engine, "UPDATE login_guess SET locked_until = clock_timestamp()")


def test_a_first_password_signs_in_and_must_be_changed(engine, add_user):
    first = add_user("Ali@Example.org", "engineer")
    user, token = signin.sign_in(engine, "ALI@example.ORG", first, **HERE)
    assert (user.name, user.role, user.must_change) == (
        "ali@example.org", "engineer", True,
    )  # fmt: skip
    with engine.begin() as connection:
        users.change_password(connection, user, first, OWN, address=None)
    assert found(engine, token) is None
    user, token = signin.sign_in(engine, user.name, OWN, **HERE)
    assert found(engine, token).must_change is False
    with pytest.raises(signin.WrongError):
        signin.sign_in(engine, user.name, first, **HERE)


def test_a_first_password_does_not_serve_for_ever(engine, add_user):
    first = add_user("ali")
    rows(engine, "UPDATE login_user SET password_until = clock_timestamp()")
    with pytest.raises(signin.WrongError):
        signin.sign_in(engine, "ali", first, **HERE)


@pytest.mark.usefixtures("real_hashes")
def test_passwords_and_tokens_are_not_kept(engine, add_user):
    first = add_user("ali")
    _, token = signin.sign_in(engine, "ali", first, **HERE)
    [(kept,)] = rows(engine, "SELECT password FROM login_user")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,")
    everything = "".join(
        str(row)
        for table in ("login_user", "login_session", "login_guess", "audit", "person")
        for row in rows(engine, f"SELECT t::text FROM {table} t")
    )
    assert first not in everything
    assert token not in everything


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "12 to 200"),
        ("x" * 201, "12 to 200"),
        ("aaaaaaaaaaaaaaaa", "different"),
        ("my-name-is-Ali-ok", "name out"),
        ("the one before it", "one before"),
    ],
)
def test_a_password_that_is_guessed_is_refused(password, says):
    with pytest.raises(UsageError, match=says):
        passwords.check(password, name="ali", old="the one before it")


def test_first_passwords_differ_and_pass_the_check():
    made = {passwords.first() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        passwords.check(password, name="someone")


@pytest.mark.usefixtures("real_hashes")
def test_a_hash_of_older_parameters_is_renewed_at_sign_in(engine, add_user):
    first = add_user("ali")
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=1024).hash(first)
    rows(engine, "UPDATE login_user SET password = :weak", weak=weak)
    signin.sign_in(engine, "ali", first, **HERE)
    [(kept,)] = rows(engine, "SELECT password FROM login_user")
    assert "m=65536" in kept


def test_five_wrong_passwords_lock_a_name_also_for_the_right_one(engine, add_user):
    first = add_user("ali")
    assert try_wrong(engine, 6) == ["wrong"] * 5 + ["locked"]
    with pytest.raises(signin.LockedError):
        signin.sign_in(engine, "ali", first, **HERE)
    unlock_in_time(engine)
    signin.sign_in(engine, "ali", first, **HERE)
    assert try_wrong(engine, 2) == ["wrong"] * 2


def test_each_lock_is_twice_as_long_up_to_an_hour(engine):
    seconds = []
    try_wrong(engine, 4)
    for _ in range(8):
        try_wrong(engine, 1)
        [(left,)] = rows(
            engine,
            "SELECT extract(epoch FROM locked_until - last_at)::int FROM login_guess "
            "ORDER BY locked_until - last_at DESC NULLS LAST LIMIT 1",
        )
        seconds.append(left)
        unlock_in_time(engine)
        rows(engine, "UPDATE login_guess SET failures = 0 WHERE failures > 19")
    assert seconds == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_the_lockout_survives_a_restart(engine, add_user, database_url):
    add_user("ali")
    try_wrong(engine, 5)
    engine.dispose()
    again = database.connect(database_url)
    assert try_wrong(again, 1, address="192.0.2.200") == ["locked"]
    again.dispose()


def test_an_address_that_tries_many_names_is_locked(engine):
    seen = [try_wrong(engine, 1, name=f"name{n}")[0] for n in range(21)]
    assert seen == ["wrong"] * 20 + ["locked"]
    assert try_wrong(engine, 1, name="other", address="192.0.2.10") == ["wrong"]


def test_the_many_addresses_of_one_host_are_one(engine):
    for network, seen in (("1", ["wrong"] * 20 + ["locked"]), ("2", ["wrong"])):
        addresses = [f"2001:db8:1:{network}::{n:x}" for n in range(len(seen))]
        tried = [
            try_wrong(engine, 1, name=f"name{network}{n}", address=address)[0]
            for n, address in enumerate(addresses)
        ]
        assert tried == seen


def test_guesses_made_at_once_count_one_by_one(engine, add_user):
    add_user("ali")
    seen = []
    starts = threading.Barrier(12)

    def guess(number):
        starts.wait()
        seen.extend(try_wrong(engine, 1, address=f"192.0.2.{number}"))

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (seen.count("wrong"), seen.count("locked")) == (5, 7)


def test_sign_ins_at_once_all_succeed(engine, add_user):
    first = add_user("ali")
    tokens = []

    def enter():
        tokens.append(signin.sign_in(engine, "ali", first, **HERE)[1])

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tokens)) == 4
    assert all(found(engine, token) for token in tokens)


@pytest.mark.usefixtures("real_hashes")
def test_a_name_that_nobody_has_is_answered_alike_and_as_slowly(engine, add_user):
    add_user("ali")

    def answer(name):
        began = time.perf_counter()
        with pytest.raises(signin.WrongError) as error:
            signin.sign_in(engine, name, "wrong", **HERE)
        took = time.perf_counter() - began
        rows(engine, "DELETE FROM login_guess")
        return str(error.value), took

    answer("ali"), answer("nobody")
    known = [answer("ali") for _ in range(5)]
    unknown = [answer("nobody") for _ in range(5)]
    assert {said for said, _ in known} == {said for said, _ in unknown}
    ratio = median(t for _, t in known) / median(t for _, t in unknown)
    assert 1 / 3 < ratio < 3
    assert median(t for _, t in unknown) > 0.01


def test_a_lockout_does_not_tell_which_names_exist(engine, add_user):
    add_user("ali")
    assert try_wrong(engine, 6, "ali") == try_wrong(
        engine, 6, "nobody", address="192.0.2.11"
    )


def test_a_session_ends_by_idleness_and_in_the_end(engine, add_user):
    first = add_user("ali")
    _, token = signin.sign_in(engine, "ali", first, **HERE)
    rows(engine, "UPDATE login_session SET last_seen = last_seen - interval '50 min'")
    assert found(engine, token) is not None
    rows(engine, "UPDATE login_session SET last_seen = last_seen - interval '50 min'")
    assert found(engine, token) is not None  # it was seen in between
    rows(engine, "UPDATE login_session SET last_seen = last_seen - interval '61 min'")
    assert found(engine, token) is None
    _, token = signin.sign_in(engine, "ali", first, **HERE)
    rows(engine, "UPDATE login_session SET expires_at = clock_timestamp()")
    assert found(engine, token) is None


def test_a_session_ends_when_its_browser_signs_out(engine, add_user):
    first = add_user("ali")
    _, one = signin.sign_in(engine, "ali", first, **HERE)
    _, other = signin.sign_in(engine, "ali", first, **HERE)
    with engine.begin() as connection:
        sessions.end(connection, one)
    assert (found(engine, one), found(engine, other).name) == (None, "ali")


def test_who_is_shut_out_is_out_at_the_next_request(engine, add_user):
    first = add_user("ali")
    _, token = signin.sign_in(engine, "ali", first, **HERE)
    with engine.begin() as connection:
        users.disable(connection, "ali", by="chief")
    assert found(engine, token) is None
    with pytest.raises(signin.WrongError):
        signin.sign_in(engine, "ali", first, **HERE)
    with engine.begin() as connection:
        users.enable(connection, "ali", by="chief")
    signin.sign_in(engine, "ali", first, **HERE)


def test_a_role_that_is_withdrawn_is_gone_at_the_next_request(engine, add_user):
    first = add_user("ali", "admin")
    _, token = signin.sign_in(engine, "ali", first, **HERE)
    assert found(engine, token).may("administer")
    with engine.begin() as connection:
        users.set_role(connection, "ali", role="viewer", by="chief")
    assert not found(engine, token).may("administer")


def test_every_role_may_read_and_only_one_administers():
    assert all(roles.may(role, "read") for role in roles.ROLES)
    assert [r for r in roles.ROLES if roles.may(r, "administer")] == ["admin"]
    with pytest.raises(ValueError, match="anything"):
        roles.may("admin", "anything")


def test_an_audit_row_says_what_was_and_is_and_who(engine, add_user):
    add_user("ali")
    with engine.begin() as connection:
        users.set_role(connection, "ali", role="analyst", by="chief")
    newest, added = audited(engine, action="user")
    assert (newest["action"], newest["who"]) == ("user.role", "chief")
    assert newest["object"] == "person:ali"
    assert (newest["before"]["role"], newest["after"]["role"]) == ("viewer", "analyst")
    assert (added["before"], added["after"]["role"]) == (None, "viewer")


def test_failed_sign_ins_are_audited_without_what_was_typed(engine, add_user):
    add_user("ali")
    try_wrong(engine, 1)
    try_wrong(engine, 1, name="my-secret-password")
    seen = audited(engine, action="login")
    assert [(r["action"], r["object"]) for r in seen] == [
        ("login.failed", "nobody"),
        ("login.failed", "person:ali"),
    ]
    assert seen[0]["address"] == "192.0.2.9"
    assert "my-secret-password" not in str(rows(engine, "SELECT a::text FROM audit a"))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = NULL", "DELETE FROM audit", "TRUNCATE audit"],
)
def test_rows_of_the_audit_cannot_be_changed(engine, add_user, statement):
    add_user("ali")
    with pytest.raises(DBAPIError, match="neither changed nor deleted"):
        rows(engine, statement)


def test_what_is_not_committed_is_not_in_the_audit(engine, add_user):
    add_user("ali")
    with engine.connect() as connection:
        users.disable(connection, "ali", by="chief")
        connection.rollback()
    assert [r["action"] for r in audited(engine)] == ["user.add"]


def test_a_person_who_is_forgotten_leaves_a_random_id(engine, add_user):
    first = add_user("ali")
    signin.sign_in(engine, "ali", first, **HERE)
    with engine.begin() as connection:
        users.forget(connection, "ali", by="chief")
    assert rows(engine, "SELECT * FROM login_session, login_user") == []
    assert "ali" not in str(audited(engine))
    assert [r["action"] for r in audited(engine)] == [
        "user.forget",
        "login",
        "user.add",
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"role": "king"}, "no role 'king'"),
        ({"role": "reporter"}, "for an organisation"),
        ({"territories": ["NOWHERE"]}, "no territory has the code NOWHERE"),
        ({"organisations": ["NOBODY"]}, "no site belongs to NOBODY"),
        ({"name": "a b"}, "no name"),
        ({"name": "ALI"}, "there is a user 'ali'"),
    ],
)
def test_a_user_that_means_nothing_is_refused(engine, add_user, change, says):
    add_user("ali")
    with pytest.raises(UsageError, match=says):
        add_user(**{"name": "other", **change})


def test_failures_long_ago_are_forgotten(engine):
    try_wrong(engine, 4)
    rows(engine, "UPDATE login_guess SET last_at = last_at - interval '2 days'")
    assert try_wrong(engine, 5) == ["wrong"] * 5
    [(failures,)] = rows(engine, "SELECT max(failures) FROM login_guess")
    assert failures == guesses.FREE["name"]


@pytest.fixture
def ewater(database_url, monkeypatch):
    monkeypatch.setenv("EWATER_DATABASE_URL", database_url)

    def run(*arguments, code=0):
        done = CliRunner().invoke(app, [*arguments])
        if code and done.exception is not None:
            return str(done.exception)
        assert done.exit_code == code, done.output
        return done.stdout

    return run


def test_the_command_adds_lists_changes_and_shuts_out(ewater, engine):
    first = ewater("user", "add", "ali", "--role", "admin").strip()
    signin.sign_in(engine, "ali", first, **HERE)
    [row] = json.loads(ewater("user", "list", "--format", "json"))
    assert (row["name"], row["role"], row["sessions"]) == ("ali", "admin", 1)
    ewater("user", "role", "ali", "viewer")
    ewater("user", "disable", "ali")
    [row] = json.loads(ewater("user", "list", "--format", "json"))
    assert (row["role"], row["sessions"]) == ("viewer", 0)
    assert row["disabled_at"]
    ewater("user", "enable", "ali")
    try_wrong(engine, 6)
    second = ewater("user", "password", "ali").strip()
    signin.sign_in(engine, "ali", second, **HERE)
    try_wrong(engine, 6)
    ewater("user", "unlock", "ali")
    signin.sign_in(engine, "ali", second, **HERE)
    ewater("user", "forget", "ali")
    assert "no user 'ali'" in ewater("user", "disable", "ali", code=2)
    said = json.loads(ewater("audit", "--format", "json", "--action", "user"))
    assert [r["action"] for r in said] == [
        "user.forget", "user.unlock", "user.password_reset", "user.enable",
        "user.disable", "user.role", "user.add",
    ]  # fmt: skip
    assert "login" in ewater("audit", "--format", "csv")


def test_keys_of_loggers_are_audited_without_the_key(engine):
    with engine.begin() as connection:
        key = keys.add(connection, "gauge", ["KUR-*"], who="chief")
        assert keys.revoke(connection, "gauge", who="deputy")
        assert not keys.revoke(connection, "gauge", who="deputy")
    revoked, added = audited(engine, action="key")
    assert (added["who"], added["after"]["series"]) == ("chief", ["KUR-*"])
    assert (revoked["who"], revoked["after"]) == ("deputy", {"revoked": True})
    assert key not in str([added, revoked])
