"""Which texts are English: told by its own small words, and by a word list only where those are few."""

from __future__ import annotations

import subprocess
import sys

import pytest

from classifier.text.english import ENGLISH
from classifier.text.language import ENOUGH_SMALL
from tests.conftest import ROOT

REPORT = (
    "The gunmen came before dawn, said two farmers who were on the road to the market, and they left with the cattle "
    "and with at least four of the younger men from the village."
)
WIRE = "Army drone strike kills seven Shabaab fighters near Buulobarde; clan militia recaptures two wells, Hiiraan officials say"
OTHERS = [
    "Die Männer kamen vor Sonnenaufgang, sagten zwei Bauern, und sie nahmen das Vieh und mindestens vier junge Leute mit.",
    "De mannen kwamen voor zonsopgang, zeiden twee boeren die op weg waren naar de markt, en zij namen het vee mee; dat was in de week van het offerfeest.",
    "Mændene kom før daggry, sagde to bønder for os, og de tog kvæget og mindst fire unge mænd med over grænsen.",
    "Männen kom före gryningen, sade två bönder som var på väg till marknaden, och de tog boskapen och fyra unga män med sig.",
    "Les hommes sont venus avant l'aube, ont dit deux paysans sur la route du marché, et ils ont emmené le bétail.",
    "Los hombres llegaron antes del amanecer, dijeron dos campesinos, y se llevaron el ganado y al menos a cuatro jóvenes.",
    "Gli uomini sono arrivati prima dell'alba, hanno detto due contadini, e hanno portato via il bestiame e quattro giovani.",
    "Os homens chegaram antes do amanhecer, disseram dois camponeses, e levaram o gado e pelo menos quatro jovens da aldeia.",
    "Orang-orang itu datang sebelum fajar, kata dua petani, dan mereka membawa ternak serta sedikitnya empat pemuda desa.",
    "Wanaume walifika kabla ya alfajiri, walisema wakulima wawili, na wakaondoka na ng'ombe pamoja na vijana wanne wa kijiji.",
    "Raggu waxay yimaadeen waagii ka hor, ayay yidhaahdeen laba beeraley ah, waxayna kaxaysteen xoolihii iyo afar dhallinyaro ah.",
    "Adamlar şafaktan önce geldi, dedi iki çiftçi, ve sürüyle birlikte köyden en az dört genci götürdüler.",
    "Mężczyźni przyszli przed świtem, mówili dwaj rolnicy, i zabrali bydło oraz co najmniej czterech młodych ludzi ze wsi.",
]


def test_english_is_known_without_the_word_list() -> None:
    program = (
        f"import sys; from classifier.text.english import ENGLISH; assert ENGLISH.is_of({REPORT!r}); "
        "assert 'simplemma' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


@pytest.mark.parametrize("text", [REPORT, WIRE])
def test_reports_and_headlines_are_english(text: str) -> None:
    assert ENGLISH.is_of(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_languages_are_not(text: str) -> None:
    assert not ENGLISH.is_of(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_languages_are_far_from_surely_english(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.text.language.ENOUGH_SMALL", ENOUGH_SMALL / 2)
    assert not ENGLISH.is_of(text)


@pytest.mark.parametrize("text", ["", "\n", "12 34", "字"])
def test_texts_without_words_of_any_language_are_not(text: str) -> None:
    assert not ENGLISH.is_of(text)
