"""Who may ask, and what is refused: each fault of access a test."""

from __future__ import annotations

import logging
import re
import time
from functools import wraps
from pathlib import Path
from types import SimpleNamespace

import pytest
from babel.messages.pofile import read_po
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ewater.cli.logs import KeyValue
from ewater.dashboard import access
from ewater.dashboard.access import config, refusals
from ewater.dashboard.access.guard import own_page
from ewater.dashboard.access.pages import TEMPLATE_WORDS
from ewater.dashboard.access.refusals import WORDS
from ewater.dashboard.i18n import catalogues
from ewater.dashboard.queries import CachedReader
from ewater.errors import UsageError
from ewater.people import users
from ewater.settings import Settings
from ewater.store import audit

pytestmark = pytest.mark.db

PASSWORD = "river flows at dawn"
HERE = {"Origin": "http://localhost"}
PAGE = {"Accept": "text/html"}


def audited(engine, action=None):
    with engine.connect() as connection:
        return audit.read(connection, action=action)


def change(engine, statement, **values):
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def login(client, name="ali", password=PASSWORD, headers=HERE, **more):
    return client.post(
        "/login", data={"name": name, "password": password, **more}, headers=headers
    )


def test_a_callback_posted_without_login_is_refused(server, ask):
    answer = ask(server.test_client())
    assert answer.status_code == 401
    assert answer.get_json() == {"error": WORDS[401]}


def test_a_session_that_was_made_up_is_refused(server, ask):
    client = server.test_client()
    client.set_cookie("ewater", "x" * 43)
    assert ask(client).status_code == 401


def test_nothing_of_the_application_is_shown_without_login(server):
    client = server.test_client()
    for path in ("/", "/_dash-layout", "/_dash-dependencies", "/territory"):
        assert client.get(path).status_code in {303, 401}
    for path in ("/login", "/health", "/assets/style.css"):
        with client.get(path) as answer:
            assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/loginx", "/healthy", "/elsewhere", "/territory/x"])
def test_an_unknown_address_is_a_page_that_is_not_found(server, signed_in, path):
    for client in (server.test_client(), signed_in()):
        answer = client.get(path, headers=PAGE)
        assert answer.status_code == 404
        assert WORDS[404] in answer.text
        assert "react-entry-point" not in answer.text


def test_a_page_opened_without_login_comes_back_after_it(server, add_user):
    add_user()
    client = server.test_client()
    sent = client.get("/?territory=B-MID&lang=az", headers=PAGE)
    assert sent.status_code == 303
    assert sent.location == "/login?next=/%3Fterritory%3DB-MID%26lang%3Daz"
    assert "Daxil ol" in client.get(sent.location).text
    entered = login(client, next="/?territory=B-MID&lang=az")
    assert entered.location == "/?territory=B-MID&lang=az"


def test_the_cookie_is_kept_from_scripts_and_other_sites(make_app, add_user):
    add_user()
    plain = login(make_app().test_client()).headers["Set-Cookie"]
    assert plain.startswith("ewater=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(plain.split("; "))
    secure = make_app(public_url="https://water.example")
    client = secure.test_client()
    sent = client.post(
        "/login",
        base_url="https://water.example",
        data={"name": "ali", "password": PASSWORD},
        headers={"Origin": "https://water.example"},
    )
    cookie = sent.headers["Set-Cookie"]
    assert cookie.startswith("__Host-ewater=")
    assert "Secure" in cookie.split("; ")
    assert "Domain" not in cookie


def test_a_sign_in_makes_a_new_session_and_ends_the_one_before(
    signed_in, server, ask, engine
):
    client = signed_in()
    before = client.get_cookie("ewater").value
    login(client)
    assert client.get_cookie("ewater").value != before
    other = server.test_client()
    other.set_cookie("ewater", before)
    assert ask(other).status_code == 401
    assert ask(client).status_code == 200


def test_signing_out_ends_the_session_on_the_server(signed_in, server, ask):
    client = signed_in()
    token = client.get_cookie("ewater").value
    assert client.post("/logout", headers=HERE).status_code == 303
    assert client.get_cookie("ewater") is None
    client.set_cookie("ewater", token)
    assert ask(client).status_code == 401


@pytest.mark.parametrize(
    "what", ["/_dash-update-component", "/download/overview/monthly.csv"]
)
def test_an_expired_session_gets_no_download(signed_in, engine, what):
    client = signed_in()
    change(engine, "UPDATE login_session SET expires_at = clock_timestamp()")
    answer = client.get(what, headers=PAGE)
    assert answer.status_code == 401
    assert answer.get_json() == {"error": WORDS[401]}


def test_a_role_that_is_withdrawn_counts_at_the_next_request(
    signed_in, server, ask, engine
):
    client = signed_in(role="admin")
    assert ask(client).status_code == 200
    with engine.begin() as connection:
        users.disable(connection, "ali", by="chief")
    assert ask(client).status_code == 401


def test_an_act_that_is_withdrawn_counts_at_the_next_request(signed_in, engine):
    client = signed_in(role="approver")
    assert client.get("/desk", headers=PAGE).status_code == 200
    with engine.begin() as connection:
        users.set_role(connection, "ali", role="viewer", by="chief")
    assert client.get("/desk", headers=PAGE).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/_dash-layout",
        "/_dash-dependencies",
        "/login",
        "/health",
        "/download/overview/monthly.csv?year=2023",
        "/download/overview/monthly.csv?year=1492",
        "/api/balance?territory=TL&from=2023-01-01&to=2024-01-01",
        "/elsewhere",
    ],
)
def test_nothing_of_a_session_is_kept_by_browsers_and_proxies(signed_in, ask, path):
    client = signed_in()
    assert client.get(path, headers=PAGE).headers["Cache-Control"] == "no-store"
    assert ask(client).headers["Cache-Control"] == "no-store"


def test_a_scope_that_is_narrowed_counts_at_the_next_request(signed_in, ask, engine):
    client = signed_in()
    assert ask(client, territory="B-SOUTH").status_code == 200
    change(engine, "UPDATE login_user SET territories = '{B-MID}'")
    assert ask(client, territory="B-SOUTH").status_code == 403
    assert ask(client, territory="B-MID").status_code == 200


def test_another_territory_in_the_payload_is_refused_and_audited(
    signed_in, ask, engine
):
    client = signed_in(territories=["B-MID"])
    for inside in ("B-MID", "D10", "D11"):
        assert ask(client, territory=inside).status_code == 200
    for outside in ("TL", "B-NORTH", "D00"):
        answer = ask(client, territory=outside)
        assert (answer.status_code, answer.get_json()) == (403, {"error": WORDS[403]})
    newest, *rest = audited(engine, "refused.scope")
    assert (newest["who"], newest["object"]) == ("ali", "path:/_dash-update-component")
    assert "D00" in newest["after"]["asked"]
    assert len(rest) == 2


def test_two_users_of_one_cache_are_each_given_their_own(signed_in, server, ask):
    whole, part = signed_in("whole"), signed_in("part", territories=["B-MID"])
    answers = [ask(client, territory="B-MID") for client in (whole, part)]
    assert [a.status_code for a in answers] == [200, 200]
    assert ask(whole, territory="B-NORTH").status_code == 200
    assert ask(part, territory="B-NORTH").status_code == 403
    seen = {key[1].territories for key in server.cached._answers._answers}
    assert seen == {(), ("B-MID",)}


def test_the_cache_has_scope_and_version_in_its_keys(reader):
    from ewater.accounts.scope import Scope

    scope = Scope()
    reader.version = lambda: version
    cached = CachedReader(reader, scope=lambda: scope)
    version = "1"
    assert len(cached.territories()) == 10
    scope = Scope(territories=("B-MID",))
    assert sorted(cached.territories().index) == ["B-MID", "D10", "D11"]
    version = "2"
    cached.territories()
    assert {key[:2] for key in cached._answers._answers} == {
        ("1", Scope()), ("1", scope), ("2", scope),
    }  # fmt: skip


@pytest.mark.parametrize(
    "forged",
    [
        {"year": "2023; DROP TABLE audit"},
        {"year": -5},
        {"boundary": "everything"},
        {"period": "1-13"},
        {"version": "mine"},
        {"as_of": "yesterday"},
        {"more": [["__class__", "x"]]},
        {"more": 5},
        {"more": [["series", "G.Q\0"]]},
        {"more": [["find", "\ud800"]]},
        {"more": [["find", "x" * 201]]},
        {"first_month": 77},
    ],
)
def test_a_state_that_was_tampered_with_is_refused(signed_in, ask, forged):
    assert ask(signed_in(), **forged).status_code == 400


def test_figures_in_the_client_state_are_computed_anew(signed_in, ask, reader):
    client = signed_in()
    honest = ask(client).text
    forged = ask(client, inflow=1e12, query="?territory=B-MID", balance={"z": 0}).text
    assert forged == honest


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.elsewhere.example"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
def test_a_post_from_a_foreign_origin_is_refused(signed_in, ask, engine, headers):
    client = signed_in()
    assert ask(client, headers=headers).status_code == 403
    assert audited(engine, "refused.origin")[0]["who"] == "ali"
    assert client.post("/logout", headers=headers).status_code == 403


def test_a_sign_in_from_a_foreign_page_is_refused(server, add_user):
    add_user()
    answer = login(
        server.test_client(), headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_a_host_that_is_not_ours_is_refused(server):
    answer = server.test_client().get("/login", base_url="http://elsewhere.example")
    assert answer.status_code == 400


def test_a_loop_of_requests_is_limited(make_app, signed_in, ask):
    server = make_app(per_minute=5)
    client = signed_in(on=server)
    seen = [ask(client).status_code for _ in range(7)]
    assert seen == [200] * 5 + [429] * 2
    last = ask(client)
    assert last.get_json() == {"error": WORDS[429]}
    assert 0 < int(last.headers["Retry-After"]) <= 60


def test_an_address_is_that_of_the_visitor_only_behind_a_proxy(make_app, ask):
    """Whoever names their own address would be a new visitor with each request."""

    def seen(proxies):
        client = make_app(per_minute=3, proxies=proxies).test_client()
        return [
            ask(client, headers={**HERE, "X-Forwarded-For": f"192.0.2.{n}"})
            for n in range(5)
        ]

    assert [a.status_code for a in seen(0)] == [401] * 3 + [429] * 2
    assert [a.status_code for a in seen(1)] == [401] * 5


def test_what_a_visitor_adds_before_the_proxy_counts_for_nothing(make_app, ask):
    client = make_app(per_minute=3, proxies=1).test_client()
    seen = [
        ask(client, headers={**HERE, "X-Forwarded-For": f"192.0.2.{n}, 198.51.100.7"})
        for n in range(4)
    ]
    assert [a.status_code for a in seen] == [401] * 3 + [429]


def test_one_person_who_loops_does_not_shut_out_another(make_app, signed_in, ask):
    server = make_app(per_minute=3)
    busy, calm = signed_in("busy", on=server), signed_in("calm", on=server)
    assert [ask(busy).status_code for _ in range(4)][-1] == 429
    assert ask(calm).status_code == 200


def test_sign_ins_in_a_loop_are_limited_before_any_hash(server):
    client = server.test_client()
    seen = [login(client, name=f"n{k}").status_code for k in range(31)]
    assert seen[:20] == [401] * 20
    assert set(seen[20:]) == {429}


def test_five_wrong_passwords_lock_the_name(server, add_user):
    add_user()
    client = server.test_client()
    seen = [login(client, password="wrong").status_code for _ in range(6)]
    assert seen == [401] * 5 + [429]
    assert "Too many attempts" in login(client).text


def test_a_name_that_nobody_has_is_answered_alike(server, add_user):
    add_user()
    client = server.test_client()
    known = login(client, password="wrong")
    unknown = login(client, name="abc", password="wrong")
    assert known.status_code == unknown.status_code == 401
    assert known.text.replace('"ali"', '"abc"') == unknown.text


def test_a_huge_upload_is_refused_before_it_is_read(signed_in):
    class Untouched:
        def read(self, *_):
            raise AssertionError("the body was read")

        readline = read

    client = signed_in()
    answer = client.post(
        "/_dash-update-component",
        environ_overrides={
            "wsgi.input": Untouched(),
            "CONTENT_LENGTH": "50000000",
        },
        content_type="application/json",
        headers=HERE,
    )
    assert (answer.status_code, answer.get_json()) == (413, {"error": WORDS[413]})


def test_a_body_without_a_length_is_read_to_the_limit_only(signed_in):
    import io

    client = signed_in()
    answer = client.post(
        "/_dash-update-component",
        input_stream=io.BytesIO(b" " * 3_000_000),
        environ_overrides={"wsgi.input_terminated": True},
        content_type="application/json",
        headers=HERE,
    )
    assert answer.status_code == 413


def test_a_download_is_of_the_scope_of_its_asker(signed_in, engine):
    client = signed_in(territories=["B-MID"])
    inside = client.get("/download/overview/map.csv?territory=B-MID&year=2023")
    assert inside.status_code == 200
    assert "North" not in inside.text
    for outside in ("TL", "B-NORTH", "D00"):
        answer = client.get(f"/download/overview.xlsx?territory={outside}&year=2023")
        assert (answer.status_code, answer.get_json()) == (403, {"error": WORDS[403]})
    newest, *rest = audited(engine, "refused.scope")
    assert (newest["who"], newest["object"]) == ("ali", "path:/download/overview.xlsx")
    assert "D00" in newest["after"]["asked"]
    assert len(rest) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../app.py",
        "/assets/..%2fapp.py",
        "/assets/%2e%2e/app.py",
        "/assets/..%5capp.py",
        "/assets//etc/passwd",
        "/_dash-component-suites/dash/../../flask/app.py",
        "/_dash-component-suites/dash/%2e%2e/dash.py",
    ],
)
def test_two_dots_in_a_file_name_lead_nowhere(signed_in, path):
    answer = signed_in().get(path)
    assert answer.status_code in {308, 404}
    assert not re.search(r"^import |^root:", answer.text, re.MULTILINE)


@pytest.mark.parametrize(
    "wanted",
    [
        "//elsewhere.example",
        "///elsewhere.example",
        "////elsewhere.example/x",
        "https://elsewhere.example/",
        "/\\elsewhere.example",
        "\\\\elsewhere",
        "javascript:alert(1)",
        "/\t/elsewhere",
        "elsewhere",
        "/login?next=/",
        "/logout",
        "http://[::1",
        "//[",
        "",
        None,
    ],
)
def test_the_page_after_sign_in_is_one_of_ours(wanted):
    assert own_page(wanted) == "/"


def test_a_script_in_a_name_or_an_address_is_text(server):
    client = server.test_client()
    page = login(client, name='"><script>alert(1)</script>', password="x").text
    assert "<script" not in page
    page = client.get("/login?next=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script" not in page


@pytest.mark.parametrize("name", ["receipt", "refused", "login", "public"])
def test_what_a_page_without_scripts_is_given_is_text(make_app, name):
    attack = '"><img src=x onerror=alert(1)>'
    said = dict.fromkeys(("title", "verdict", "words", "error", "name", "next"), attack)
    figure = dict.fromkeys(
        ("label", "period", "value", "status", "status_words"), attack
    )
    edition = dict.fromkeys(("name", "territory", "reason", "seal", "span"), attack)
    edition |= {"withdrawn": True, "several": True, "notes": [attack]}
    with make_app(public=True).test_request_context("/?lang=en"):
        page = refusals.page(
            f"{name}.html",
            **said,
            provider=attack,
            lines=[(attack, attack, True), (attack, attack, False)],
            editions=[edition | {"figures": [figure]}],
        ).get_data(as_text=True)
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_no_template_takes_anything_as_it_is_but_our_own_colours():
    for path in Path(access.__file__).parents[1].rglob("*.html"):
        said = set(re.findall(r"\{\{\s*(\w+)\s*\|\s*safe", path.read_text()))
        ours = {"variables", "plotly", "plotted", "world", "charts"}
        assert said <= (ours if path.name == "bulletin.html" else {"variables"})
        assert "autoescape" not in path.read_text()


def test_a_first_password_opens_nothing_but_its_change(server, engine, ask):
    with engine.begin() as connection:
        first = users.add(connection, "ali", role="viewer", by="chief")
    client = server.test_client()
    entered = login(client, password=first, next="/?year=2022")
    assert entered.location == "/password?next=/%3Fyear%3D2022"
    assert ask(client).status_code == 403
    assert client.get("/", headers=PAGE).location == "/password"
    given = {"old": first, "new": PASSWORD, "again": PASSWORD, "next": "/?year=2022"}
    for wrong in ({"old": "x"}, {"again": "x"}, {"new": "short", "again": "short"}):
        answer = client.post("/password", data=given | wrong, headers=HERE)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
    done = client.post("/password", data=given, headers=HERE)
    assert (done.status_code, done.location) == (303, "/?year=2022")
    assert ask(client).status_code == 200


def test_the_database_down_shows_the_last_view_and_health_is_red(
    signed_in, server, ask, reader, monkeypatch
):
    client = signed_in()
    stranger = server.test_client()
    view = ask(client).text
    assert server.test_client().get("/health").get_json()["status"] == "ok"

    def away(*_, **__):
        raise OperationalError("SELECT secret", {}, Exception("connection refused"))

    guard = server.guard
    monkeypatch.setattr(guard.engine, "connect", away)
    monkeypatch.setattr(guard.engine, "begin", away)
    monkeypatch.setattr(reader, "version", away)
    for name in ("balance", "balances", "flows"):
        fails = wraps(getattr(reader, name))(lambda *_: away())
        monkeypatch.setattr(reader, name, fails)
    red = stranger.get("/health")
    assert (red.status_code, red.get_json()["status"]) == (503, "failing")
    assert ask(client).text == view
    assert server.cached.down
    new = ask(client, year=2021)
    assert (new.status_code, new.get_json()) == (503, {"error": WORDS[503]})
    for answer in (new, login(stranger), red):
        assert answer.status_code == 503
        assert "Traceback" not in answer.text
        assert "SELECT" not in answer.text
    unknown = server.test_client()
    unknown.set_cookie("ewater", "x" * 43)
    assert ask(unknown).status_code == 503
    late = SimpleNamespace(monotonic=lambda: time.monotonic() + 600)
    monkeypatch.setattr("ewater.dashboard.access.guard.time", late)
    assert ask(client).status_code == 503, "nobody is believed for long"


def test_what_somebody_asks_for_is_one_line_of_the_log():
    asked = 'no page "/x\n2026-01-01 level=info event=all-is-well"\x1b[2K\u2028'
    record = logging.makeLogRecord({"name": "ewater.x", "msg": asked})
    assert len(KeyValue().format(record).splitlines()) == 1


def test_a_fault_of_ours_shows_no_trace(signed_in, ask, reader, monkeypatch):
    def broken(*_):
        raise RuntimeError("a secret path")

    client = signed_in()
    monkeypatch.setattr(reader, "balance", broken)
    answer = ask(client)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_the_public_view_shows_published_editions_only(make_app, ask):
    client = make_app(public=True).test_client()
    assert client.get("/", headers=PAGE).location == "/public"
    page = client.get("/public")
    assert page.status_code == 200
    assert "No edition has been published yet" in page.text
    assert ask(client).status_code == 401
    assert client.get("/?year=2023", headers=PAGE).location.startswith("/login?")


def test_there_is_no_public_view_unless_it_is_switched_on(server):
    answer = server.test_client().get("/public", headers=PAGE)
    assert answer.status_code == 404


def test_a_page_that_was_left_may_have_an_address_that_is_none(server):
    headers = {"Referer": "http://[::1/?lang=az"}
    answer = server.test_client().get("/login?next=http://[", headers=headers)
    assert answer.status_code == 200
    assert "Parol" in answer.text


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        None,
        "kpis.children",
        {"output": 5},
        {"output": "none.children", "outputs": {}, "inputs": []},
        {"output": "kpis.children", "outputs": {}},
        {"output": "kpis.children", "outputs": {}, "inputs": [5]},
        {"output": "kpis.children", "outputs": {}, "inputs": [], "state": {"id": 1}},
        {"output": "kpis.children", "outputs": {}, "inputs": [], "changedPropIds": 5},
    ],
    ids=str,
)
def test_what_is_no_callback_is_refused_and_no_fault_of_ours(signed_in, body):
    answer = signed_in().post("/_dash-update-component", json=body, headers=HERE)
    assert (answer.status_code, answer.get_json()) == (400, {"error": WORDS[400]})


@pytest.mark.parametrize("lang", ["az", "en", "ru"])
def test_the_pages_speak_three_languages(server, lang):
    page = server.test_client().get(f"/login?lang={lang}&theme=dark").text
    assert f'<html lang="{lang}" data-mantine-color-scheme="dark">' in page
    words = {"az": "Parol", "en": "Password", "ru": "Пароль"}
    assert words[lang] in page


def test_every_word_of_the_templates_is_in_the_catalogues():
    folder = Path(access.__file__).parent / "templates"
    said = {
        word
        for path in folder.glob("*.html")
        for pair in re.findall(r"""say\((?:"([^"]+)"|'([^']+)')\)""", path.read_text())
        for word in pair
        if word
    }
    assert set(TEMPLATE_WORDS) <= said, "no template says it any more"
    for code in ("az", "ru"):
        known = set()
        for path in catalogues(code):
            with path.open("rb") as file:
                known |= {message.id for message in read_po(file, locale=code)}
        assert said - known == set(), code


def test_the_sign_in_keeps_the_policy_and_asks_nothing_elsewhere(server):
    answer = server.test_client().get("/login")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert "http" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


STRONG = {
    "public_url": "https://water.example",
    "oidc_issuer": "https://login.example",
    "oidc_client_secret": "0123456789abcdef0",
    "database_url": "postgresql://water:Zx8-k2!mm@db.example/water",
}


def test_strong_settings_start():
    made = config.from_settings(Settings(**STRONG), "0.0.0.0")  # noqa: S104
    assert made.secure


@pytest.mark.parametrize(
    ("weak", "says"),
    [
        ({"public_url": None}, "in the clear"),
        ({"public_url": "http://water.example"}, "not https"),
        ({"public_url": "water.example"}, "no address"),
        ({"public_url": "https://water.example/sub"}, "path"),
        ({"oidc_issuer": "http://login.example"}, "not https"),
        ({"oidc_client_secret": "changeme"}, "default or shorter"),
        ({"oidc_client_secret": "your-client-secret"}, "default or shorter"),
        ({"oidc_client_secret": "Zx8-k2!mm-q9w_t"}, "default or shorter"),
        ({"database_url": "postgresql://u:postgres@db.example/w"}, "default"),
        ({"database_url": "postgresql://water:water@db.example/w"}, "default"),
    ],
)
def test_a_default_or_weak_key_refuses_to_start(weak, says):
    with pytest.raises(UsageError, match=says):
        config.from_settings(Settings(**(STRONG | weak)), "0.0.0.0")  # noqa: S104


@pytest.mark.parametrize("name", ["FLASK_DEBUG", "DASH_DEBUG"])
def test_a_debugger_refuses_to_start(monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(UsageError, match=f"{name} is on"):
        config.from_settings(Settings(), "127.0.0.1")
    with pytest.raises(UsageError, match=f"{name} is on"):
        config.check_open("127.0.0.1")


def test_open_to_everybody_is_for_this_machine_alone():
    config.check_open("127.0.0.1")
    config.check_open("::1")
    for host in ("0.0.0.0", "192.0.2.1", "water.example", None):  # noqa: S104
        with pytest.raises(UsageError, match="without sign-in"):
            config.check_open(host)
