"""Finds a Python with PyTorch, or says what to install."""

import importlib.util
import os
import sys

# Debian's python3-torch serves this interpreter only, and another python3 may stand before it in the PATH.
DEBIAN = "/usr/bin/python3"


def need_torch():
    """Returns where torch and numpy can be imported; else starts over under Debian's Python, or ends with advice."""
    missing = [name for name in ("torch", "numpy") if importlib.util.find_spec(name) is None]
    if not missing:
        return
    if os.path.exists(DEBIAN) and os.environ.get("FATHOM_ORACLE_RESTARTED") is None:
        os.environ["FATHOM_ORACLE_RESTARTED"] = "1"
        os.execv(DEBIAN, [DEBIAN, *sys.argv])
    sys.exit(
        f"The oracle needs {' and '.join(missing)}. On Debian and Ubuntu: apt install python3-torch python3-numpy; "
        "elsewhere: python3 -m pip install torch numpy. The committed fixtures stand without it."
    )
