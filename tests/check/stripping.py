"""What spec/template.md takes out of pictures. A PDF is only looked at: how it is written anew is not said byte by byte."""

import struct

PNG = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"bKGD", b"pHYs")
WEBP = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
BEGINNINGS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "application/pdf": b"%PDF-"}


class NotStripped(Exception):
    pass


def strip(media_type, data, asked):
    """The stripped bytes; none for a PDF that may travel."""
    if media_type in ("text/plain", "text/csv", "application/json"):
        others = [*BEGINNINGS.values()]
        if any(map(data.startswith, others)) or is_webp(data) or b"\0" in data:
            raise NotStripped
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise NotStripped from error
        return data
    if not (is_webp(data) if media_type == "image/webp" else data.startswith(BEGINNINGS.get(media_type, b"\0\0none"))):
        raise NotStripped
    if media_type == "application/pdf":
        return None
    if "exif" not in asked:
        return data
    try:
        return {"image/jpeg": jpeg, "image/png": png, "image/webp": webp}[media_type](data)
    except (IndexError, struct.error) as error:
        raise NotStripped from error


def is_webp(data):
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def part(data, begin, end):
    if end > len(data):
        raise NotStripped
    return data[begin:end]


def jpeg(data):
    kept, place = b"\xff\xd8", 2
    while True:
        if data[place] != 0xFF:
            raise NotStripped
        while data[place + 1] == 0xFF:
            place += 1
        marker = data[place + 1]
        if marker == 0xD9:
            return kept + b"\xff\xd9"
        if marker in (0x00, 0xD8):
            raise NotStripped
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            place += 2
            continue
        (length,) = struct.unpack_from(">H", data, place + 2)
        if length < 2:
            raise NotStripped
        segment = part(data, place, place + 2 + length)
        contents = segment[4:]
        shows = not (0xE0 <= marker <= 0xEF or marker == 0xFE)
        shows |= marker == 0xE0 and contents.startswith(b"JFIF\0") or marker == 0xE2 and contents.startswith(b"ICC_PROFILE\0")
        shows |= marker == 0xEE and contents.startswith(b"Adobe")
        kept += segment if shows else b""
        place += len(segment)
        if marker == 0xDA:
            end = place
            while not (data[end] == 0xFF and data[end + 1] != 0 and not 0xD0 <= data[end + 1] <= 0xD7):
                end += 1
            kept += data[place:end]
            place = end


def png(data):
    kept, place = data[:8], 8
    while True:
        (length,) = struct.unpack_from(">I", data, place)
        chunk = part(data, place, place + 12 + length)
        kept += chunk if chunk[4:8] in PNG else b""
        if chunk[4:8] == b"IEND":
            return kept
        place += len(chunk)


def webp(data):
    (length,) = struct.unpack_from("<I", data, 4)
    data = part(data, 0, 8 + length)
    kept, place = data[:12], 12
    while place < len(data):
        (length,) = struct.unpack_from("<I", data, place + 4)
        chunk = bytearray(part(data, place, place + 8 + length + length % 2))
        if chunk[:4] == b"VP8X":
            chunk[8] &= 0b11110011
        kept += chunk if bytes(chunk[:4]) in WEBP else b""
        place += len(chunk)
    return kept[:4] + struct.pack("<I", len(kept) - 8) + kept[8:]
