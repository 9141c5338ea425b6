"""Give Annif the sentence splitter's data that its analyzers need, in the environment that runs this.

NLTK's own data come from its site. Where that cannot be reached an untrained splitter does: it knows no abbreviations, which
moves a full stop now and then and no word.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nltk
from nltk.tokenize.punkt import PunktParameters, save_punkt_params

NAME = "punkt_tab"


def main() -> None:
    """Download the data, or write those of an untrained splitter, and say which."""
    folder = Path(sys.prefix) / "nltk_data"
    try:
        nltk.data.find(f"tokenizers/{NAME}")
        print("there already")
    except LookupError:
        if nltk.download(NAME, download_dir=str(folder), quiet=True):
            print("downloaded")
        else:
            (folder / "tokenizers" / NAME).mkdir(parents=True, exist_ok=True)
            save_punkt_params(PunktParameters(), str(folder / "tokenizers" / NAME / "english"))
            print("untrained")


if __name__ == "__main__":
    main()
