#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a picture (SVG) of a terminal from a real run: the words after -- are executed, stdin is fed the lines of
--type, and what came out is drawn. The pictures of README.md and docs/ are made with this, by `tools/pictures`.

    tools/terminal_picture.py --title T --type 'ps\\nhalt\\n' -o docs/pictures/teach.svg -- build/vitrine run
"""
import argparse
import html
import subprocess
import sys

FONT = 14  # px
LINE = 19
LEFT = 18
TOP = 46


def draw(title: str, lines: list[str]) -> str:
    columns = max([len(line) for line in lines] + [60])
    width = int(LEFT * 2 + columns * FONT * 0.602) + 1
    height = TOP + LINE * len(lines) + 14
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="{width}" height="{height}" rx="9" fill="#1b1f27"/>',
        *(f'<circle cx="{22 + 20 * i}" cy="18" r="6" fill="{c}"/>' for i, c in enumerate(("#ff5f57", "#febc2e", "#28c840"))),
        f'<text x="{width / 2}" y="23" fill="#8b94a7" font-family="sans-serif" font-size="13" text-anchor="middle">'
        f"{html.escape(title)}</text>",
        f'<g font-family="ui-monospace, DejaVu Sans Mono, Menlo, monospace" font-size="{FONT}" xml:space="preserve">',
    ]
    for i, line in enumerate(lines):
        typed = line.startswith("$ ") or "$ " in line[:8]
        colour = "#9ece6a" if typed else "#e3e7ef"
        out.append(f'<text x="{LEFT}" y="{TOP + LINE * i}" fill="{colour}">{html.escape(line)}</text>')
    return "\n".join(out + ["</g>", "</svg>"]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--title", required=True)
    parser.add_argument("--type", default="", help="what is typed, with \\n for a line's end")
    parser.add_argument("--prompt", help="first line of the picture: the command as a person would type it")
    parser.add_argument("--from", dest="first", help="leave out what comes before the first line with this text")
    parser.add_argument("--timeout", type=float, default=120)
    parser.add_argument("-o", dest="output", required=True)
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    run = subprocess.run(args.command, input=args.type.replace("\\n", "\n").encode(), timeout=args.timeout, check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = [line.rstrip("\r") for line in run.stdout.decode(errors="replace").expandtabs().split("\n")]
    if args.first:
        found = [i for i, line in enumerate(lines) if args.first in line]
        if not found:
            print(f"terminal_picture: no line of the output has '{args.first}':\n" + "\n".join(lines), file=sys.stderr)
            return 1
        lines = lines[found[0]:]
    while lines and not lines[-1].strip():
        lines.pop()
    if args.prompt:
        lines = ["$ " + args.prompt, *lines]
    with open(args.output, "w", encoding="utf-8") as file:
        file.write(draw(args.title, lines))
    print(f"{args.output}: {len(lines)} lines, exit code of the run {run.returncode}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
