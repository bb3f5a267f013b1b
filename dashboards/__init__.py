"""A municipality's and a unit's own pages: indicators, steering figures, and what was published of others beside them."""
