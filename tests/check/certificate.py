"""The proof of what is shown of a certificate, of spec/certificate.md."""

import base64
import json
import masks
from blake3 import derive
from kinds import TABLES

ALWAYS = ("cert_token", "kind", "rid", "state", "valid_to", "version")
SET_BY_ROUTE = ("source_as_of", "batch_seq")
NOT_PROVEN = ("none", "drop", "geo_none", "pseud", "age_band", "self")


def canonical(value):
    """RFC 8785 of what records hold: integers, texts, true, false, null, lists and objects."""
    if isinstance(value, dict):
        entries = sorted(value.items(), key=lambda entry: entry[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(one)}" for name, one in entries) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str):
        short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
        return '"' + "".join(short.get(one) or (f"\\u{ord(one):04x}" if one < " " else one) for one in value) + '"'
    return json.dumps(value)


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def proven_masks(field):
    """The masks under which a value is committed to."""
    most = {column.removeprefix("S:") for column in field.columns} & set(masks.NAMES) - {"none"}
    return [mask for mask in masks.NAMES if mask not in NOT_PROVEN and any(masks.within(mask, one) for one in most) and masks.suits(mask, field.type)]


def commit(record, secret):
    """Name → (value, salt, commitment), for every value of a record and its masked forms."""
    found = {}

    def one(name, value):
        salt = derive("gapferry v1 certificate salt", secret + name.encode())
        length = len(name.encode()).to_bytes(8, "little")
        found[name] = (value, salt, derive("gapferry v1 certificate field", salt + length + name.encode() + canonical(value).encode()))

    def value(path, of, given):
        if isinstance(given, dict) and given:
            for key, below in given.items():
                value(f"{path}/{key}", below_of(of, key), below)
        elif isinstance(given, list) and given:
            for place, below in enumerate(given):
                value(f"{path}/{place}", of, below)
        else:
            if of is not None and not isinstance(of, (list, str)):
                for mask in proven_masks(of):
                    masked = masks.apply(mask, given, of.type)
                    if masked is not None and masked != given:
                        one(f"{path}|{mask}", masked)
            one(path, given)

    for name, given in record.items():
        if name != "proof":
            value(f"/{name}", shape(TABLES.field("ecertificate", name)), given)
    if "valid_to" not in record:
        one("/valid_to", None)
    return found


def shape(field):
    """A field, a list of fields for what lies in it, `rows`, or none."""
    if field is None or field.type.startswith("`{alg"):
        return None
    if field.type.startswith("kind →"):
        return "rows"
    return field.inside(TABLES) or field


def below_of(of, key):
    if of == "rows":
        return TABLES.fields(key) if key in TABLES.kinds else None
    if isinstance(of, list):
        return shape(next((field for field in of if field.name == key), None))
    return None


def root(commitments):
    return derive("gapferry v1 certificate fields", b"".join(sorted(commitments)))


class NotCommitted(Exception):
    pass


def disclose(inside, shown):
    """The proof, or none where none can be made."""
    proof = inside.get("proof")
    if not proof or "secret" not in proof:
        return None
    committed = commit(inside, decode(proof["secret"]))
    if root(commitment for _, _, commitment in committed.values()) != decode(proof["root"]):
        return None
    if any(inside.get(name) != shown.get(name) for name in ALWAYS):
        return None
    try:
        names = set(match("", {name: one for name, one in inside.items() if name != "proof"}, {name: one for name, one in shown.items() if name not in SET_BY_ROUTE}, committed))
    except NotCommitted:
        return None
    names.add("/valid_to")
    withheld = sorted(commitment for name, (_, _, commitment) in committed.items() if name not in names)
    return {
        "alg": proof["alg"],
        "generation": proof["generation"],
        "opened": {name: encode(committed[name][1]) for name in names},
        "signature": proof["signature"],
        "withheld": list(map(encode, withheld)),
        "zone": proof["zone"],
    }


def match(path, inside, shown, committed):
    if isinstance(inside, dict) and isinstance(shown, dict) and shown:
        names = []
        for key, one in shown.items():
            if key not in inside:
                raise NotCommitted
            names += match(f"{path}/{key}", inside[key], one, committed)
        return names
    if isinstance(inside, list) and isinstance(shown, list) and shown:
        names, rest = [], iter(enumerate(inside))
        for one in shown:
            for place, candidate in rest:
                try:
                    names += match(f"{path}/{place}", candidate, one, committed)
                    break
                except NotCommitted:
                    continue
            else:
                raise NotCommitted
        return names
    forms = [path] + [f"{path}|{mask}" for mask in sorted(masks.NAMES, key=len)]
    for name in forms:
        if name in committed and canonical(committed[name][0]) == canonical(shown):
            return [name]
    raise NotCommitted
