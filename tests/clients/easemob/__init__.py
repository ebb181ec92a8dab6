"""Easemob's web SDK against a running Seenby."""
