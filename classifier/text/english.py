"""English: the patterns of its boilerplate."""

import re

from classifier.text.boilerplate_patterns import BoilerplatePatterns
from classifier.text.lists import word_list

_TAG_LIST = re.compile(
    r"(?:tags?|topics?|keywords?|categor(?:y|ies)|labels?|filed (?:under|in)|posted in|related topics|tagged(?: with| in)?)"
    r"\s*:",
    re.IGNORECASE,
)
_SITE = (
    r"(?:print|e-?mail|facebook|twitter|whatsapp|linkedin|telegram|instagram|youtube|reddit|google news|social media|"
    r"share|tweet|x|copy link)"
)
_NEXT_SITE = rf"(?:\s*(?:[|/\u2014,\u2022\u00b7&]\s*|\band )?{_SITE})"
_SITES = rf"{_SITE}{_NEXT_SITE}*"
_SHARE = re.compile(
    rf"(?:(?:click to )?share(?: this| the)?(?: (?:story|article|post|page|news|report|piece|entry))?\s*:?"
    rf"(?: (?:on|via|by|to|with))?(?: {_SITES}| (?:your )?friends)?(?: \(opens in (?:a )?new window\))?|tweet this|"
    rf"follow (?:@?\w+ ){{1,4}}on {_SITES}(?::? @\w+)?|follow us\s*:?(?: {_SITES})?|like us on {_SITES}|"
    rf"{_SITE}{_NEXT_SITE}+)\W*$",
    re.IGNORECASE,
)
_READ_MORE = re.compile(
    r"(?:read (?:more|also|next|the full)|also read|see also|see more"
    r"|related(?: (?:stor(?:y|ies)|articles?|coverage|posts?|content|news|reading|links))?"
    r"|more (?:from|on) this(?: (?:story|topic|subject|issue|author))?|more on|more from|more (?:stories|news)"
    r"|you may also like|don['\u2019]t miss|further reading|recommended|continue reading"
    r"|most read|editor['\u2019]s picks?)\b\s*(?::|\u2014|-|\.{3}|\u2026|$|>)",
    re.IGNORECASE,
)
# Only as an instruction to the reader, at the start of the line: militants, too, have newsletters and get alerts.
_NEWSLETTER = re.compile(
    r"(?!.*\b(?:told|tells?|said|says?|urged?|urges)\b)(?:please |click here to )?"
    r"(?:(?:sign up|signup|subscribe|register)\b.{0,80}\b(?:newsletter|briefing|digest|inbox|alerts?|updates|email|podcast)"
    r"|get .{0,60}\b(?:in|to) your inbox|subscribe (?:now|today|here))",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"(?:\(?(?:additional )?(?:reporting|writing|editing) by\b|copyright\b|\u00a9|all rights reserved|\(c\) \d{4}|"
    r"about the authors?\b|this (?:article|story|piece|post) (?:was|is|first|originally) (?:first |originally )?"
    r"(?:published|appeared|republished|part of)|the views expressed)",
    re.IGNORECASE,
)
_DATE = (
    r"(?:[\W\d]|(?:(?:jan|febr?|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:uary|ch|il|ust|ember|ober)?|"
    r"(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?|today|yesterday|ago|hours?|minutes?|days?|"
    r"on|at|of|st|nd|rd|th|[ap]\.?m|gmt|utc|bst|ist|eat|wat|cat|cet|est|edt|et)\b)"
)
_STAMP = re.compile(
    rf"(?:posted|(?:first |last )?(?:published|updated|modified|edited))\b{_DATE}*(?:\bby:?(?: [^\s,;:]+){{1,3}}{_DATE}*)?$",
    re.IGNORECASE,
)
_ROLE = (
    r"(?:analyst|fellow|researcher|research associate|scholar|reporter|journalist|correspondent|editor|columnist|writer|"
    r"contributor|director|professor|lecturer|academic|consultant|freelancer?|stringer|specialist|candidate|intern|author)"
)
_CAPITAL = r"(?:[a-z]{1,3}[-'\u2019])?[A-Z\u00c0-\u024f][\w.'\u2019-]*"
_WAS = re.compile(r"\bwho (?:was|were)\b")  # past tense: news text, no author note
_BIO = re.compile(
    rf"\(?{_CAPITAL}(?: {_CAPITAL}| (?:al|el|bin|van|von|de|der|di|da|la|le)\b){{0,3}} (?P<surname>{_CAPITAL})"
    rf"(?:,[^,]{{1,60}},)? (?:(?:is|works as|serves as) (?:also )?(?:an?|the|our|its) (?:[^\s,;:]+ ){{0,4}}(?i:{_ROLE})s?\b|"
    r"(?:covers|reports|writes|has covered|has reported|has written)\b(?: \w+){0,2} (?:on|for|from|about)\b)"
)
_BYLINE = re.compile(r"by\b.{1,80}(?<![.!?])$", re.IGNORECASE)
# The word comes first in the pattern: it is what the search looks for.
_CONTRIBUTED = re.compile(r"contributed(?<=\bcontributed) (?:to )?(?:this |the )?(?:report|story|reporting|article)")

BOILERPLATE = BoilerplatePatterns(
    starts=word_list("en_boilerplate_starts.txt"),
    share=_SHARE,
    read_more=_READ_MORE,
    newsletter=_NEWSLETTER,
    tag_list=_TAG_LIST,
    credit=_CREDIT,
    contributed=_CONTRIBUTED,
    stamp=_STAMP,
    author_note=_BIO,
    past=_WAS,
    byline=_BYLINE,
)
