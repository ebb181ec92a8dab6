"""Tencent's web SDKs against a running Seenby."""
