"""What all shapes have in common: what is answered, and what is asked with."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Text = Annotated[str, StringConstraints(max_length=1_000)]


class Shape(BaseModel):
    """Something that is answered. A field with a default may be left out."""

    model_config = ConfigDict(populate_by_name=True)


class Form(BaseModel):
    """Something that is asked with: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)
