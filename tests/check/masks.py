"""Masks of spec/rights.md."""

import datetime
import re
from blake3 import keyed

COMPOUND = (
    "欧阳 司马 上官 诸葛 司徒 司空 夏侯 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 东方 西门 南宫 闻人 申屠 端木 百里 东郭 呼延 轩辕 独孤 拓跋 澹台 公冶 宗政 濮阳 淳于 单于 太叔 仲孙 钟离 鲜于 赫连 万俟"
).split()
NAMES = [
    "none", "drop", "name1", "id6_4", "id1_1", "pseud", "phone3_4", "bank_last4", "addr_village", "date_ym", "date_y", "age_band", "geo_none", "geo_bbox",
    "geo_round4", "area_r", "amt_round", "amt_round_100", "self",
]
TEXT = re.compile(r"S\(")
CODES = {"CitizenId", "Uscc", "IssuerCode", "ContractorCode", "ParcelCode", "ContractCode", "ZongdiCode", "CadastralUnit", "BankAccount", "CardNo", "Serial", "Token", "RecordId", "DocumentId"}
NARROWER = {("id1_1", "id6_4"), ("pseud", "id6_4"), ("pseud", "id1_1"), ("date_y", "date_ym"), ("age_band", "date_ym"), ("amt_round_100", "amt_round")}


def is_text(of):
    return bool(TEXT.match(of)) and not of.endswith("no path")


def suits(mask, of):
    """Whether a mask is made for a type, as the page of kinds writes it."""
    if mask in ("none", "drop", "self"):
        return True
    if mask == "name1":
        return is_text(of) or of.startswith("Ref")
    if mask in ("id6_4", "id1_1", "phone3_4", "addr_village"):
        return is_text(of)
    if mask in ("pseud", "bank_last4"):
        return is_text(of) or of in CODES
    if mask in ("date_ym", "date_y", "age_band"):
        return of == "D"
    if mask in ("geo_none", "geo_bbox", "geo_round4"):
        return of == "WKT"
    if mask == "area_r":
        return of in ("m²", "mu", "Dec")
    return of == "¥"


def within(mask, most):
    return mask == most or most == "none" or mask in ("drop", "geo_none") or (mask, most) in NARROWER


def counts_as(mask, sens, of):
    """The class under a mask; none when nothing is shown."""
    from kinds import CLASSES

    if mask in ("drop", "geo_none"):
        return None
    most = "Internal"
    if not suits(mask, of) or mask in ("none", "area_r", "amt_round", "amt_round_100"):
        most = "Secret"
    elif mask in ("id6_4", "id1_1"):
        most = "Personal*"
    elif mask == "self":
        most = "Personal"
    return min(sens, most, key=CLASSES.index)


def day(text):
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def stars(text, first, last):
    return "".join(one if place < first or place + last >= len(text) else "*" for place, one in enumerate(text))


def rounded(value, unit):
    sign = -1 if value < 0 else 1
    return sign * ((abs(value) + unit // 2) // unit * unit)


def area(text, of):
    places = 2 if of == "m²" else 4
    whole, _, fraction = text.partition(".")
    units = rounded(int(whole + fraction.ljust(places, "0")), 100) // 100
    return str(units) if places == 2 else f"{units // 100}.{units % 100:02}"


def geometry(text, mask):
    polygons = []
    for numbers in re.findall(r"\(([^()]*)\)", text):
        polygons.append([tuple(map(units, point.split())) for point in numbers.split(",")])
    points = [point for ring in polygons for point in ring]
    if mask == "geo_bbox":
        west, east = min(x for x, _ in points), max(x for x, _ in points)
        south, north = min(y for _, y in points), max(y for _, y in points)
        # Outward to 4 places of a degree, one cell at least.
        cell = 100_000
        west, south = min(west // cell * cell, 180 * 10**9 - cell), min(south // cell * cell, 90 * 10**9 - cell)
        east, north = max(-(-east // cell) * cell, west + cell), max(-(-north // cell) * cell, south + cell)
        ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        return f"POLYGON (({', '.join(map(written, ring))}))"
    shape = re.sub(r"\s+", "", re.sub(r"[-0-9.]+\s+[-0-9.]+", "@", text.upper()))
    rounding = iter([(rounded(x, 100_000), rounded(y, 100_000)) for x, y in points])
    name, _, rest = shape.partition("(")
    rest = "(" + rest
    if name == "MULTIPOLYGON" and ")),((" not in rest:
        name, rest = "POLYGON", rest[1:-1]
    rest = rest.replace(",", ", ")
    return f"{name} " + re.sub("@", lambda _: written(next(rounding)), rest)


def units(text):
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("-").partition(".")
    return sign * (int(whole) * 10**9 + int(fraction.ljust(9, "0")[:9]))


def written(point):
    def one(value):
        fraction = f"{abs(value) % 10**9:09}".rstrip("0")
        return ("-" if value < 0 else "") + str(abs(value) // 10**9) + ("." + fraction if fraction else "")

    return " ".join(map(one, point))


def of_text(mask, text, of, key, today):
    if mask == "name1":
        return stars(text, 2 if len(text) > 2 and text[:2] in COMPOUND else 1, 0)
    if mask == "id6_4":
        return stars(text, *{18: (6, 4), 15: (6, 3)}.get(len(text), (0, 0)))
    if mask == "id1_1":
        return stars(text, *((1, 1) if len(text) in (15, 18) else (0, 0)))
    if mask == "pseud":
        bits = int.from_bytes(keyed(key, b"citizen" + text.encode())[:10], "big")
        return "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[bits >> 5 * place & 31] for place in range(15, -1, -1))
    if mask == "phone3_4":
        return stars(text, 3, 4) if len(text) == 11 else "*" * len(text)
    if mask == "bank_last4":
        found = re.search(r"[\d*]", text)
        if not found:
            return "****"
        bank, number = text[: found.start()], text[found.start() :]
        if re.fullmatch(r"\*{4}([0-9]{4})?", number):
            return bank + number
        return bank + "****" + (number[-4:] if re.fullmatch(r"[0-9]{8,}", number) else "")
    if mask == "addr_village":
        ends = [text.index(end) + len(end) for end in ("村", "社区", "居委会") if end in text]
        return text[: min(ends, default=0)] + "****"
    if mask == "date_ym":
        return text[:7] if day(text) or day(text + "-01") else None
    if mask == "date_y":
        return text[:4] if day(text) or day(text + "-01") or day(text + "-01-01") else None
    if mask == "age_band":
        if text in ("60+", "35-59", "18-34", "0-17"):
            return text
        birth = day(text)
        if not birth:
            return None
        age = max(0, today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day)))
        return next(band for least, band in ((60, "60+"), (35, "35-59"), (18, "18-34"), (0, "0-17")) if age >= least)
    if mask in ("geo_bbox", "geo_round4"):
        return geometry(text, mask)
    if mask == "area_r":
        return area(text, of) if of in ("m²", "mu", "Dec") else None
    return None


def apply(mask, value, of, key=None, today=None):
    """A value under a mask, leaf by leaf; none when it is not shown."""
    if mask == "none":
        return value
    if mask in ("drop", "geo_none"):
        return None
    if isinstance(value, list):
        return [one for one in (apply(mask, one, of, key, today) for one in value) if one is not None]
    if isinstance(value, dict):
        shown = {name: apply(mask, one, of, key, today) for name, one in value.items()}
        return {name: one for name, one in shown.items() if one is not None}
    if isinstance(value, str):
        return value if mask == "name1" and of.startswith("Ref") else of_text(mask, value, of, key, today)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return {"amt_round": lambda: rounded(value, 100), "amt_round_100": lambda: rounded(value, 10_000)}.get(mask, lambda: None)()


if __name__ == "__main__":
    # The vectors of the page.
    from kinds import PAGE

    page = (PAGE.parents[1] / "rights.md").read_text(encoding="utf-8")
    tried = 0
    for row in re.findall(r"^\| (\w+) \| (\S+) \| `([^`]*)` \| (`[^`]*`|–) \|$", page, re.M):
        mask, of, value, expected = row
        if mask not in NAMES:
            continue
        of = {"S": "S(50)", "Id": "BankAccount"}.get(of, of)
        value = int(value) if of == "¥" else value
        shown = apply(mask, value, of, bytes(range(32)), datetime.date(2026, 11, 21))
        assert ("–" if shown is None else f"`{shown}`") == expected, (row, shown)
        tried += 1
    assert tried > 40, tried
    print(tried, "vectors ok")
