"""Accounts have names of their own: a reach of a river has no site."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_LANGUAGES = {"az": "Azerbaijani", "en": "English", "ru": "Russian"}


def upgrade() -> None:
    """Add a name in each language."""
    for code, language in _LANGUAGES.items():
        meaning = f"Name of the account in {language}; that of its site if not given"
        op.add_column(
            "accounts",
            sa.Column(f"name_{code}", sa.Text(), nullable=True, comment=meaning),
        )


def downgrade() -> None:
    """Forget them."""
    for code in _LANGUAGES:
        op.drop_column("accounts", f"name_{code}")
