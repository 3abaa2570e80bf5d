"""Subcommands of signatures: keys that are trusted, signing, verifying."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ewater.cli import files
from ewater.cli.report_acting import Number, Version, acting
from ewater.cli.rows import FormatOption, show

_keys = typer.Typer(
    help="Keys and issuers whose signatures of returns are accepted.",
    no_args_is_help=True,
)
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the key or issuer")]


def register(group: typer.Typer) -> None:
    """Add this area's subcommands."""
    for command in (content, sign, verify):
        group.command()(command)
    group.add_typer(_keys, name="key")


@_keys.command()
def trust(
    name: _Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="PEM")],
    *,
    enterprise: Annotated[
        str | None, typer.Option(metavar="E", help="Whose key it is")
    ] = None,
) -> None:
    """Trust the Ed25519 public key of an enterprise, or an issuer of certificates.

    With --enterprise the file is a public key, without it the certificate of an issuer.

    Exit status: 0 trusted, 2 it is neither, or the name is taken.
    """
    from ewater.reports import signing

    with acting() as (connection, person):
        signing.trust(connection, person, name, files.read(file), enterprise)
    typer.echo(f"{name}: {'issuer' if enterprise is None else f'key of {enterprise}'}")


@_keys.command("list")
def list_(*, format: FormatOption = "table") -> None:
    """List keys and issuers, and how many signatures each vouches for."""
    from ewater.reports import signing

    with acting() as (connection, _):
        rows = signing.listed(connection)
    columns = (
        "name", "kind", "enterprise", "added_at", "who", "revoked_at", "signatures",
    )  # fmt: skip
    show(rows, columns, format)


@_keys.command()
def distrust(name: _Name) -> None:
    """Trust a key or issuer no longer. What it signed stays accepted.

    Exit status: 0 done, 2 nothing of the name is trusted.
    """
    from ewater.reports import signing

    with acting() as (connection, person):
        signing.distrust(connection, person, name)
    typer.echo(f"{name}: trusted no longer")


def content(
    number: Number,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write")],
    version: Version = None,
) -> None:
    """Write what a signature is made over: the canonical JSON of a submitted return.

    Exit status: 0 written, 2 there is no such version.
    """
    from ewater.reports import receipts, signing

    files.place(out)
    with acting() as (connection, person):
        raw = signing.content(connection, person, number, version)
    files.write(out, raw)
    typer.echo(f"{out}: {len(raw):,} bytes, SHA-256 {receipts.sha256(raw).hex()}")


def sign(
    number: Number,
    *,
    signature: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Detached: Ed25519, or CMS (DER or PEM)"),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Or sign here with this Ed25519 key (PEM)"),
    ] = None,
    version: Version = None,
) -> None:
    """Attach a detached signature to a submitted return; it is verified first.

    Exit status: 0 attached (also when it was already), 2 it is not accepted.
    """
    from ewater.errors import UsageError
    from ewater.reports import signing

    if (signature is None) == (key is None):
        raise UsageError("give either --signature FILE or --key FILE")
    with acting() as (connection, person):
        if signature is not None:
            made = files.read(signature)
        else:
            assert key is not None  # noqa: S101 - one of the two is given
            raw = signing.content(connection, person, number, version)
            made = signing.sign(raw, files.read(key), str(key))
        signer = signing.attach(connection, person, number, version, made)
    typer.echo(f"return {number}: signed by {signer}")


def verify(
    number: Number, *, version: Version = None, format: FormatOption = "table"
) -> None:
    """Verify the signatures of a submitted return again, over what is kept of it.

    Exit status: 0 all hold (also when there is none), 1 one does not, 2 failed.
    """
    from ewater.reports import signing

    with acting() as (connection, person):
        rows = signing.verified(connection, person, number, version)
    columns = (
        "kind", "signer", "trust", "verified_at", "revoked_at", "holds", "why",
    )  # fmt: skip
    show(rows, columns, format)
    if not all(row["holds"] for row in rows):
        raise typer.Exit(1)
