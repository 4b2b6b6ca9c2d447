"""Where strace is, and how it gets onto a machine without it (`python -m tests.services.strace`).

Owns finding and installing it. Must not know what is traced.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.services.process import missing


def install() -> None:
    """Fetch it from Debian when we may; elsewhere a person has to.

    Raises:
        CalledProcessError: the package manager refused; it has said why.
    """
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        print("strace is missing; the test of promise 1 that needs it is left out")
        return
    print("Installing strace for the test of what is synced")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "--quiet", "--quiet"]
    subprocess.run([*apt, "update"], check=True, env=environment)
    subprocess.run(
        [*apt, "install", "--yes", "--no-install-recommends", "strace"],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )


@pytest.fixture(scope="session")
def strace() -> str:
    """The executable, where it is and may trace."""
    executable = shutil.which("strace")
    if executable is None:
        missing("strace", "`make test` installs it as root on Debian")
    tried = subprocess.run([executable, "-qq", "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        missing("strace", "this machine doesn't let a process be traced")
    return executable


if __name__ == "__main__" and shutil.which("strace") is None:
    install()
