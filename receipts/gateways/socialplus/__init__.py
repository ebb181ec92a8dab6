"""The gateway of socialplus."""
