"""One extract of published figures, in the formats that clients ask for."""
