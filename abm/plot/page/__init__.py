"""How every page and figure looks and reads: style, wording, what was asked, checks, the templates."""
