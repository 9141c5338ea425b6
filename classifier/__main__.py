"""The entry of `python -m classifier COMMAND`; the commands are in `classifier.commands`."""

import sys

if __name__ == "__main__":
    try:
        from classifier.commands import main

        sys.exit(main())
    except ModuleNotFoundError as error:  # another Python than that of the environment
        if (error.name or "classifier").startswith("classifier"):
            raise
        sys.exit(
            f"error: {error.name} is not installed for this Python. Try: make setup && .venv/bin/python -m classifier"
        )
