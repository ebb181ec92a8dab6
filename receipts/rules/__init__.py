"""The rules of docs/rules.md as plain Python and SQL text. No statement runs here."""
