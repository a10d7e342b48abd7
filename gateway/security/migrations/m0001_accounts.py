"""Accounts, sessions, tokens and set-up links."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations.operations import CreateModel, Operation


def _options(table: str, key: str) -> dict[str, str]:
    return {"table": table, "app": "accounts", "pk_attr": key}


class Migration(migrations.Migration):
    initial = True
    operations: list[Operation] = [  # noqa: RUF012 - declared so by Tortoise
        CreateModel(
            name="AccountRow",
            fields=[
                ("name", fields.CharField(max_length=40, primary_key=True)),
                ("display", fields.CharField(max_length=120)),
                ("roles", fields.JSONField()),
                ("departments", fields.JSONField()),
                ("created_at", fields.BigIntField()),
                ("password", fields.CharField(max_length=255)),
                ("password_at", fields.BigIntField(null=True)),
                ("totp", fields.CharField(max_length=255)),
                ("totp_step", fields.BigIntField()),
                ("recovery", fields.JSONField()),
                ("locked", fields.CharField(max_length=255)),
                ("external", fields.CharField(max_length=500)),
                ("language", fields.CharField(max_length=20)),
                ("signed_in_at", fields.BigIntField(null=True)),
            ],
            options=_options("account", "name"),
        ),
        CreateModel(
            name="SessionRow",
            fields=[
                ("id", fields.CharField(max_length=64, primary_key=True)),
                ("account", fields.CharField(max_length=40, db_index=True)),
                ("opened_at", fields.BigIntField()),
                ("seen_at", fields.BigIntField()),
                ("address", fields.CharField(max_length=64)),
                ("agent", fields.CharField(max_length=255)),
            ],
            options=_options("session", "id"),
        ),
        CreateModel(
            name="TokenRow",
            fields=[
                ("id", fields.CharField(max_length=64, primary_key=True)),
                ("name", fields.CharField(max_length=60, unique=True)),
                ("kind", fields.CharField(max_length=20)),
                ("permissions", fields.JSONField()),
                ("departments", fields.JSONField()),
                ("scope", fields.CharField(max_length=200)),
                ("made_by", fields.CharField(max_length=100)),
                ("made_at", fields.BigIntField()),
                ("expires_at", fields.BigIntField(null=True)),
                ("revoked_at", fields.BigIntField(null=True)),
                ("used_at", fields.BigIntField(null=True)),
            ],
            options=_options("token", "id"),
        ),
        CreateModel(
            name="InvitationRow",
            fields=[
                ("id", fields.CharField(max_length=64, primary_key=True)),
                ("account", fields.CharField(max_length=40)),
                ("made_by", fields.CharField(max_length=100)),
                ("expires_at", fields.BigIntField()),
            ],
            options=_options("invitation", "id"),
        ),
    ]
