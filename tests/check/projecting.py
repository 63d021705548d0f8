"""What a replica must hold of a record: selection, projection and documents of spec/template.md."""

import certificate
import masks
from kinds import TABLES, ZONES, fits
from predicate import Reading, holds

FIXED = ("documents", "txn", "proof")
ALWAYS = ("rid", "kind", "version")
STRIPPED = {"image/jpeg", "image/png", "image/webp", "application/pdf", "text/plain", "text/csv", "application/json"}
STRIP_BYTES_MAX = 256 << 20
SIZES = {"KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40, "B": 0}


class Template:
    """A template that the program carries out; what is wrong with one it does not ask."""

    def __init__(self, parsed):
        route = parsed["route"]
        self.id, self.role = route["id"], route["owner_role"]
        self.zone, self.most = ZONES[route["purpose"]], route["sens_max"]
        self.blocks = []
        for block in parsed["select"]:
            kinds = list(TABLES.kinds) if block["kinds"] == "*" else block["kinds"]
            self.blocks.append((kinds, Reading(block["where"]).whole(), "closure" in block))
        project = parsed["project"]
        self.identity = project.get("mode") == "identity"
        self.kinds = {kind: self.projection(kind, table) for kind, table in project.items() if kind in TABLES.kinds}
        documents = parsed.get("documents", {})
        self.include = documents.get("include", [])
        self.exclude = documents.get("exclude", [])
        self.strip = documents.get("strip", [])
        self.largest = size(documents["max_file"]) if "max_file" in documents else None

    def strip_of(self, record, document):
        """What is taken out of a document: photos lose their EXIF on every route but a backup."""
        named = record.get("photos", [])
        photo = document["role"] == "photo" or document["document_id"] in named or copy_of(document) in named
        return sorted({*self.strip, "exif"}) if photo and self.zone is not None else self.strip

    def projection(self, kind, table):
        given = table.get("fields", table.get("public"))
        if isinstance(given, str):
            first, *less = given.split(" - ")
            assert first == "all@1"
            less = [name.strip() for name in less]
            listed = {field.name for field in TABLES.fields(kind) if field.name not in FIXED and field.name not in less}
        else:
            listed = set(given)
        given_masks = table.get("mask", {})
        if "public" in table:
            given_masks = given_masks.get("public", {})
        where = Reading(table["where"]).whole() if "where" in table else None
        return {"listed": listed | set(ALWAYS), "masks": given_masks, "drop": set(table.get("drop", [])), "where": where}


def size(text):
    unit = next(unit for unit in SIZES if text.endswith(unit))
    return int(text[: -len(unit)]) << SIZES[unit]


def referenced_kind(test):
    """The kind in `referenced_by`, which stands alone or in an `and`."""
    tests = test[1] if test[0] == "and" else [test]
    return next((one[1] for one in tests if one[0] == "referenced_by"), None)


def kept_back(template, record, asking):
    if record["sens"] == "Secret" and (template.zone is not None or not fits("Secret", template.most)):
        return True
    where = template.kinds.get(record["kind"], {}).get("where")
    return where is not None and not holds(where, record, asking)


def references(record):
    def inside(fields, objects):
        for field in fields:
            value = objects.get(field.name)
            for one in value if isinstance(value, list) else [] if value is None else [value]:
                if field.refers() is not None:
                    yield one
                elif field.type.startswith("object ") and isinstance(one, dict):
                    yield from inside(field.inside(TABLES), one)

    return set(inside([field for field in TABLES.fields(record["kind"]) if field.name != "supersedes"], record))


def referenced(template, archive, asking):
    """By block, the rids for which `referenced_by` holds."""
    found = []
    plain = [block for block in template.blocks if referenced_kind(block[1]) is None]
    seeds = {}
    for kinds, where, closure in template.blocks:
        of = referenced_kind(where)
        if of is None:
            found.append(set())
            continue
        if of not in seeds:
            seeds[of] = set()
            for record in archive.values():
                travels = record["kind"] == of and any(of in kinds and holds(test, record, asking) for kinds, test, _ in plain)
                if travels and not kept_back(template, record, asking):
                    seeds[of] |= references(record)
        reached = set(seeds[of])
        while closure:
            more = set()
            for rid in reached:
                record = archive.get(rid)
                if record and record["kind"] in kinds and holds(where, record, asking.with_referenced(True)) and not kept_back(template, record, asking):
                    more |= references(record)
            if more <= reached:
                break
            reached |= more
        found.append(reached)
    return found


def travels(template, record, asking, reached):
    def selects(place, block):
        kinds, where, _ = block
        return record["kind"] in kinds and holds(where, record, asking.with_referenced(record["rid"] in reached[place]))

    return any(selects(place, block) for place, block in enumerate(template.blocks)) and not kept_back(template, record, asking)


def copy_of(document):
    redaction = document["redaction"]
    return redaction[len("redacted_copy_of(") : -1] if redaction != "none" else None


def means(selector, kind, record, document):
    name, _, qualifier = selector.partition(":")
    field = TABLES.field(kind, name)
    named = document["role"] == name
    if not named and field is not None and field.is_doc():
        held = record.get(name, [])
        held = held if isinstance(held, list) else [held]
        named = document["document_id"] in held or copy_of(document) in held
    if not named or not qualifier:
        return named
    identifier = document["document_id"].lower()
    ending = document["file_name"].rpartition(".")
    return (
        (qualifier == "redacted" and copy_of(document) is not None)
        or ascii_lower(document["format_id"]) == qualifier
        or (ending[1] == "." and ascii_lower(ending[2]) == qualifier)
        or identifier == qualifier
        or (identifier.startswith(qualifier) and identifier[len(qualifier)] in ".-_")
    )


def ascii_lower(text):
    return "".join(one.lower() if one.isascii() else one for one in text)


def documents_that_travel(template, record, failed):
    kind, found = record["kind"], []
    for document in record.get("documents", []):
        meant = lambda selectors: any(means(selector, kind, record, document) for selector in selectors)
        if template.identity:
            found.append(document)
            continue
        if not meant(template.include) or meant(template.exclude):
            continue
        if not fits(document["sens"], template.most) or (document["sens"] == "Secret" and template.zone is not None):
            continue
        if not all(column_allows(template, record, document, field) for field in TABLES.fields(kind) if field.is_doc()):
            continue
        if template.largest is not None and document["size"] > template.largest:
            continue
        if template.strip_of(record, document) and (document["media_type"] not in STRIPPED or document["size"] > STRIP_BYTES_MAX or document["document_id"] in failed):
            continue
        found.append(document)
    return found


def column_allows(template, record, document, field):
    held = record.get(field.name, [])
    if document["document_id"] not in (held if isinstance(held, list) else [held]) or template.zone is None:
        return True
    column, copy = field.columns[template.zone], copy_of(document) is not None
    return column == "F" or (column == "redacted" and copy) or (column == "sale" and copy and record.get("mode") == "sale")


class Projecting:
    def __init__(self, template, record, documents, key, today):
        self.template, self.record, self.documents, self.key, self.today = template, record, documents, key, today
        self.projection = template.kinds[record["kind"]]
        self.ids = {document["document_id"] for document in documents}

    def shown(self):
        kind = self.record["kind"]
        is_certificate = kind == "ecertificate"
        shown = {}
        for field in TABLES.fields(kind):
            value = self.record.get(field.name)
            if value is None or field.name in ("documents", "proof"):
                continue
            if field.name == "txn":
                value = self.value(field, "none", value)
                if value is not None:
                    value.pop("size", None)
            elif field.name not in self.projection["listed"]:
                continue
            elif field.name == "recorded_by":
                value = None if is_certificate else self.template.role
            else:
                value = self.value(field, self.mask(field), value)
            if value is not None:
                shown[field.name] = value
        documents = self.listed(is_certificate)
        if documents:
            shown["documents"] = documents
        if is_certificate:
            proof = certificate.disclose(self.record, shown)
            if proof is not None:
                shown["proof"] = proof
        return shown

    def mask(self, field):
        default = "geo_none" if field.type == "WKT" and self.template.zone is not None else "none"
        return self.projection["masks"].get(field.name, default)

    def value(self, field, mask, value):
        zone = self.template.zone
        if field.name in self.projection["drop"]:
            return None
        column = "F" if zone is None else field.columns[zone]
        if zone is not None and not allows(column, mask, field.type):
            return None
        counts = masks.counts_as(mask, field.sens, field.type)
        if counts is None or not fits(counts, self.template.most):
            return None
        if column == "sale" and self.record.get("mode") != "sale":
            return None
        inside = self.copy if column in ("redacted", "sale") and field.is_doc() else lambda one: self.inside(field, one)
        if isinstance(value, list):
            shown = [one for one in map(inside, value) if one is not None]
        else:
            shown = inside(value)
        if mask != "none" and shown is not None:
            shown = masks.apply(mask, shown, field.type, self.key, self.today)
        return None if shown in ([], {}) else shown

    def inside(self, field, value):
        if field.type.startswith("kind →"):
            rows = {kind: [one for one in (self.object(TABLES.fields(kind), row) for row in rows) if one] for kind, rows in value.items()}
            return {kind: rows for kind, rows in rows.items() if rows}
        fields = field.inside(TABLES)
        if fields is not None:
            return self.object(fields, value)
        if field.is_doc():
            return value if value in self.ids else None
        return value

    def object(self, fields, value):
        shown = {}
        for field in fields:
            if field.name in value:
                one = self.value(field, self.column_mask(field), value[field.name])
                if one is not None:
                    shown[field.name] = one
        return shown

    def column_mask(self, field):
        if self.template.zone is None:
            return "none"
        if field.type == "WKT":
            return "geo_none"
        column = field.columns[self.template.zone]
        return column if column in masks.NAMES else "none"

    def copy(self, value):
        copies = [document for document in self.documents if copy_of(document) is not None]
        if any(document["document_id"] == value for document in copies):
            return value
        return next((document["document_id"] for document in copies if copy_of(document) == value), None)

    def listed(self, is_certificate):
        shown = []
        for place, document in enumerate(self.documents):
            one = self.object(TABLES.objects["documents"], document)
            if not is_certificate:
                one["seq"] = place + 1
            if self.template.strip_of(self.record, document):
                for name in ("size", "digest", "other_digests"):
                    one.pop(name, None)
            if copy_of(document) is not None and copy_of(document) not in self.ids:
                one.pop("redaction", None)
                if not is_certificate:
                    one["redaction"] = "redacted_copy"
            shown.append(one)
        return shown


def allows(column, mask, of):
    hides = mask in ("drop", "geo_none")
    if column in ("F", "sale", "redacted", "fieldwise"):
        return hides or masks.suits(mask, of)
    if column in masks.NAMES:
        return masks.within(mask, column)
    return hides
