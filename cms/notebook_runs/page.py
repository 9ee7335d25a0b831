"""An executed notebook as one HTML page that loads nothing: prose, figures and conclusion, the code folded away."""

from html import escape
from typing import Any

_BODY = """
{%- extends 'basic/index.html.j2' -%}
{% block input_group %}<details class="code"><summary>{{ cell.id }}</summary>
<pre>{{ cell.source | e }}</pre></details>{% endblock %}
{% block in_prompt %}{% endblock %}
{% block empty_in_prompt %}{% endblock %}
{% block output_area_prompt %}{% endblock %}
"""
_STYLE = """
:root { color-scheme: light; }
body { font: 1rem/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1c1c1c; background: #fff;
       max-width: 52rem; margin: 0 auto; padding: 1rem; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #ccc; text-align: left; font-variant-numeric: tabular-nums; }
pre { background: #f4f4f4; padding: .75rem; overflow-x: auto; font-size: .85rem; white-space: pre-wrap; }
details.code { color: #555; font-size: .85rem; margin: .5rem 0; } summary { cursor: pointer; }
blockquote { margin: 1rem 0; padding: .5rem 1rem; border-left: .3rem solid #0b3954; background: #eef3f7; }
a.anchor-link { display: none; }
figure { break-inside: avoid; }
@media print { details.code { display: none; } body { max-width: none; padding: 0; } }
"""


def render_page(document: Any, *, title: str) -> str:
    """The page of an executed notebook.

    Parameters
    ----------
    document : NotebookNode
        With its outputs.
    """
    from nbconvert import HTMLExporter  # noqa: PLC0415 - seconds that other commands do without

    exporter = HTMLExporter(raw_template=_BODY, embed_images=True)  # type: ignore[no-untyped-call]
    body, _ = exporter.from_notebook_node(document)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
