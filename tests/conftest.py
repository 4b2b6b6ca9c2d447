"""What every test can ask for; each service is started only when a test asks."""

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
