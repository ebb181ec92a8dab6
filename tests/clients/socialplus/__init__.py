"""social.plus's own SDK against a running Seenby."""
