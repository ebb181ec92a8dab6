"""What somebody may be shown: queries, and rows turned into answers."""
