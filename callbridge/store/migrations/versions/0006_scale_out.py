"""Several daemons and workers on one database: which worker has which shard, and each PBX's series of numbers."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "shards",
        sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("worker", sa.Text),
        sa.Column("until", sa.BigInteger),
    )
    op.create_table(
        "pbx_series",
        sa.Column("pbx", sa.Text, primary_key=True),
        sa.Column("series", sa.Integer, nullable=False, unique=True),
    )
