"""Sendbird's Python SDKs, each in an environment of its own."""
