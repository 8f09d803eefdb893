"""Draws the screen of a terminal, as `tmux capture-pane -e` gives it, as an SVG.

Usage: picture.py SCREEN.ansi PICTURE.svg
"""

import re
import sys
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from unicodedata import east_asian_width

CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18, 12
FOREGROUND, BACKGROUND = "#d8dee9", "#14161b"
PALETTE = [
    "#2e3440", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9",
    "#5c6370", "#ff7b86", "#b5e890", "#ffd68a", "#82c4ff", "#df9bf2", "#76d7e3", "#ffffff",
]  # fmt: skip
SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|\x0e|\x0f")


@dataclass(frozen=True)
class Style:
    """How a cell looks; colours are `#rrggbb`, or empty for those of the terminal."""

    fg: str = ""
    bg: str = ""
    bold: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False


def indexed(number: int) -> str:
    """The colour of a number of the 256-colour palette."""
    if number < 16:
        return PALETTE[number]
    if number >= 232:
        level = 8 + 10 * (number - 232)
        return f"#{level:02x}{level:02x}{level:02x}"
    levels = [0, 95, 135, 175, 215, 255]
    number -= 16
    return "#" + "".join(f"{levels[part]:02x}" for part in (number // 36, number // 6 % 6, number % 6))


def colour(codes: list[int]) -> str:
    """The colour that follows a 38 or 48; takes its numbers off the list."""
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        return indexed(codes.pop(0))
    if kind == 2 and len(codes) >= 3:
        red, green, blue = codes[:3]
        del codes[:3]
        return f"#{red:02x}{green:02x}{blue:02x}"
    return ""


def after(style: Style, words: str) -> Style:
    """The style after the sequence `ESC [ words m`."""
    # `4:3` is a curly underline, `58` its colour.
    codes = [int(word.split(":")[0] or 0) for word in words.split(";")]
    if ":" in words and not words.startswith("4:"):
        codes = [int(word or 0) for word in words.replace(";", ":").split(":")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = Style()
        elif code in (1, 3, 4, 7):
            style = replace(style, **{{1: "bold", 3: "italic", 4: "underline", 7: "reverse"}[code]: True})
        elif code == 22:
            style = replace(style, bold=False)
        elif code in (23, 24, 27):
            style = replace(style, **{{23: "italic", 24: "underline", 27: "reverse"}[code]: False})
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = replace(style, fg=PALETTE[code - 30 if code < 90 else code - 82])
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = replace(style, bg=PALETTE[code - 40 if code < 100 else code - 92])
        elif code == 38:
            style = replace(style, fg=colour(codes))
        elif code == 48:
            style = replace(style, bg=colour(codes))
        elif code == 58:
            colour(codes)
        elif code in (39, 49):
            style = replace(style, **{{39: "fg", 49: "bg"}[code]: ""})
    return style


def runs(line: str, style: Style) -> tuple[list[tuple[int, int, str, Style]], Style]:
    """The parts of a line in one style: column, width, text, style; and the style after it."""
    found, column, at = [], 0, 0
    pieces = [*SEQUENCE.finditer(line), None]
    for piece in pieces:
        text = line[at : piece.start() if piece else len(line)]
        if text:
            width = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
            found.append((column, width, text, style))
            column += width
        if piece:
            at = piece.end()
            if piece.group(1) is not None:
                style = after(style, piece.group(1))
    return found, style


def draw(column: int, width: int, text: str, style: Style, row: int) -> str:
    """The SVG of one run."""
    fg, bg = style.fg or FOREGROUND, style.bg or BACKGROUND
    if style.reverse:
        fg, bg = bg, fg
    x, y = MARGIN + column * CELL_WIDTH, MARGIN + row * CELL_HEIGHT
    out = ""
    if bg != BACKGROUND:
        out += f'<rect x="{x:.1f}" y="{y}" width="{width * CELL_WIDTH:.1f}" height="{CELL_HEIGHT}" fill="{bg}"/>'
    if text.strip():
        look = ' font-weight="bold"' * style.bold + ' font-style="italic"' * style.italic
        look += ' text-decoration="underline"' * style.underline
        # Spaces that no renderer joins.
        text = text.replace(" ", "\u00a0")
        length = f'textLength="{width * CELL_WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"'
        out += f'<text x="{x:.1f}" y="{y + 13.5}" fill="{fg}"{look} {length}>{escape(text)}</text>'
    return out


def picture(screen: str) -> str:
    """The SVG of a screen."""
    rows, style, columns = [], Style(), 0
    for row, line in enumerate(screen.rstrip("\n").split("\n")):
        parts, style = runs(line, style)
        columns = max([columns, *(column + width for column, width, _, _ in parts)])
        rows.append("".join(draw(*part, row) for part in parts))
    width, height = columns * CELL_WIDTH + 2 * MARGIN, len(rows) * CELL_HEIGHT + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" '
        f'font-family="ui-monospace,\'DejaVu Sans Mono\',Menlo,Consolas,monospace" font-size="14">'
        f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>' + "\n".join(rows) + "</svg>\n"
    )


def main() -> None:
    """Reads one file and writes the other."""
    screen, svg = map(Path, sys.argv[1:])
    svg.write_text(picture(screen.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
