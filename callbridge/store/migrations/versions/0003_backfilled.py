"""Calls of which some was told afterwards, from the PBX's own log."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    op.add_column("calls", sa.Column("backfilled", sa.Boolean))
