"""Compares what a browser made of a report with the data in it. Usage: check_report.py REPORT.html DOM.html"""

import json
import re
import sys
from html.parser import HTMLParser


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.root, self.scripts, self.shapes, self.title, self.tag = {}, [], [], "", None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tag = tag
        if tag == "html":
            self.root = attributes
        elif tag == "script":
            self.scripts.append([attributes, ""])
        elif tag in ("rect", "tr", "b"):
            self.shapes.append((tag, attributes))

    def handle_data(self, data):
        if self.tag == "script" and self.scripts:
            self.scripts[-1][1] += data
        elif self.tag == "title" and not self.title:
            self.title = data

    def bars(self, kind):
        return [a for tag, a in self.shapes if tag == "rect" and a.get("class", "").split(" ")[0] == kind]


def main():
    source, drawn = (Page(open(path, encoding="utf-8").read()) for path in sys.argv[1:3])
    report = json.loads(next(text for attributes, text in source.scripts if attributes.get("id") == "data"))
    text = open(sys.argv[1], encoding="utf-8").read()
    assert "data-error" not in " ".join(drawn.root), drawn.root
    assert drawn.root.get("data-drawn") == "true", f"the script did not finish: {drawn.root}"
    assert len(source.scripts) == len(drawn.scripts) == 2, "a script of somebody else"
    assert drawn.title.endswith(": benchmark"), drawn.title
    assert not re.search(r"(src|href)\s*=|url\(|@import", re.sub(r"<script.*", "", text, flags=re.S)), "a resource from elsewhere"
    assert not any(tag == "b" for tag, _ in drawn.shapes), "markup from a name"

    configurations = report["configurations"]
    assert sum(tag == "tr" for tag, _ in drawn.shapes) == 1 + len(configurations)
    counted = sum(int(bar["data-count"]) for bar in drawn.bars("latency"))
    assert counted == sum(len(c["samples_us"]) for c in configurations), "latencies"
    times = {}
    for number, c in enumerate(configurations):
        picture = c["picture"]
        for o in picture["placement"]:
            if o.get("shortest_us") is not None:
                times.setdefault((o["subgraph"], o["index"]), []).append(o["shortest_us"])
        for r in picture["regions"]:
            times[number, r["first"], "region"] = [r["shortest_us"]]
    shown = sorted(times.values(), key=max, reverse=True)[:15]
    assert len(drawn.bars("operator")) == sum(map(len, shown)) > 0, "operators"
    first = list({c["delegate"]: c["picture"] for c in reversed(configurations)}.values())
    assert len(drawn.bars("node")) == sum(len(p["placement"]) for p in first) > 0, "partition maps"
    assert len(drawn.bars("block")) == sum(len(a["blocks"]) for p in first for a in p["arena"]) > 0, "arenas"
    assert all(b["offset"] + b["bytes"] <= a["bytes"] for p in first for a in p["arena"] for b in a["blocks"])
    assert all(c["load_us"] > 0 and c["first_us"] > 0 and c["peak_rss_kb"] > 0 for c in configurations), "processes of their own"


main()
