"""The devices that were ever configured."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations.operations import CreateModel, Operation


class Migration(migrations.Migration):
    initial = True
    operations: list[Operation] = [  # noqa: RUF012 - declared so by Tortoise
        CreateModel(
            name="DeviceRecord",
            fields=[
                ("id", fields.CharField(max_length=200, primary_key=True)),
                ("name", fields.JSONField()),
                ("driver", fields.CharField(max_length=100)),
                ("profile", fields.CharField(max_length=100)),
                ("first_seen", fields.BigIntField()),
                ("removed_at", fields.BigIntField(null=True)),
            ],
            options={"table": "device", "app": "store", "pk_attr": "id"},
        )
    ]
