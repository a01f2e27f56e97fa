"""What a report is made of, for tests that ask whether it stands alone."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Tags, addresses and the texts for those who cannot see."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.addresses, self.alts = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for key, value in attrs if key in {"src", "href", "action", "data", "srcset"}]
        self.alts += [value for key, value in attrs if key == "alt"]
