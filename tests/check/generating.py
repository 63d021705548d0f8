"""Random archives and templates from a seed: records that the program takes, templates that it carries out. No real person's data."""

import datetime
import json
import random
import re
import struct
from blake3 import blake3
import certificate
from kinds import CLASSES, TABLES
import masks

TEXTS = [
    "张某某", "欧阳某某", "𠮷田某", "阿卜杜拉·买买提", "王", "320412198001010015", "11010519491231002X", "320412800101001", "E12345678", "13812341234", "0519-8555123",
    "某某银行 6228480412345678913", "XX区XX镇XX村12组5号", "中村镇李家社区5号", "人民路5号", "it's \"so\" \\ \n\t\x01", "0", "-1", "Personal", "é", "x" * 40,
]
CODES = {
    "Uscc": ["N2320412MF00000138"], "IssuerCode": ["32041210301201"], "ContractorCode": ["320412103012010023"], "ParcelCode": ["3204121030120100117"],
    "ContractCode": ["320412103012010023J"], "CadastralUnit": ["320412103012JC00018F00010001"], "BankAccount": ["6228480412345678913", "12345678", "1234567"],
    "CardNo": ["00002121234"], "Token": ["ABCDEFGHJKMNPQRSTVWXYZ0123"],
}
REGIONS = ["320412103012", "320412103013", "320413001001"]
GEOMETRIES = [
    "POLYGON ((120 30, 120.002 30.001, 120.001 30.003, 120 30))", "POINT (-0.00005 0)", "POINT(120.12345678901 30)",
    "MULTIPOLYGON (((120 30, 120.00004 30.001, 120.0012345 30.003, 120 30)), ((1 1, 2 1, 2 2, 1 1),(1.2 1.1, 1.3 1.1,1.3 1.2, 1.2 1.1)))",
    "MULTIPOLYGON(((120 30,120.002 30.001,120.001 30.003,120 30)))",
]
TODAY = datetime.date(2026, 11, 21)
ROLES = ["original", "annex", "photo", "map", "scan", "signature"]
MEDIA = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "text/plain": "txt", "image/tiff": "tif"}


def telltale_picture(media_type, numbers):
    """A small picture with a description in it."""
    body = bytes(numbers.randrange(1, 200) for _ in range(8))
    secret = b"TELLTALE"
    if media_type == "image/jpeg":
        segment = lambda marker, contents: bytes([0xFF, marker]) + struct.pack(">H", len(contents) + 2) + contents
        scan = segment(0xDA, b"\1\2\3") + body + b"\xff\0" + body
        return b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + secret) + segment(0xDB, bytes(65)) + scan + segment(0xFE, secret) + scan + b"\xff\xd9" + secret
    if media_type == "image/png":
        chunk = lambda name, contents: struct.pack(">I", len(contents)) + name + contents + bytes(4)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"tEXt", secret) + chunk(b"IDAT", body) + chunk(b"IEND", b"") + secret
    if media_type == "image/webp":
        chunk = lambda name, contents: name + struct.pack("<I", len(contents)) + contents + bytes(len(contents) % 2)
        parts = b"WEBP" + chunk(b"VP8X", b"\xff" * 10) + chunk(b"VP8 ", body[:7]) + chunk(b"EXIF", secret)
        return b"RIFF" + struct.pack("<I", len(parts)) + parts
    return ("II*\0" if media_type == "image/tiff" else "文本 ").encode() + body.hex().encode()


class Records:
    def __init__(self, numbers, each):
        self.numbers = numbers
        self.rids = {kind: [f"{kind}-01900000-0000-7000-8000-{place:012x}" for place in range(each)] for kind in TABLES.kinds}
        self.files = {}

    def some(self, values):
        return self.numbers.choice(list(values))

    def day(self):
        return (datetime.date(1940, 1, 1) + datetime.timedelta(self.numbers.randrange(40_000))).isoformat()

    def time(self):
        fraction = self.some(["", ".5", ".123456789"])
        return f"{self.day()}T0{self.numbers.randrange(10)}:30:00{fraction}{self.some(['Z', '+08:00', '-03:30'])}"

    def value(self, field, kind, state):
        of, numbers = field.type, self.numbers
        if of.startswith("S("):
            most = int(of[2 : of.index(")")])
            return "照片 1.jpg" if of.endswith("no path") else self.some(TEXTS)[:most]
        if re.match(r"\d+( to \d+)? digits$", of):
            return "0" * int(of.split()[0])
        if field.values() is not None:
            return self.some(field.values())
        if of in CODES:
            return self.some(CODES[of])
        if of in ("RecordId", "DocumentId"):
            return "d1"
        if of.startswith("RegionCode"):
            return self.some(REGIONS)
        if field.refers() is not None:
            return self.some(self.rids[self.some(field.refers() or list(TABLES.kinds))] + [f"{(field.refers() or ['parcel'])[0]}-01900000-0000-7000-8000-ffffffffffff"])
        simple = {
            "¥": lambda: numbers.randrange(-20_000, 20_000), "N": lambda: numbers.randrange(10), "m²": lambda: self.some(["666.67", "666.49", "0", "12"]),
            "mu": lambda: self.some(["1.0049", "1.005", "0.3333"]), "Dec": lambda: self.some(["0.3333", "1", "20.5"]), "±Dec": lambda: self.some(["-0.5", "3"]),
            "D": self.day, "T": self.time, "B": lambda: numbers.random() < 0.5, "WKT": lambda: self.some(GEOMETRIES), "class": lambda: self.some(CLASSES),
            "base64": lambda: "AAECAw==", "as `state`": lambda: state, "X01 to X34": lambda: "X07", "any keys, integers": lambda: {"count": numbers.randrange(5)},
        }
        if of in simple:
            return simple[of]()
        if of.startswith("`{alg"):
            return {"alg": "blake3", "hex": "0" * 64}
        if of.startswith("any fields of "):
            fields = [one for one in field.inside(TABLES) if one.name not in ("rid", "documents", "photos", "state") and numbers.random() < 0.3]
            return self.ordered({one.name: self.of(one, kind, state) for one in fields})
        if of.startswith("kind →"):
            return {"member": [self.row("member") for _ in range(numbers.randrange(3))], "parcel": [self.row("parcel")]}
        return self.object(field.inside(TABLES), kind, state)

    def row(self, kind):
        fields = [one for one in TABLES.kinds[kind] if one.type not in ("Doc", "as `state`") and self.numbers.random() < 0.5]
        return self.ordered({"rid": self.some(self.rids[kind])} | {one.name: self.of(one, kind, "") for one in fields})

    def of(self, field, kind, state):
        if not field.many:
            return self.value(field, kind, state)
        least = 0 if field.optional else 1
        return [self.value(field, kind, state) for _ in range(self.numbers.randrange(least, 3))]

    def object(self, fields, kind, state):
        return self.ordered({one.name: self.of(one, kind, state) for one in fields if not one.optional or self.numbers.random() < 0.6})

    @staticmethod
    def ordered(value):
        for begin, end in (("valid_from", "valid_to"), ("from", "to"), ("publicity_from", "publicity_to"), ("term_from", "term_to"), ("open_at", "close_at")):
            if isinstance(value.get(begin), str) and isinstance(value.get(end), str) and not value[begin].startswith("share_holding"):
                value[begin], value[end] = sorted((value[begin], value[end]))
        return value

    def record(self, kind, rid):
        numbers, state = self.numbers, self.some(TABLES.states[kind])
        fields = [field for field in TABLES.fields(kind) if field.name not in ("documents", "proof")]
        docs = [field for field in fields if field.is_doc()]
        value = self.object([field for field in fields if not field.is_doc()], kind, state)
        value |= {"rid": rid, "kind": kind, "version": numbers.randrange(1, 5), "state": state, "sens": self.some(CLASSES[:4] * 3 + ["Secret"])}
        documents = [self.document(rid, place) for place in range(numbers.randrange(1, 5))]
        if len(documents) > 1 and numbers.random() < 0.6:
            documents[-1]["redaction"] = f"redacted_copy_of({documents[0]['document_id']})"
        ids = [document["document_id"] for document in documents]
        for field in docs:
            value[field.name] = [self.some(ids)] if field.many else self.some(ids)
        value["documents"] = documents
        if kind == "organisation":
            value["level"] = "village"
        if kind == "ecertificate" and numbers.random() < 0.7:
            self.sign(value)
        return value

    def document(self, rid, place):
        media_type = self.some(MEDIA)
        content = telltale_picture(media_type, self.numbers)
        identifier = self.some(["d", "title-", "Minutes.", "appraisal_"]) + str(place)
        self.files[rid, identifier] = content
        document = {
            "document_id": identifier, "role": self.some(ROLES), "seq": place + 1, "file_name": f"文件 {place}.{MEDIA[media_type].upper()}", "media_type": media_type,
            "size": len(content), "digest": {"alg": "blake3", "hex": blake3(content).hex()}, "format_id": self.some([MEDIA[media_type], "fmt/43"]),
            "sens": self.some(CLASSES), "redaction": "none",
        }
        if self.numbers.random() < 0.4:
            document |= {"pages": 2, "ocr_text": "TELLTALE", "scan": {"dpi": 300, "colour": "灰度", "compression": "jpeg"}}
        return document

    def sign(self, value):
        secret = bytes(self.numbers.randrange(256) for _ in range(32))
        commitments = [commitment for _, _, commitment in certificate.commit(value, secret).values()]
        value["proof"] = {
            "alg": "gapferry-certificate-1", "generation": 1, "root": certificate.encode(certificate.root(commitments)), "secret": certificate.encode(secret),
            "signature": certificate.encode(bytes(64)), "zone": "07" * 32,
        }


class Templates:
    def __init__(self, numbers, archive):
        self.numbers, self.archive = numbers, list(archive.values())

    def some(self, values):
        return self.numbers.choice(list(values))

    def literal(self, value):
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        return "'" + value.replace("'", "''") + "'"

    def path(self, kinds):
        """A path that all these kinds have, with its sort and values that it can have."""
        for _ in range(100):
            record = self.some([record for record in self.archive if record["kind"] in kinds])
            field = self.some(TABLES.fields(record["kind"]))
            name, value, tables = field.name, record.get(field.name), [TABLES.fields(kind) for kind in kinds]
            value = value[0] if isinstance(value, list) and value else value
            if isinstance(value, dict) and field.type.startswith("object "):
                inner = self.some(field.inside(TABLES))
                name, value, field = f"{name}.{inner.name}", value.get(inner.name), inner
            elif field.refers() and self.numbers.random() < 0.5:
                targets = field.refers()
                other = self.some(TABLES.fields(targets[0]))
                if other.sort() is None or any(getattr(TABLES.field(kind, other.name), "sort", lambda: None)() != other.sort() for kind in targets):
                    continue
                target = next((record for record in self.archive if record["rid"] == value), {})
                short = name.removesuffix("_rid").removesuffix("_ref")
                taken = any(one.name == short for fields in tables for one in fields)
                name, value, field = f"{name if taken else short}.{other.name}", target.get(other.name), other
            sort = field.sort()
            same = all(self.sort_of(kind, name) == sort for kind in kinds)
            value = value[0] if isinstance(value, list) and value else value
            if sort and same and value not in (None, []) and not isinstance(value, (list, dict)):
                return name, sort, value
        return "kind", "text", kinds[0]

    @staticmethod
    def sort_of(kind, name):
        fields = TABLES.fields(kind)
        *steps, last = name.split(".")
        for step in steps:
            field = next((one for one in fields if one.name == step), None) or next((one for one in fields if one.name in (step + "_rid", step + "_ref") and one.refers()), None)
            if field is None:
                return None
            if field.inside(TABLES) is not None:
                fields = field.inside(TABLES)
            elif field.refers():
                fields = TABLES.fields(field.refers()[0])
            else:
                return None
        field = next((one for one in fields if one.name == last), None)
        return field.sort() if field else None

    def written(self, value, sort):
        return value if sort == "number" and isinstance(value, str) else self.literal(value)

    def simple(self, kinds):
        name, sort, value = self.path(kinds)
        if sort == "text" and self.numbers.random() < 0.3:
            return f"starts_with({name}, {self.literal(value[: self.numbers.randrange(4)])})"
        if name.endswith("region") and sort == "text" and self.numbers.random() < 0.5:
            return f"starts_with({name}, replica.region)"
        if sort == "day" and self.numbers.random() < 0.4:
            return f"{name} {self.some(['<', '>=', '!='])} today"
        ordered = sort in ("text", "number", "day", "moment", "class")
        if self.numbers.random() < 0.3:
            return f"{name} {self.some(['in', 'not in'])} [{self.written(value, sort)}]"
        relation = self.some(["=", "!="] + (["<", "<=", ">", ">="] if ordered else []))
        sides = [name, self.written(value, sort)]
        return f" {relation} ".join(sides if self.numbers.random() < 0.8 else reversed(sides))

    def predicate(self, kinds, depth=2):
        kind = self.numbers.random()
        if depth == 0 or kind < 0.4:
            return self.simple(kinds)
        if kind < 0.5:
            return f"not ({self.predicate(kinds, depth - 1)})"
        return f"({self.predicate(kinds, depth - 1)} {self.some(['and', 'or', 'or'])} {self.predicate(kinds, depth - 1)})"

    def masks(self, fields):
        found = {}
        for field in fields:
            fitting = [mask for mask in masks.NAMES if mask != "self" and masks.suits(mask, field.type)]
            # Those of the columns more often than others: only they let anything through.
            fitting += 3 * [column for column in field.columns if column in fitting]
            if field.name not in ("rid", "kind", "version", "recorded_by") and self.numbers.random() < 0.6:
                found[field.name] = self.some(fitting)
        return found

    def projection(self, kind, purpose):
        usual = [field for field in TABLES.fields(kind) if field.name not in ("documents", "txn", "proof")]
        chosen = [field for field in usual if self.numbers.random() < 0.7] or usual[:1]
        lines = [f"[project.{kind}]"]
        names = "fields"
        if purpose != "public" and self.numbers.random() < 0.3:
            less = [field for field in usual if field not in chosen and field.name not in ("rid", "kind", "version")]
            chosen = [field for field in usual if field not in less]
            lines.append("fields = " + json.dumps(" - ".join(["all@1"] + [field.name for field in less])))
        else:
            names = "public" if purpose == "public" and self.numbers.random() < 0.5 else "fields"
            lines.append(f"{names} = " + json.dumps([field.name for field in chosen]))
        inner = ", ".join(f'{name} = "{mask}"' for name, mask in self.masks(chosen).items())
        lines.append(f"mask = {{ public = {{ {inner} }} }}" if names == "public" else f"mask = {{ {inner} }}")
        others = {field.name for of in TABLES.kinds for field in TABLES.kinds[of]} - {field.name for field in chosen}
        if self.numbers.random() < 0.3:
            lines.append("drop = " + json.dumps(self.numbers.sample(sorted(others - {"proof"}), 3)))
        if self.numbers.random() < 0.3:
            lines.append("where = " + json.dumps(self.predicate([kind]), ensure_ascii=False))
        return lines

    def template(self, number):
        purpose = self.some(["use", "use", "exchange", "public", "backup"])
        lines = ["[route]", f'id = "R{number}"', 'name_zh = "模板"', 'name_en = "Random"', 'source = "inside"', 'replica = "there"', f'purpose = "{purpose}"']
        identity = purpose == "backup" and self.numbers.random() < 0.4
        most = "Secret" if identity else self.some(["Personal", "Personal", "Internal", "Public"] + ["Secret"] * (purpose == "backup"))
        lines += [f'sens_max = "{most}"', 'owner_role = "archivist"', "[verify]", 'deadline = "P2D"']
        chosen = self.numbers.sample(sorted(TABLES.kinds), 6)
        if self.numbers.random() < 0.5:
            chosen = sorted({*chosen, "exchange_project", "exchange_lot", "asset_card", "parcel", "ecertificate"})
        blocks = [self.numbers.sample(chosen, self.numbers.randrange(1, 4)) for _ in range(3)]
        for kinds in blocks:
            lines += ["[[select]]", f"kinds = {json.dumps(kinds)}", f"where = {json.dumps(self.predicate(kinds), ensure_ascii=False)}"]
        if self.numbers.random() < 0.6:
            # Kinds that name records of many kinds, or of one another, so that there is something to follow.
            naming = ["alert", "operating_contract", "exchange_project", "deal", "ecertificate", "exchange_lot", "share_change"]
            by = self.some(naming if self.numbers.random() < 0.7 else [kind for kinds in blocks for kind in kinds])
            if not any(by in kinds for kinds in blocks):
                blocks.append([by])
                lines += ["[[select]]", f'kinds = ["{by}"]', 'where = "true"']
            kinds = self.numbers.sample(sorted({*chosen, *naming, "share_holding", "member"}), 7)
            blocks.append(kinds)
            more = f" and {self.simple(kinds)}" if self.numbers.random() < 0.4 else ""
            lines += ["[[select]]", f"kinds = {json.dumps(kinds)}", "where = " + json.dumps(f"referenced_by({by}){more}", ensure_ascii=False)]
            lines += ['closure = "referenced"'] * (self.numbers.random() < 0.6)
        if identity:
            return "\n".join(lines + ["[project]", 'mode = "identity"']) + "\n"
        for kind in sorted({kind for kinds in blocks for kind in kinds}):
            lines += self.projection(kind, purpose)
        if self.numbers.random() < 0.8:
            known = ROLES + [field.name for kind in TABLES.kinds for field in TABLES.fields(kind) if field.is_doc()]
            selectors = sorted({self.some(known) + self.some(["", "", ":redacted", ":title", ":minutes", ":jpg", ":fmt"]) for _ in range(8)})
            lines += ["[documents]", f"include = {json.dumps(selectors[2:])}", f"exclude = {json.dumps(selectors[:2])}"]
            lines += [f"strip = {json.dumps(self.some([['exif'], ['pdf_metadata'], ['exif', 'pdf_metadata']]))}"] * (self.numbers.random() < 0.5)
            lines += ['max_file = "100B"'] * (self.numbers.random() < 0.3)
        return "\n".join(lines) + "\n"


def generate(seed, each=8, templates=5):
    """An archive by rid, the files of its documents, and templates."""
    numbers = random.Random(seed)
    records = Records(numbers, each)
    archive = {rid: records.record(kind, rid) for kind, rids in records.rids.items() for rid in rids}
    writer = Templates(numbers, archive)
    return archive, records.files, [writer.template(number) for number in range(templates)]
