"""The demo: sample conversations, and a chat over the public API to watch receipts change.

A separate application, so that its page, files and URLs exist only where DEMO is on.
"""
