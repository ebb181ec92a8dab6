"""Which characters the ids of other systems may contain."""

from __future__ import annotations

from django.core.validators import RegexValidator

#: Usernames are what the source calls people, slashes included: a path carries one as ``%2F``.
username_validator = RegexValidator(
    r"\A(?!\.{1,2}\Z)[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?\Z",
    "May not hold control characters, nor begin or end with a blank.",
)

#: Ids of conversations and messages in other systems: any text without control characters.
external_id_validator = RegexValidator(r"\A[^\x00-\x1f\x7f]+\Z", "May not hold control characters.")
