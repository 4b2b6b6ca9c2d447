"""What every test can ask for; each service is started only when a test asks."""

pytest_plugins = [
    "pytester",
    "tests.services.browser",
    "tests.services.postgres",
    "tests.services.valkey",
]
