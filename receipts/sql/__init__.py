"""Running SQL: connections, statements with named parameters, and locks in one order."""
