"""Which addresses are pages of the console: what its router knows (web/src/router.ts), no more."""

from __future__ import annotations

import re

PAGES = re.compile(r"(login|work/[^/]+|customers(/[^/]+)?|attention|supervisor)?/?")
