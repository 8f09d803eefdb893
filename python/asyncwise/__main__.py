"""``python -m asyncwise``: runs the program that was installed together with this package."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from typing import Iterator

PROGRAM = "asyncwise" + (sysconfig.get_config_var("EXE") or "")


def script_directories() -> Iterator[str]:
    """Yields the directories that an installer may have put the program in, the likeliest first."""
    package = os.path.dirname(os.path.abspath(__file__))
    site = os.path.dirname(package)
    scripts = "Scripts" if os.name == "nt" else "bin"
    # The environment of this interpreter.
    yield sysconfig.get_path("scripts")
    # `pip install --prefix PREFIX`: the package lies in PREFIX/lib/pythonX.Y/site-packages, or PREFIX\Lib\site-packages.
    up = 2 if os.name == "nt" else 3
    prefix = site
    for _ in range(up):
        prefix = os.path.dirname(prefix)
    yield os.path.join(prefix, scripts)
    # `pip install --target SITE`.
    yield os.path.join(site, scripts)
    # `pip install --user`.
    scheme = sysconfig.get_preferred_scheme("user") if sys.version_info >= (3, 10) else f"{os.name}_user"
    if scheme in sysconfig.get_scheme_names():
        yield sysconfig.get_path("scripts", scheme=scheme)


def find_program() -> str:
    """Returns the path of the program.

    Raises:
        FileNotFoundError: when it is in none of the places it is installed to.
    """
    tried = []
    for directory in script_directories():
        path = os.path.join(directory, PROGRAM)
        if os.path.isfile(path):
            return path
        tried.append(directory)
    raise FileNotFoundError(f"{PROGRAM} is not in {', '.join(tried)}; install asyncwise again")


def main() -> int:
    """Runs the program with the arguments of this process, in its place where the system can do that."""
    try:
        program = find_program()
    except FileNotFoundError as error:
        print(f"asyncwise: error: {error}", file=sys.stderr)
        return 2
    arguments = [program, *sys.argv[1:]]
    if os.name == "nt":
        # There `exec` would let the caller go on before the program has ended.
        try:
            return subprocess.run(arguments, check=False).returncode
        except KeyboardInterrupt:
            return 130
    os.execv(program, arguments)


if __name__ == "__main__":
    sys.exit(main())
