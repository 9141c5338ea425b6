"""In which language a text is: English by its small words, others by a detector that no English text loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from classifier.domain.articles import read_articles
from classifier.text.fields import read_text
from classifier.text.language import ENOUGH_COMMON, FEW_SAMPLED, LANGUAGES, MAX_SAMPLED, has_small_words, language_of
from classifier.text.words import split_words
from tests.conftest import ROOT, STARTER

REPORT = (
    "The gunmen came before dawn, said two farmers who were on the road to the market, and they left with the cattle "
    "and with at least four of the younger men from the village."
)
WIRE = "Army drone strike kills seven Shabaab fighters near Buulobarde; clan militia recaptures two wells, Hiiraan officials say"
BRIEF = "Blast at Azaz market: a refrigerated lorry blew up beside the vegetable stalls shortly after noon. It brought down one wall of the depot, and two men were hurt."
OTHERS = {
    "de": "Die Männer kamen vor Sonnenaufgang, sagten zwei Bauern, und sie nahmen das Vieh und mindestens vier junge Leute mit.",
    "nl": "De mannen kwamen voor zonsopgang, zeiden twee boeren die op weg waren naar de markt, en zij namen het vee mee; dat was in de week van het offerfeest.",
    "da": "Mændene kom før daggry, sagde to bønder for os, og de tog kvæget og mindst fire unge mænd med over grænsen.",
    "sv": "Männen kom före gryningen, sade två bönder som var på väg till marknaden, och de tog boskapen och fyra unga män med sig.",
    "fr": "Les hommes sont venus avant l'aube, ont dit deux paysans sur la route du marché, et ils ont emmené le bétail.",
    "es": "Los hombres llegaron antes del amanecer, dijeron dos campesinos, y se llevaron el ganado y al menos a cuatro jóvenes.",
    "it": "Gli uomini sono arrivati prima dell'alba, hanno detto due contadini, e hanno portato via il bestiame e quattro giovani.",
    "pt": "Os homens chegaram antes do amanhecer, disseram dois camponeses, e levaram o gado e pelo menos quatro jovens da aldeia.",
    "id": "Orang-orang itu datang sebelum fajar, kata dua petani, dan mereka membawa ternak serta sedikitnya empat pemuda desa.",
    "sw": "Wanaume walifika kabla ya alfajiri, walisema wakulima wawili, na wakaondoka na ng'ombe pamoja na vijana wanne wa kijiji.",
    "so": "Raggu waxay yimaadeen waagii ka hor, ayay yidhaahdeen laba beeraley ah, waxayna kaxaysteen xoolihii iyo afar dhallinyaro ah.",
    "tr": "Adamlar şafaktan önce geldi, dedi iki çiftçi, ve sürüyle birlikte köyden en az dört genci götürdüler.",
    "pl": "Mężczyźni przyszli przed świtem, mówili dwaj rolnicy, i zabrali bydło oraz co najmniej czterech młodych ludzi ze wsi.",
}


@pytest.mark.parametrize("text", [REPORT, BRIEF])
def test_english_is_known_without_the_detector(text: str) -> None:
    program = (
        f"import sys; from classifier.text.language import language_of; assert language_of({text!r}) == 'en'; "
        "assert not {'py3langid', 'simplemma'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def test_few_starter_articles_need_the_detector() -> None:
    articles = list(read_articles(sorted((STARTER / "articles").glob("*.jsonl"))))
    texts = {article.id: read_text(article.title, "", article.body) for article in articles}
    seen = {
        name: [has_small_words(text.first_words(n)) for n in (FEW_SAMPLED, MAX_SAMPLED)] for name, text in texts.items()
    }
    assert sum(not any(is_english) for is_english in seen.values()) <= 6
    assert sum(first for first, _ in seen.values()) > 0.99 * len(articles)


@pytest.mark.parametrize("text", [REPORT, WIRE])
def test_reports_and_headlines_are_english(text: str) -> None:
    assert language_of(text) == "en"


@pytest.mark.parametrize(("code", "text"), OTHERS.items())
def test_language_of_another_text_is_told(code: str, text: str) -> None:
    assert language_of(text) == code


@pytest.mark.parametrize("text", OTHERS.values())
def test_other_languages_have_far_fewer_small_words_of_english(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.text.language.ENOUGH_COMMON", 0.75 * ENOUGH_COMMON)
    assert not has_small_words(split_words(text).spelling)


@pytest.mark.parametrize("text", ["", "\n", "12 34", "字", "Les hommes sont venus avant l'aube", "The men came to the"])
def test_few_words_are_of_no_known_language(text: str) -> None:
    assert language_of(text) is None


@pytest.mark.parametrize("told", ["fr", "fr-CA", "FR_be", "fr-Latn-FR"])
def test_language_that_the_caller_tells_wins(told: str) -> None:
    assert language_of(REPORT, told) == "fr"


def test_texts_without_a_record_are_told_too() -> None:
    text = "Kaksi maanviljelijää kertoi, että miehet tulivat ennen aamunkoittoa ja veivät karjan mukanaan."
    assert language_of(text) == "fi" not in LANGUAGES


def test_records_are_named_by_their_codes() -> None:
    assert {code: language.code for code, language in LANGUAGES.items()} == {code: code for code in LANGUAGES}
    assert [code for code, language in LANGUAGES.items() if language.right_to_left] == ["ar", "fa", "he", "ps", "ur"]


@pytest.mark.parametrize(("code", "word"), [("en", "the"), ("fr", "avec"), ("ar", "عن"), ("so", "ayaa"), ("ha", "ya")])
def test_stop_words_are_folded(code: str, word: str) -> None:
    assert word in LANGUAGES[code].stop_words
    assert LANGUAGES["am"].stop_words == frozenset()
