"""Which characters the ids of other systems may contain."""

from __future__ import annotations

from django.core.validators import RegexValidator

#: Usernames are part of URLs: no slash, no control characters, no blanks at the ends.
username_validator = RegexValidator(
    r"\A(?!\.{1,2}\Z)[^\s/\x00-\x1f\x7f]([^/\x00-\x1f\x7f]*[^\s/\x00-\x1f\x7f])?\Z",
    "May not hold slashes or control characters, nor begin or end with a blank.",
)

#: Ids of conversations and messages in other systems: any text without control characters.
external_id_validator = RegexValidator(r"\A[^\x00-\x1f\x7f]+\Z", "May not hold control characters.")
