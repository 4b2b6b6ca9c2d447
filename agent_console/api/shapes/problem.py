"""What went wrong, as RFC 9457 has it."""

from __future__ import annotations

from agent_console.api.shapes.form import Shape


class FieldProblem(Shape):
    field: str
    message: str


class Problem(Shape):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    errors: list[FieldProblem] | None = None
