"""Predicates of spec/template.md: read, and asked of records."""

import datetime
import re
from fractions import Fraction
from kinds import CLASSES, TABLES

WORDS = re.compile(r"[ \t\n\r]*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?[0-9]+(?:\.[0-9]+)?)|(?P<name>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)|(?P<sign>!=|<=|>=|[=<>()\[\],]))")
RANKS = {name: 2 if name == "Personal*" else CLASSES.index(name) for name in CLASSES}


def words(text):
    found, place = [], 0
    while text[place:].strip(" \t\n\r"):
        word = WORDS.match(text, place)
        if not word:
            raise ValueError(f"cannot read {text!r} at {place}")
        found.append((word.lastgroup, word.group(word.lastgroup)))
        place = word.end()
    return found


class Reading:
    """From words to a tree of tuples: (operation, ...)."""

    def __init__(self, text):
        self.words, self.place = words(text), 0

    def peek(self, ahead=0):
        place = self.place + ahead
        return self.words[place] if place < len(self.words) else (None, None)

    def takes(self, *word):
        if self.peek() == word:
            self.place += 1
            return True
        return False

    def require(self, *word):
        if not self.takes(*word):
            raise ValueError(f"expected {word}, found {self.peek()}")

    def whole(self):
        test = self.either()
        if self.place < len(self.words):
            raise ValueError(f"left over: {self.peek()}")
        return test

    def either(self):
        tests = [self.all()]
        while self.takes("name", "or"):
            tests.append(self.all())
        return tests[0] if len(tests) == 1 else ("or", tests)

    def all(self):
        tests = [self.one()]
        while self.takes("name", "and"):
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else ("and", tests)

    def one(self):
        if self.takes("name", "not"):
            return ("not", self.one())
        if self.takes("sign", "("):
            test = self.either()
            self.require("sign", ")")
            return test
        return self.simple()

    def simple(self):
        call = self.peek(1) == ("sign", "(")
        if call and self.takes("name", "referenced_by"):
            self.require("sign", "(")
            kind = self.peek()[1]
            self.place += 1
            self.require("sign", ")")
            return ("referenced_by", kind)
        if call and self.takes("name", "starts_with"):
            self.require("sign", "(")
            path = self.side()
            self.require("sign", ",")
            text = self.side()
            self.require("sign", ")")
            return ("starts_with", path, text)
        if self.peek() in (("name", "true"), ("name", "false")):
            group, word = self.peek(1)
            if not (group == "sign" and word in ("=", "!=", "<", "<=", ">", ">=")) and word not in ("in", "not"):
                self.place += 1
                return ("constant", self.words[self.place - 1][1] == "true")
        left = self.side()
        negated = self.takes("name", "not")
        if self.takes("name", "in"):
            self.require("sign", "[")
            tests = [("=", left, self.side())]
            while self.takes("sign", ","):
                tests.append(("=", left, self.side()))
            self.require("sign", "]")
            return ("not", ("or", tests)) if negated else ("or", tests)
        relation = self.peek()[1]
        self.place += 1
        if relation == "!=":
            return ("not", ("=", left, self.side()))
        if relation not in ("=", "<", "<=", ">", ">="):
            raise ValueError(f"no relation: {relation}")
        return (relation, left, self.side())

    def side(self):
        group, word = self.peek()
        self.place += 1
        if group == "text":
            return ("text", word[1:-1].replace("''", "'"))
        if group == "number":
            return ("number", Fraction(word))
        if word in ("true", "false"):
            return ("truth", word == "true")
        if word in ("today", "replica.region"):
            return (word,)
        if group == "name":
            return ("path", word.split("."))
        raise ValueError(f"no side: {word}")


class Asking:
    """What predicates are asked with: the archive by rid, the day, the region, and what `referenced_by` says."""

    def __init__(self, archive, today, region, referenced=False):
        self.archive, self.today, self.region, self.referenced = archive, today, region, referenced

    def with_referenced(self, referenced):
        return Asking(self.archive, self.today, self.region, referenced)


def holds(test, record, asking):
    operation = test[0]
    if operation == "constant":
        return test[1]
    if operation == "or":
        return any(holds(one, record, asking) for one in test[1])
    if operation == "and":
        return all(holds(one, record, asking) for one in test[1])
    if operation == "not":
        return not holds(test[1], record, asking)
    if operation == "referenced_by":
        return asking.referenced
    left, right = values(test[1], record, asking), values(test[2], record, asking)
    if operation == "starts_with":
        return any(one.startswith(other) for _, one in left for _, other in right)
    # A text beside another sort is a value of that sort.
    sorts = [sort for side in (left, right) for sort, _ in side if sort not in ("literal", "text", "word")]
    sort = sorts[0] if sorts else "text"
    one_side = [as_sort(value, sort) if kind == "literal" else value for kind, value in left]
    other_side = [as_sort(value, sort) if kind == "literal" else value for kind, value in right]
    return any(compare(operation, one, other, sort) for one in one_side for other in other_side)


def compare(operation, one, other, sort):
    if operation == "=":
        return one == other
    if sort == "class":
        one, other = RANKS[one], RANKS[other]
    if sort == "text":
        one, other = one.encode(), other.encode()
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operation]


def values(side, record, asking):
    """Pairs of sort and value; a text that is written in the predicate is `literal`."""
    operation = side[0]
    if operation == "text":
        return [("literal", side[1])]
    if operation in ("number", "truth"):
        return [side]
    if operation == "today":
        return [("day", asking.today)]
    if operation == "replica.region":
        return [("text", asking.region)] if asking.region else []
    return list(walk(side[1], record["kind"], record, asking))


def walk(path, kind, record, asking):
    fields, value, names = TABLES.fields(kind), record, path
    return walk_fields(names, fields, value, asking)


def walk_fields(names, fields, objects, asking):
    name, rest = names[0], names[1:]
    field = next((field for field in fields if field.name == name), None)
    if field is None and rest:
        short = [field for field in fields if field.name in (name + "_rid", name + "_ref") and field.refers() is not None]
        field = sorted(short, key=lambda one: one.name.endswith("_ref"))[0] if short else None
    if field is None:
        raise ValueError(f"no field {name}")
    value = objects.get(field.name)
    for one in value if isinstance(value, list) else [] if value is None else [value]:
        if not rest:
            sort = field.sort()
            yield (sort, as_sort(one, sort))
        elif field.inside(TABLES) is not None:
            if isinstance(one, dict):
                yield from walk_fields(rest, field.inside(TABLES), one, asking)
        else:
            other = asking.archive.get(one)
            if other is not None:
                yield from walk(rest, other["kind"], other, asking)


def as_sort(value, sort):
    if sort == "number":
        return Fraction(value)
    if sort == "day":
        return datetime.date.fromisoformat(value) if isinstance(value, str) else value
    if sort == "moment":
        return moment(value)
    return value


def moment(text):
    """Milliseconds; what is below is cut off."""
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", text)
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    milliseconds = int((found.group(7) or "0").ljust(9, "0")[:3])
    zone = found.group(8)
    offset = 0 if zone == "Z" else (int(zone[1:3]) * 60 + int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    days = datetime.date(year, month, day).toordinal()
    return (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000 + milliseconds
