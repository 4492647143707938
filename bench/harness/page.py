# SPDX-License-Identifier: MIT
"""A run as one HTML page: what `--json` wrote, drawn. The page has everything in it, no script, and the plots as SVG made
by matplotlib; a page can be made again from a JSON file of earlier (../page).

Ratios are drawn as points on a logarithmic axis: a bar would begin at a zero that such an axis does not have. The line behind
a point leads to the median of its samples; the point itself is the minimum, as everywhere.
"""

import html
import io
import sys

from harness.failures import Missing
from harness.report import FAMILIES, START_NAMES, figure, percent

# Okabe and Ito's colours, which people with colour blindness tell apart; native first, by the order of engines.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = "osD^vP"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1, h2 { line-height: 1.2; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0 1.5rem; }
th, td { padding: .15rem .8rem .15rem 0; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
tr.mean td { font-weight: 600; border-top: 2px solid #888; }
svg { max-width: 100%; height: auto; }
.about { color: #555; } .failed { color: #a00; }
div.wide { overflow-x: auto; }
"""


def pyplot():
    """matplotlib, or a sentence that says what to install."""
    try:
        import matplotlib  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise Missing(f"the page's plots are matplotlib's, which {sys.executable} has not: apt-get install "
                      "python3-matplotlib (for Debian's own /usr/bin/python3)") from None
    matplotlib.use("svg")
    # Text stays text, and names in the file are the same each time.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "vitrine", "font.size": 10})
    from matplotlib import pyplot as plots  # pylint: disable=import-outside-toplevel
    return plots


def text(document):
    """The whole page."""
    plots = pyplot()
    engines = list(document["engines"])
    parts = [f"<h1>Vitrine's bench</h1>\n{about(document)}", means(document)]
    for family, title in FAMILIES.items():
        rows = [row for row in document["rows"] if row["family"] == family]
        if rows:
            parts.append(f"<h2>{escape(title.capitalize())}</h2>\n{family_plot(plots, document, family, rows)}\n"
                         f"{family_table(document, family, rows)}")
    parts += [starts(document), counters(document), failures(document)]
    body = "\n".join(part for part in parts if part)
    return ("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width\">\n"
            f"<title>Vitrine's bench: {escape(', '.join(engines))}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n"
            "</body>\n</html>\n")


def escape(words):
    return html.escape(str(words))


def about(document):
    machine, settings = document["machine"], document["settings"]
    clock = {"cpu": "processor time of the emulator", "wall": "elapsed time"}[settings["clock"]]
    lines = [f"{machine['processor']}, {machine['processors']} processors{', virtual' * machine['virtual']}, "
             f"{machine['system']}, kernel {machine['kernel']}",
             f"{machine['compiler']}; {machine['guest_compiler']}",
             *(f"{name}: {engine['version']}" for name, engine in document["engines"].items()),
             f"{document['date']}; {settings['passes']} passes, {settings['size']} sizes; minimum of the passes, by {clock}"]
    if (document["elapsed_over_processor_time"] or 0) > 1.1:
        lines.append("The machine was busy with other things: differences mean little.")
    return "<p class=\"about\">" + "<br>\n".join(map(escape, lines)) + "</p>"


def is_ours(document, engine):
    return document["engines"][engine]["program"] == "vitrine"


def references(document):
    """Those that Vitrine is compared with."""
    return [engine for engine in document["engines"] if not is_ours(document, engine)]


def ours(document):
    return [engine for engine in document["engines"] if is_ours(document, engine)]


def best(row, engine):
    return (row["engines"].get(engine) or {}).get("best_seconds")


def speed_up(row, reference, engine):
    """The reference's time over the engine's: above 1 the engine is faster."""
    theirs, mine = best(row, reference), best(row, engine)
    return theirs / mine if theirs and mine else None


def family_plot(plots, document, family, rows):
    """Left: time over native time, of each engine. Right: QEMU's time over ours. The last row is the geometric mean."""
    pairs = [(reference, engine) for reference in references(document) for engine in ours(document)]
    mean = document["means"][family]
    native = any((row["engines"].get("native") or {}).get("best_seconds") for row in rows)
    panels = [panel for panel, wanted in (("native", native), ("others", bool(pairs))) if wanted]
    if not panels:
        return ""
    names = [row["name"] for row in rows] + ["geometric mean"]
    drawing, axes = plots.subplots(1, len(panels), squeeze=False, sharey=True,
                                   figsize=(5.5 * len(panels), 0.28 * len(names) + 1.4), layout="constrained")
    for axis, panel in zip(axes[0], panels):
        if panel == "native":
            axis.set_xlabel("time over native time (1: native speed; left is better)")
            series = [(engine, engine, [(row["engines"].get(engine) or {}).get("slowdown") for row in rows],
                       mean[engine]["slowdown"]) for engine in document["engines"]]
        else:
            axis.set_xlabel("their time over Vitrine's (above 1: Vitrine is faster)")
            series = [(f"{reference} / {engine}", engine, [speed_up(row, reference, engine) for row in rows],
                       mean[engine]["speed_up"].get(reference)) for reference, engine in pairs]
        draw(axis, series, rows, names)
    output = io.StringIO()
    drawing.savefig(output, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plots.close(drawing)
    svg = output.getvalue()
    return svg[svg.index("<svg"):]


def draw(axis, series, rows, names):
    from matplotlib.ticker import LogLocator  # pylint: disable=import-outside-toplevel
    places = range(len(names))
    for number, (label, engine, values, mean) in enumerate(series):
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        for place, value in enumerate(values):
            if value:
                spread = rows[place]["engines"][engine]["spread"] or 0
                axis.plot([value, value * (1 + spread)], [place, place], color=colour, linewidth=1.5, alpha=0.5)
        there = [(value, place) for place, value in enumerate([*values, mean]) if value]
        if there:
            axis.plot(*zip(*there), linestyle="", marker=marker, markersize=5, color=colour, label=label)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.xaxis.set_minor_formatter("")
    axis.axvline(1, color="#888", linewidth=1)
    axis.axhline(len(names) - 1.5, color="#888", linewidth=0.8)
    axis.set_yticks(list(places), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.grid(axis="x", which="both", color="#ddd", linewidth=0.5)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=9)


def table(head, lines, mean=None):
    def line(cells, tag="td", kind=""):
        return f"<tr{kind}>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
    body = [line(head, "th"), *map(line, lines)]
    if mean:
        body.append(line(mean, kind=" class=\"mean\""))
    return "<div class=\"wide\"><table>\n" + "\n".join(body) + "\n</table></div>"


def means(document):
    head = ["geometric means", "rows", "/native", "M/s", *(f"{name}/it" for name in references(document)), "mean spread",
            "largest"]
    lines = []
    for family in FAMILIES:
        for engine, of in (document["means"].get(family) or {}).items():
            count = sum(1 for row in document["rows"] if row["family"] == family)
            lines.append([f"{FAMILIES[family]}, {engine}", f"{of['rows']} of {count}", figure(of["slowdown"]),
                          figure(of["million_instructions_per_second"]),
                          *(figure(of["speed_up"].get(name)) for name in references(document)), percent(of["spread"]),
                          percent(of["largest_spread"])])
    return "<h2>Means</h2>\n" + table(head, lines) if lines else ""


def family_table(document, family, rows):
    engines = document["engines"]
    head = ["", *(f"{engine} /native" for engine in engines), *(f"{engine} M/s" for engine in ours(document)),
            *(f"{reference}/{engine}" for reference in references(document) for engine in ours(document)), "largest spread"]
    lines = []
    for row in rows:
        of = row["engines"]
        lines.append([row["name"], *(figure((of.get(engine) or {}).get("slowdown")) for engine in engines),
                      *(figure((of.get(engine) or {}).get("million_instructions_per_second")) for engine in ours(document)),
                      *(figure(speed_up(row, reference, engine))
                        for reference in references(document) for engine in ours(document)),
                      percent(max((one["spread"] or 0 for one in of.values()), default=None))])
    mean = document["means"][family]
    last = ["geometric mean", *(figure(mean[engine]["slowdown"]) for engine in engines),
            *(figure(mean[engine]["million_instructions_per_second"]) for engine in ours(document)),
            *(figure(mean[engine]["speed_up"].get(reference))
              for reference in references(document) for engine in ours(document)), ""]
    return table(head, lines, last)


def starts(document):
    """By elapsed time, since waiting counts here."""
    rows = [row for row in document["rows"] if row["family"] in ("start", "linux")]
    if not rows:
        return ""
    head = ["start of the program to ...", *(f"{engine} ms" for engine in document["engines"])]
    lines = []
    for row in rows:
        line = [START_NAMES.get(row["name"], row["name"])]
        for engine in document["engines"]:
            samples = (row["engines"].get(engine) or {}).get("samples")
            line.append(figure(1000 * min(sample["wall"] for sample in samples)) if samples else "-")
        lines.append(line)
    text_of = "<h2>Starts</h2>\n" + table(head, lines)
    for row in rows:
        lines = []
        for engine, of in row["engines"].items() if row["family"] == "linux" else ():
            least = min(of["samples"], key=lambda sample: sample["pss"])
            lines.append([engine, *(figure(least[key] / 1024) for key in ("rss", "pss", "page_tables")),
                          figure((least["pss"] + least["page_tables"]) / 1024)])
        if lines:
            text_of += table(["memory at process 1, MiB", "resident", "PSS", "page tables", "PSS + tables"], lines)
    return text_of


def counters(document):
    """A row of the run is a column here: there are more counters than rows."""
    found = document.get("counters_per_million_steps")
    if not found:
        return ""
    keys = []
    for one in found:
        keys += [key for key in one if key not in ("row", "engine", "steps") and key not in keys]
    lines = [["million steps", *(f"{one['steps'] / 1e6:,.1f}" for one in found)]]
    for key in keys:
        if any(abs(one.get(key, 0)) >= 0.005 for one in found):
            lines.append([key, *(f"{one.get(key, 0):,.2f}" for one in found)])
    return ("<h2>Counters, per million steps</h2>\n"
            + table(["", *(f"{one['row']} on {one['engine']}" for one in found)], lines))


def failures(document):
    lines = [f"{row['family']}/{row['name']} on {engine}: {why}"
             for row in document["rows"] for engine, why in row["failures"].items()]
    return "<h2 class=\"failed\">Failed</h2>\n<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>" \
        if lines else ""
