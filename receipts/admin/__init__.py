"""The admin of users, conversations, messages and receipts, for moderators' daily work.

Receipts are read-only, and a private read appears as a delivery here too: ``seen_at`` is never
shown. Changes that affect who is counted go through the services. No page counts a whole table:
lists use keyset pagination (``keyset``), and a list's filters are one form above it (``lists``).
"""
