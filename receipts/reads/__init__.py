"""What a caller may be shown: queries, and rows turned into response data."""
