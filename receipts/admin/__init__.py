"""The admin of people, conversations, messages and receipts, as moderators use it every day.

Receipts are read-only, and a private read appears as a delivery here too: ``seen_at`` is never
shown. Changes that affect who counts go through the services. No page counts a whole table: lists
page by the key of a row (``keyset``), and all filters of a list are one form above it (``lists``).
"""
