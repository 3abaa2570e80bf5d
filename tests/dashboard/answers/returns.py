"""Returns of the made-up country: one enterprise with one return that waits."""

from __future__ import annotations

import datetime as dt

from ewater.reports import form as forms
from ewater.reports.findings import Finding

WHEN = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
LINE = {"g1": "P-1", "g4": "river", "g12": 500.0, "g13": 500.0}
PERMIT = {
    "code": "P-1",
    "enterprise": "E1",
    "source_kind": "surface",
    "limit_m3": 1e6,
    "per": "year",
    "valid_from": WHEN,
    "valid_to": None,
    "site": "S1",
    "allowed": 1e6,
}
VERSION = {
    "number": 1,
    "way": "form",
    "submitted_at": WHEN,
    "submitted_name": "rena",
    "late": True,
    "decision": None,
    "decided_at": None,
    "decided_name": None,
    "decided_why": None,
    "sha256": bytes(32),
    "receipt": bytes(32),
}
FOUND = Finding(
    code="over_limit",
    severity="grave",
    size_m3=2e6,
    values={"source": "surface", "value": 3e3, "limit": 1e3, "permits": "P-1"},
)


def enterprises(reader):
    return [
        {
            "code": "E1",
            "name": "Zavod",
            "isic": "C",
            "territory": "D0",
            "valid_to": None,
        }
    ]


def one(reader, enterprise, form, period):
    return {
        "id": 1,
        "enterprise": enterprise,
        "name": "Zavod",
        "form": forms.built_in(),
        "period": period,
        "state": "submitted",
        "edits": 1,
        "content": {"intake": [LINE]},
        "versions": [VERSION],
        "remarks": [],
        "findings": [FOUND],
        "asides": [],
        "author": "rena",
        "saved": None,
        "previous": {"intake": [LINE]},
        "permits": [PERMIT],
        "due_at": WHEN,
        "zone": "Asia/Baku",
    }


def examined(reader, number):
    year = {
        "period": "2025",
        "intake": 5e5,
        "used": 4e5,
        "passed_unused": None,
        "discharge": None,
        "intake_u": 2.5e4,
        "used_u": 6e4,
        "passed_unused_u": None,
        "discharge_u": None,
        "metered": 0.8,
        "output": None,
        "u": 2e4,
        "this": True,
    }
    told = one(reader, "E1", "2-TP", "2025")
    told["beside"] = {
        "reported": 5e5,
        "own": 5e5,
        "u": 2e4,
        "metered": 0.8,
        "meters": {
            "volume": 6e5,
            "u": 1e4,
            "coverage": 0.97,
            "series": "S1.Q",
            "reported": 5e5,
        },
        "pumps": None,
        "permits": [PERMIT],
        "partners": [{"other": "U1", "gives": True, "given": 1e5, "taken": None}],
        "years": [year],
        "expected": 4.8e5,
    }
    return told


def queue(reader, form, period=""):
    return [
        {
            "id": 1,
            "enterprise": "E1",
            "name": "Zavod",
            "territory": "D0",
            "period": period,
            "state": "submitted",
            "late": True,
            "submitted_at": WHEN,
            "examined_at": WHEN,
            "errors": 0,
            "grave": 1,
            "warnings": 0,
            "size_m3": 2e6,
            "severity": "grave",
        }
    ]


def missing(reader, form, period):
    return [
        {
            "enterprise": "E2",
            "name": "Fabrik",
            "territory": "D1",
            "state": "none",
            "permitted_m3": 5e5,
            "due_at": WHEN,
            "last_day": WHEN.date(),
            "overdue": True,
            "reminded_at": None,
        }
    ]


def breaks(reader, form, period):
    made_of = {"change": 1e6, "scope": 1e6, "suggests": "scope", "largest": []}
    found = {
        "id": 1,
        "kind": "sector",
        "code": "industry",
        "item": "intake",
        "period": period,
        "before_m3": 1e6,
        "after_m3": 2e6,
        "evidence": made_of,
        "reason": None,
        "explanation": None,
        "who": None,
    }
    return {"breaks": [found], "signed": None, "names": {}}


def signatures(reader, enterprise):
    return [
        {
            "period": "2025", "version": 1, "kind": "ed25519", "signer": "k1",
            "trust": "k1", "verified_at": WHEN, "revoked_at": None, "holds": True,
            "why": None,
        }
    ]  # fmt: skip


ANSWERS = {
    "signatures": signatures,
    "enterprises": enterprises,
    "forms": lambda reader: [forms.built_in()],
    "choosable": lambda reader, form: {"years": ["2025", "2024"], "kept": ["2025"]},
    "one": one,
    "examined": examined,
    "queue": queue,
    "missing": missing,
    "breaks": breaks,
    "years": lambda reader, enterprise, form: examined(reader, 1)["beside"]["years"],
    "instruments": lambda reader, enterprise: [],
    "sent_returns": lambda reader, enterprise: [
        {
            "id": 1,
            "period": "2025",
            "form": "2-TP",
            "state": "submitted",
            "severity": "grave",
            "size_m3": 2e6,
            "sent": [VERSION],
        }
    ],
}
