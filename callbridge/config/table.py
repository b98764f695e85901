"""What all tables of the file share."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """Unknown keys are mistakes, text is not taken for a number, nothing changes later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)
