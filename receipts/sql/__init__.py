"""Running SQL: compiled querysets, prepared statements, and locks in one order."""
