"""The one HTTP listener: middleware, problems, health, metrics, and the console's built files.

Owns what every answer has in common. Knows no route of any package: each hands over its own.
"""

from triggerhub.http.app import create_app, create_runner
from triggerhub.http.health import Drain
from triggerhub.http.problem import problem_of

__all__ = ["Drain", "create_app", "create_runner", "problem_of"]
