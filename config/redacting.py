"""Removes secrets from log lines, as the last step before a line is written.

No code here logs a secret on purpose. This is for indirect cases: tracebacks whose exceptions
quote a URL, a header or a row, and the loggers of libraries.
"""

from __future__ import annotations

import re

_HEADERS = (
    "authorization|proxy-authorization|api-token|x-api-key|cookie|set-cookie|x-csrftoken"
    "|seenby-signature|webhook-signature"
)
_NAMES = (
    r"\w*password\w*|\w*secret\w*|\w*token|usersig|signature|sessionid|csrf\w*|api_?key|key_hash"
    r"|ticket"
)

#: Patterns and their replacements, applied in this order.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # Keys, webhooks' secrets, tickets, and tokens: recognised wherever they are.
    (re.compile(r"sk_[\w-]{8,}"), "sk_…"),
    (re.compile(r"whsec_[\w+/=-]{8,}"), "whsec_…"),
    (re.compile(r"tkt_[\w-]{8,}"), "tkt_…"),
    (re.compile(r"\beyJ[\w-]+(?:\.[\w-]*){1,2}"), "eyJ…"),
    # URLs: the query string, and the credentials before the host.
    (re.compile(r"(?<=[\w/.%\])])\?[^\s'\"<>]+"), "?…"),
    (re.compile(r"(?<=://)[^\s/@'\"]+@"), "…@"),
    # Headers and fields as dicts, lists of pairs and assignments print them.
    (re.compile(rf"(?i)\b({_HEADERS})(\\?['\"]?\s*[:=,]\s*b?\\?['\"]?)[^'\"\n]+"), r"\1\2…"),
    (re.compile(rf"(?i)\b({_NAMES})(\\?['\"]\s*[:,]\s*[\[(]*b?\\?['\"])[^'\"\n]*"), r"\1\2…"),
    (re.compile(rf"(?i)\b({_NAMES})=(?!\s)[^\s&,;)]+"), r"\1=…"),
    # PostgreSQL quotes rows, which may have any number of lines, keys and parameters.
    (re.compile(r"(?s)DETAIL:.*?(?=\n\n(?:The above exception|During handling)|\Z)"), "DETAIL: …"),
    (re.compile(r"(parameter \$\d+ = )'.*?'(?!')"), r"\1…"),
    (re.compile(r"(invalid (?:input|byte)[^:\n]*: ).*"), r"\1…"),
)


def redacted(text: str) -> str:
    """The text without keys, tokens, passwords, query strings and quoted rows."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
