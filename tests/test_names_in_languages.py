"""A name that is one in some languages only: false friends, labels in other languages, and the starter taxonomy."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.text.fields import read_text
from classifier.text.mentions import MentionFinder

STARTER = Path(__file__).parent.parent / "training_data" / "taxonomy.yaml"
KINDS = {"group": Kind(named=True), "theme": Kind()}
TAGS = (
    Tag("coup", "Coup", kind="theme", aliases=(Alias("coup"),), labels=(("fr", "Putsch militaire"),)),
    Tag("is", "Islamic State", kind="group", aliases=(Alias("EI", case_exact=True, lang="fr"), Alias("Daesh"))),
)

FRENCH = "Le joueur a marqué sur un {} franc à la dernière minute, et son équipe a gagné la rencontre dimanche soir."
ENGLISH = "The soldiers said that the {} was over, and that they would go back to the barracks with their officers."


@pytest.fixture(scope="module")
def starter() -> Taxonomy:
    return read_taxonomy(STARTER)


@pytest.fixture(scope="module")
def starter_finder(starter: Taxonomy) -> MentionFinder:
    return MentionFinder(starter)


def tags(body: str, taxonomy: Taxonomy, finder: MentionFinder | None = None) -> set[str]:
    finder = finder or MentionFinder(taxonomy)
    return {taxonomy.tags[mention.tag].id for mention in finder.find(read_text("", "", body))}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (ENGLISH.format("coup"), {"coup"}),
        (FRENCH.format("coup"), set()),
        ("Coup in Mali", {"coup"}),
        (FRENCH.format("putsch militaire"), {"coup"}),
        (ENGLISH.format("putsch militaire"), set()),
        (FRENCH.format("EI"), {"is"}),
        (ENGLISH.format("EI"), set()),
        (FRENCH.format("Daesh"), {"is"}),
        (ENGLISH.format("Daesh"), {"is"}),
    ],
    ids=[
        "in its language",
        "false friend",
        "no known language",
        "label in its language",
        "label in another language",
        "alias in its language",
        "alias in another language",
        "named kind",
        "named kind in English",
    ],
)
def test_a_name_counts_in_its_language(body: str, found: set[str]) -> None:
    assert tags(body, Taxonomy(TAGS, KINDS)) == found


def test_in_a_taxonomy_without_named_kinds_every_name_counts_everywhere() -> None:
    assert tags(FRENCH.format("coup"), Taxonomy(TAGS, {"group": Kind(), "theme": Kind()})) == {"coup"}


# Sentences of our own: words that are names of themes in English, in languages in which they are none.
FALSE_FRIENDS = [
    "Ninkii ayaa yiri in suuqa uu aad ugu dhow yahay guriga ay ku nool yihiin carruurta iyo waalidkood.",
    "Le boulanger du quartier a reçu un coup de téléphone du directeur financier avant l'ouverture du magasin.",
    "L'arbitre a donné le coup d'envoi du match, et l'attaquant a marqué d'un coup de tête après dix minutes.",
    "Die Familie lebte in der DDR und zog nach der Wende in eine kleine Stadt am Rhein, wo sie heute noch wohnt.",
    "Der Teenager fährt jeden Morgen mit dem Fahrrad zur Schule und spielt am Nachmittag mit seinen Freunden.",
    "Malam Sufi ya ce dalibai za su koma makaranta ranar Litinin domin su ci gaba da karatunsu a jami'ar.",
]


@pytest.mark.parametrize("body", FALSE_FRIENDS)
def test_words_of_other_languages_are_no_themes(body: str, starter: Taxonomy, starter_finder: MentionFinder) -> None:
    kinds = {starter.by_id[tag].kind for tag in tags(body, starter, starter_finder)}
    assert "theme" not in kinds


@pytest.mark.parametrize(
    ("body", "tag", "named"),
    [
        ("قال الضباط إنهم اقتحموا القاعدة العسكرية في المدينة فجر اليوم", "al-qaeda", False),
        ("قال محمد إن التدريب هو القاعدة وليس الاستثناء في هذا النادي", "al-qaeda", False),
        ("أعلنت الحكومة أن زعيم تنظيم القاعدة قتل في غارة جوية على الجبال", "al-qaeda", True),
        ("قال المتحدث إن أيمن الظواهري كان زعيم القاعدة قبل مقتله في المدينة", "al-qaeda", True),
        ("زارت وزيرة الثقافة والشباب مهرجان الشباب والرياضة في العاصمة أمس", "al-shabaab", False),
        ("أعلنت حركة الشباب مسؤوليتها عن الهجوم على الفندق في العاصمة أمس", "al-shabaab", True),
        ("استقبل الجمهور الفريق بفرح وأدى اللاعبون المباراة في حماس كبير أمس", "hamas", False),
        ("قالت حماس إن القصف على غزة لم يتوقف منذ صباح اليوم رغم الوعود", "hamas", True),
        ("فاز طالبان من المدرسة بجائزة العلوم بعد منافسة طويلة أمس", "taliban", False),
        ("سيطرت طالبان على كابول بعد انسحاب القوات الأجنبية من البلاد", "taliban", True),
        ("Le groupe EI a revendiqué une attaque dans un communiqué publié par son agence de propagande dimanche.", "islamic-state", True),
        ("L'EI a revendiqué l'attentat dans un communiqué que son agence de propagande a publié dimanche.", "islamic-state", True),
        ("قال المتحدث إن أيمن الظواهري كان زعيما للقاعدة قبل مقتله في المدينة", "al-qaeda", True),
        ("قال المتحدث إن الجنود عادوا للقاعدة العسكرية بعد انتهاء التدريب أمس", "al-qaeda", False),
        ("EI is the code that the clerk wrote on the form before she put it into the drawer of her desk.", "islamic-state", False),
        ("Dagaalyahanno ka tirsan Daacish ayaa weerar ku qaaday saldhig ku yaalla gobolka Bari shalay.", "islamic-state", True),
        ("Rundunar sojin ta ce ta kashe mayaƙan IS biyar a wani hari da ta kai a jihar Borno ranar Litinin.", "islamic-state", True),
        ("Le chef de l'État islamique dans le Grand Sahara a été tué par des soldats près de la frontière.", "is-sahel", True),
        ("Le chef de l'État islamique dans le Grand Sahara a été tué par des soldats près de la frontière.", "islamic-state", False),
        ("Wannan shafin IS ne na wani kamfani da ke sayar da kayan abinci a birnin Kano tun bara.", "islamic-state", False),
        ("Kungiyar IS da ke yankin Afirka ta Yamma ta kai hari kan wani kauye a jihar Borno ranar Litinin.", "iswap", True),
        ("Kungiyar IS da ke yankin Afirka ta Yamma ta kai hari kan wani kauye a jihar Borno ranar Litinin.", "islamic-state", False),
        ("Weerarka waxaa sheegatay kooxda IS oo saldhig ku leh buuraha gobolka Bari sida ay warbaahintu sheegtay.", "islamic-state", True),
        ("Wapiganaji wa IS walishambulia kijiji hicho usiku wa kuamkia jana na kuwaua watu kumi.", "islamic-state", True),
        ("Shugaban ya ce sojojin haya na Wagner sun isa kasar domin taimaka wa gwamnati a yakin da take yi.", "wagner-group", True),
        ("Kocin ya ce Wagner ya ci kwallo biyu a wasan da kungiyar ta buga da makwabtanta ranar Lahadi.", "wagner-group", False),
        ("Le ministre a dit que le groupe Wagner avait quitté le pays et que ses soldats ne reviendraient pas.", "wagner-group", True),
        ("L'acteur Wagner Moura a présenté son film à Moscou devant un public russe venu nombreux dimanche soir.", "wagner-group", False),
        ("قال الوزير إن عناصر مجموعة فاغنر غادروا البلاد بعد نهاية العقد مع الحكومة أمس", "wagner-group", True),
        ("سجل البرازيلي فاغنر هدفين لفريقه في موسكو قبل نهاية المباراة بعشر دقائق أمام جمهور روسيا", "wagner-group", False),
    ],
)  # fmt: skip
def test_starter_groups_are_named_in_other_languages(
    body: str, tag: str, named: bool, starter: Taxonomy, starter_finder: MentionFinder
) -> None:
    assert (tag in tags(body, starter, starter_finder)) == named
