"""Rules of scripts: names are found behind elisions and particles, with any marks, in every spelling, in their exact places."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.spelling import fold, spell
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.text.fields import BODY, TITLE, read_text, read_texts
from classifier.text.mentions import Mention, MentionFinder
from classifier.text.sentences import lead_end
from classifier.text.words import split_words
from tests.conftest import EVAL_DATA, needs_eval_data

NAMES = {
    "al-shabaab": (Alias("حركة الشباب"), Alias("አልሸባብ"), Alias("አል-ሸባብ")),
    "islamic-state": (
        Alias("داعش"),
        Alias("تنظيم الدولة الإسلامية"),
        Alias("الدولة الإسلامية"),
        Alias("État islamique"),
        Alias("EI", case_exact=True),
    ),
    "al-qaeda": (
        Alias("القاعدة", needs=("تنظيم", "الظواهري"), needs_within=10),
        Alias("Al-Qaïda"),
        Alias("Aqmi", case_exact=True),
    ),
    "home": (Alias("Ƙasar Hausa"), Alias("Côte d'Ivoire")),
    "un": (Alias("الأمم المتحدة"), Alias("ONU", case_exact=True)),
    "qom": (Alias("قم"), Alias("لبنان")),
    "nan": (Alias("نان"),),  # a name that begins another one is not found in it
}
TAXONOMY = Taxonomy([Tag(id=tag, label=tag, kind="group", aliases=aliases) for tag, aliases in NAMES.items()], {})
FINDER = MentionFinder(TAXONOMY)


def found(text: str) -> list[tuple[str, str]]:
    """Return the tags of a text's mentions, and the places as the text has them."""
    return [(TAXONOMY.tags[m.tag].id, text[m.start : m.end]) for m in FINDER.find(read_text("", "", text))]


@pytest.mark.parametrize(
    ("text", "tag", "place"),
    [
        ("قالت حَرَكَةُ الشَّبَابِ أمس", "al-shabaab", "حَرَكَةُ الشَّبَابِ"),
        ("قالت حـركة الشبـاب أمس", "al-shabaab", "حـركة الشبـاب"),
        ("وحركة الشباب", "al-shabaab", "وحركة الشباب"),
        ("لحركة الشباب", "al-shabaab", "لحركة الشباب"),
        ("وداعش", "islamic-state", "وداعش"),
        ("فبداعش", "islamic-state", "فبداعش"),
        ("الدوله الاسلاميه", "islamic-state", "الدوله الاسلاميه"),
        ("وللدولة الإسلامية", "islamic-state", "وللدولة الإسلامية"),
        ("للأمم المتحدة", "un", "للأمم المتحدة"),
        ("زعيم تنظيم سابق للقاعدة", "al-qaeda", "للقاعدة"),
        ("l’État islamique", "islamic-state", "État islamique"),
        ("d'Aqmi", "al-qaeda", "Aqmi"),
        ("d’Al-Qaïda", "al-qaeda", "Al-Qaïda"),
        ("D'AL-QAÏDA", "al-qaeda", "AL-QAÏDA"),
        ("qu'Al-Qaida", "al-qaeda", "Al-Qaida"),
        ("jusqu'Al-Qaida", "al-qaeda", "Al-Qaida"),
        ("l'E\u0301tat islamique", "islamic-state", "E\u0301tat islamique"),
        ("la Côte d'Ivoire", "home", "Côte d'Ivoire"),
        ("la cote d’ivoire", "home", "cote d’ivoire"),
        ("የአልሸባብ", "al-shabaab", "የአልሸባብ"),
        ("በአል-ሸባብም", "al-shabaab", "በአል-ሸባብም"),
        ("ከአልሸባብንም", "al-shabaab", "ከአልሸባብንም"),
        ("ዐልሸባብ", "al-shabaab", "ዐልሸባብ"),
        ("Kasar Hausa", "home", "Kasar Hausa"),
        ("ƘASAR HAUSA", "home", "ƘASAR HAUSA"),
        ("بلبنان", "qom", "بلبنان"),
    ],
)
def test_name_is_found_in_every_spelling_and_place(text: str, tag: str, place: str) -> None:
    assert found(text) == [(tag, place)]


@pytest.mark.parametrize(
    "text",
    [
        "الشباب والرياضة",
        "اقتحموا القاعدة العسكرية",
        "وقم",  # "and rise": a name of two letters has no particles
        "قالت حركة، الشباب غاضبون",
        "قالت حركة «الشباب» غاضبون",
        "هل هي حركة؟ الشباب غاضبون",
        "حركة؛ الشباب",
        "L'État : « Islamique »",
        "État « islamique »",
        "lEI",
        "onu",
    ],
)
def test_other_words_and_names_across_signs_are_not(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("l'Ukraine, d’Al-Qaïda, qu'Iran, jusqu’à, lorsqu'une", "l ukraine d al qaida qu iran jusqu a lorsqu une"),
        ("dell'Iran nell'Africa sull'Etna un'altra dall'Italia all'ONU", "dell iran nell africa sull etna un altra dall italia all onu"),
        ("l'homme d'œuvres c'est s'il", "l homme d oeuvres c est s il".replace("oe", "œ")),
        ("Qur'an, Da'esh, Hay'at, N'Djamena, Isma'il, aujourd'hui, O'Hara, don't", "quran daesh hayat ndjamena ismail aujourdhui ohara dont"),
        ("ng'ombe, la'aan", "ngombe laaan"),
        ("محمّد مُحَمَّدٌ محمـــد", "محمد محمد محمد"),
        ("على مدرسة کابل ایران ٱلله طالبان‌ها", "علي مدرسه كابل ايران الله طالبان ها"),
        ("Ɓarna ɗaya ƙasa ƴar Łódź Ørsted Đặng Ħamrun ıŋß", "barna daya kasa yar lodz orsted dang hamrun ins"),
        ("ኃይለ ሥላሴ ዓለም ፀሐይ ሃገር", "ሀይለ ስላሴ አለም ጸሀይ ሀገር"),
        ("cafe\u0301s \u0301 a\u0301\u0301b", "cafes ab"),
        ("❤\ufe0f x\u20e3", "x"),
    ],
)  # fmt: skip
def test_words_are_spelt_by_the_rules_of_their_script(text: str, spelling: str) -> None:
    assert spell(text) == spelling


def test_every_code_point_folds_to_one() -> None:
    assert all(len(fold(chr(code))) == 1 for code in range(0x20000))


MARKS = st.lists(st.sampled_from("\u064e\u064f\u0650\u0651\u0640\u0301\u0308\u0670\u135e"), max_size=3).map("".join)
PLAIN = [
    ("al-shabaab", ["", "و", "ف", "ب", "ل", "ك", "وب", "فل"], "حركة الشباب"),
    ("islamic-state", ["", "و", "ب", "ول"], "داعش"),
    ("islamic-state", ["l'", "d’", "qu'", "L'"], "État islamique"),
    ("al-qaeda", ["", "d'", "qu’"], "Al-Qaïda"),
    ("al-shabaab", ["", "የ", "በ", "ከ", "ለ", "ስለ"], "አልሸባብ"),
]


@given(st.data())
def test_marks_and_particles_change_no_mention_and_no_place(data: st.DataObject) -> None:
    tag, before, name = data.draw(st.sampled_from(PLAIN))
    particle = data.draw(st.sampled_from(before))
    elided = particle[-1:] in ("'", "’")
    written = "".join(letter + (data.draw(MARKS) if letter.isalpha() else "") for letter in name)
    particle = "".join(letter + (data.draw(MARKS) if letter.isalpha() else "") for letter in particle)
    around = data.draw(st.sampled_from(["{}", "x {}.", "…\u064e {}\n", "« {} »", "a\u0301 {}, b"]))
    text = around.format(particle + written)
    assert found(text) == [(tag, written if elided else particle + written)]


@given(st.text(st.sampled_from("ab'’ \u064e\u0640\u0301حركةs-lد"), max_size=12), MARKS)
def test_marks_split_no_word_and_join_none(text: str, marks: str) -> None:
    with_marks = "".join(letter + (marks if letter.isalpha() else "") for letter in text)
    assert split_words(with_marks).spelling == split_words(text).spelling


@pytest.mark.parametrize(
    ("sentence", "rest"),
    [
        ("قتل ثلاثة جنود في هجوم شمال العاصمة أمس.", " وقالت الشرطة إنها تحقق"),
        ("هل دفعت الحركة حقا ثمن الهجوم في مارس؟", " لا أحد يعرف"),
        ("በጥቃቱ ሦስት ወታደሮች መገደላቸውን ፖሊስ ዛሬ አስታወቀ።", " ምርመራው ቀጥሏል"),
        ("Des hommes armés ont attaqué un poste de police lundi.", " Écoles et marchés sont fermés."),
        ("Des hommes armés ont attaqué « un poste de police ».", " À Paris, on enquête."),
        ("हथियारबंद लोगों ने सोमवार को पुलिस चौकी पर हमला किया।", " जाँच जारी है"),
        ("Gunmen attacked a police post near Kunduz on 3.5. last week.", " Nobody claimed it."),
        ("Gunmen attacked a police post near Kunduz, the governor said.\n", "\u201cWe will find them,\u201d he added."),
    ],
)  # fmt: skip
def test_first_sentence_ends_in_every_script(sentence: str, rest: str) -> None:
    assert lead_end(sentence + rest) == len(sentence)


# --- texts of newsrooms -----------------------------------------------------------------------------------------

FILES = EVAL_DATA / "languages"
# The share of mentions of `names.json` that must be found. Somali names have endings: their beginnings are the aliases.
ENOUGH = {"fra": 0.995, "ara": 0.99, "amh": 0.90, "som": 0.98, "hau": 0.99, "swa": 0.995}
BEGINNINGS = {"Mareykanka": "Mareykan", "Soomaaliya": "Soomaaliy", "Itoobiya": "Itoobiy"}


@pytest.mark.slow
@needs_eval_data
@pytest.mark.parametrize("language", ENOUGH)
def test_names_in_articles_are_found(language: str) -> None:
    tags = json.loads((FILES / "names.json").read_text("utf-8"))[language]
    n_expected, n_found = _counted(tags, language)
    assert n_expected > 1000
    assert n_found >= ENOUGH[language] * n_expected


def _counted(tags: list[dict[str, Any]], language: str) -> tuple[int, int]:
    finder = MentionFinder(Taxonomy([_tag(tag, language in ("som", "hau")) for tag in tags], {}))
    rows = list(chain(*map(_rows, sorted(FILES.glob(f"{language}-*.jsonl.gz")))))
    texts = read_texts([(row["title"], "", row["body"]) for row in rows])
    n_expected = n_found = 0
    for row, names in zip(rows, finder.find_all(texts), strict=True):
        for number, tag in enumerate(tags):
            for field, name in ((TITLE, "title"), (BODY, "body")):
                places = [(m.start, m.end) for m in names.mentions if (m.tag, m.field) == (number, field)]
                for match in re.finditer(tag["pattern"], row[name], re.IGNORECASE):
                    n_expected += 1
                    n_found += any(start < match.end() and match.start() < end for start, end in places)
    return n_expected, n_found


def _tag(tag: dict[str, Any], with_endings: bool) -> Tag:
    texts = [BEGINNINGS.get(text, text) for text in tag["aliases"]] if with_endings else tag["aliases"]
    aliases = tuple(Alias(text, whole_word=not with_endings) for text in texts)
    return Tag(id=tag["name"], label=tag["name"], kind="group", aliases=aliases)


def _rows(path: Any) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def test_mentions_are_of_the_written_word() -> None:
    mentions = FINDER.find(read_text("", "", "قالت وَحَرَكَة الشباب"))
    assert mentions == [Mention(0, BODY, 1, 5, 21, False)]
