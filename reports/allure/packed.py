"""A large page in a third of its bytes, which the browser unpacks."""

from __future__ import annotations

import gzip
from base64 import b64encode

LARGE = 10_000_000  # bytes; a smaller page stays text that other programs can read
PACKED = """<!DOCTYPE html>
<meta charset="utf-8">
<noscript>This report needs JavaScript.</noscript>
<script id="packed" type="application/gzip">{}</script>
<script>
const bytes = Uint8Array.from(atob(document.getElementById("packed").text), (c) => c.charCodeAt(0));
const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
new Response(unpacked).text().then((page) => {{
  document.open();
  document.write(page);
  document.close();
}});
</script>
"""


def packed(page: str, large: int = LARGE) -> str:
    """A page of HTML that shows the given one; the given one itself if it is not large.

    Allure's single file holds its data in base64, so that compression takes more than half of it.
    """
    data = page.encode()
    if len(data) <= large:
        return page
    return PACKED.format(b64encode(gzip.compress(data, mtime=0)).decode())
