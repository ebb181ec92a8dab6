"""The demo: a small lively world, and a chat over the public API to see receipts move.

An application of its own, so that its page, files and addresses are there only where DEMO is on.
"""
