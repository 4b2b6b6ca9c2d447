"""What every test can ask for; each service is started only when a test asks."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import settings

# How long an example takes says nothing about the hub, only about what else the machine does.
settings.register_profile("house", settings(), deadline=None)
settings.load_profile("house")

pytest_plugins = [
    "pytester",
    "tests.services.browser",
    "tests.services.postgres",
    "tests.services.valkey",
]


@pytest.fixture(scope="session", autouse=True)
def _loggers_are_not_kept() -> Iterator[None]:
    """What one test configures must not stay with the loggers that were first used in it."""
    configure = structlog.configure

    def configured(**options: Any) -> None:
        configure(**options | {"cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", configured)
        yield


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)
