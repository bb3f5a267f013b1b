"""How dates, times and numbers are written, by language (FORMAT_MODULE_PATH). Templates name a format and never spell one.

Sources: Språkrådet's rules for dates, clock times and numbers; a narrow no-break space between thousands in every language.
"""

THIN = "\u202f"
