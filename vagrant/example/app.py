"""A page that tells where each of its parts comes from.

``flask --app vagrant/example/app.py run`` serves it; run as a program, it asks for itself once and prints what comes.
"""

import http.client
import threading
from importlib import metadata

from flask import Flask, render_template_string
from flask_htmx import HTMX
from werkzeug.serving import make_server

PARTS = ("flask", "jinja2", "flask-htmx")
PAGE = """{% if not htmx %}<title>distrofirst: an example</title>
<h1>Where this page comes from</h1>
{% endif %}<ul>
{% for part, version, place in parts %}  <li>{{ part }} {{ version }} from {{ place }}</li>
{% endfor %}</ul>"""

app = Flask(__name__)
htmx = HTMX(app)


@app.get("/")
def page() -> str:
    """Show the parts; htmx asks for their list alone."""
    found = [metadata.distribution(part) for part in PARTS]
    parts = [(part, one.version, one.locate_file("")) for part, one in zip(PARTS, found, strict=True)]
    return render_template_string(PAGE, parts=parts, htmx=htmx)


def main() -> None:
    """Serve the page on a free port of this machine's own, ask for it, and print it."""
    server = make_server("127.0.0.1", 0, app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/")
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status != http.client.OK:
        raise SystemExit(f"the page answered with {answer.status}")
    print(text)


if __name__ == "__main__":
    main()
