"""The tables of kinds, read from the page of the specification (spec/rights/kinds.md)."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "spec" / "rights" / "kinds.md"
ZONES = {"use": 1, "exchange": 2, "public": 3, "backup": None}
CLASSES = ["Public", "Internal", "Personal", "Personal*", "Secret"]


class Field:
    """One field: name, whether it is a list, type as the page writes it, class, the columns I, O, X, W, and whether it is optional."""

    def __init__(self, name, of, sens, columns, optional=False):
        self.many = name.endswith("[]")
        self.name = name.removesuffix("[]")
        self.type = of
        self.sens = sens
        self.columns = columns
        self.optional = optional

    def sort(self):
        """The sort of spec/template.md, none when it cannot be compared."""
        of = self.type
        if of in ("RegionCode(12)", "RegionCode") or of.startswith("S(") or re.match(r"\d+( to \d+)? digits$", of) or of.startswith("`none` /"):
            return "text"
        if of in IDENTIFIERS:
            return "text"
        if of.startswith(("E ", "Ref", "Doc")) or of in ("as `state`", "X01 to X34"):
            return "word"
        return {"¥": "number", "N": "number", "m²": "number", "mu": "number", "Dec": "number", "±Dec": "number", "D": "day", "T": "moment", "B": "truth", "class": "class"}.get(of)

    def values(self):
        """The values of a type E."""
        if not self.type.startswith("E "):
            return None
        found = []
        for entry in self.type[2:].split(" / "):
            coded = re.match(r"`([^`]*)`", entry)
            found.append(coded.group(1) if coded else entry)
        return found

    def refers(self):
        """The kinds of a reference; an empty list is every kind."""
        if self.type == "Ref":
            return []
        return self.type[4:].split(", ") if self.type.startswith("Ref ") else None

    def is_doc(self):
        return self.type == "Doc"

    def inside(self, tables):
        """The fields inside an object; of `any fields of K` those of K."""
        if self.type.startswith("object "):
            return tables.objects[self.type.split("`")[1]]
        if self.type.startswith("any fields of "):
            return tables.fields(self.type.removeprefix("any fields of "))
        return None


IDENTIFIERS = {
    "CitizenId", "Uscc", "IssuerCode", "ContractorCode", "ParcelCode", "ContractCode", "ZongdiCode", "CadastralUnit", "BankAccount", "CardNo", "Serial",
    "Token", "RecordId", "DocumentId",
}


class Tables:
    def __init__(self):
        self.header, self.kinds, self.objects, self.states, self.defaults = [], {}, {}, {}, {}
        section, of, rows = None, None, None
        for line in PAGE.read_text(encoding="utf-8").splitlines():
            if line.startswith("## "):
                section = line[3:]
                rows = None
                if section == "Header":
                    rows = self.header
                elif re.match(r"E\d\d ", section):
                    of = section.split()[1]
                    rows = self.kinds[of] = []
            elif line.startswith("### "):
                name = line[4:]
                rows = None
                if section == "Objects within fields":
                    rows = self.objects[name.strip("`")] = []
                elif section == "Life cycles":
                    of = name.split(", ")
            elif line.startswith("Class ") and rows is not None:
                found = re.match(r"Class (\S+); `state` (\S+) (\S+)\.", line)
                self.defaults[of] = (found.group(1), found.group(2), found.group(3).split("/"))
            elif line.startswith("| `") and section == "Life cycles":
                for kind in of:
                    self.states.setdefault(kind, []).append(line.split("`")[1])
            elif line.startswith("| ") and rows is not None:
                cells = [cell.strip() for cell in line.strip("|").split(" | ")]
                if len(cells) == 7 and cells[0] not in ("field", "---"):
                    rows.append(Field(cells[0], cells[3], cells[5], cells[6].split("/"), cells[4] == "O"))

    def fields(self, kind):
        """The fields of a kind, those of the header first, with `state` as the kind has it."""
        fields = []
        for field in self.header:
            if field.name == "state":
                _, sens, columns = self.defaults[kind]
                field = Field("state", field.type, sens, columns)
            fields.append(field)
        return fields + self.kinds[kind]

    def field(self, kind, name):
        return next((field for field in self.fields(kind) if field.name == name), None)


TABLES = Tables()


def fits(sens, most):
    rank = lambda one: CLASSES.index("Personal" if one == "Personal*" else one)
    return rank(sens) <= rank(most)


if __name__ == "__main__":
    print(len(TABLES.kinds), "kinds", sum(map(len, TABLES.kinds.values())), "fields", len(TABLES.objects), "objects", {field.type for kind in TABLES.kinds for field in TABLES.fields(kind) if field.sort() is None})
