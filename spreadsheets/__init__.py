"""What every file for a spreadsheet has in common. What came from outside is written as text, so that no cell is a formula."""

# What a spreadsheet may take for the start of a formula, in plain and full-width forms.
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
EXCEL_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def harmless(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet could take for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) or text.lstrip().startswith(DANGEROUS) else text
