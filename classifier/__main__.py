"""The entry of `python -m classifier COMMAND`; the commands are in `classifier.commands`."""

from __future__ import annotations

import sys

from classifier.commands import main

if __name__ == "__main__":
    sys.exit(main())
