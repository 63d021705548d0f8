#!/usr/bin/env python3
"""What a replica must hold, computed from spec/template.md (with spec/rights.md, spec/rights/kinds.md and spec/certificate.md) alone. It shares nothing with
the program, and needs Python 3.11 without further packages.

    template.py expect   --template T.toml --archive DIR --today DAY [--region CODE] [--key HEX]
        one JSON line for each item that travels: rid, path, SHA-256 of the projected record, and its documents
    template.py compare  the same, and --replica DIR
        names every difference of the replica, and every file that is there too much; exit code 1 when there is one
    template.py generate --seed N --out DIR [--each N] [--templates N]
        writes a random archive to DIR/archive and random templates to DIR/T0.toml, DIR/T1.toml, ...
    template.py against  --judge PROGRAM --seed N [--seeds COUNT] [--each N] [--templates N]
        generates, lets the program judge (crates/template/examples/judge.rs) by these templates and those that ship, and compares

An archive is a folder of layout `records` (spec/records.md): `record.json`, or with `--records '*.json'` every file of that form, is a record. The file of a
document is the one of its item whose name is `file_name`. On the replica both have the path that they have in the archive. `.gapferry` is passed over.
"""

import argparse
import datetime
import hashlib
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import generating
import stripping
from certificate import canonical
from predicate import Asking
from projecting import Projecting, Template, documents_that_travel, referenced, travels


def read_archive(folder, pattern):
    """Records, their paths and the files of their items, by rid."""
    archive, paths = {}, {}
    for path in sorted(folder.rglob(pattern)):
        if ".gapferry" in path.relative_to(folder).parts or not path.is_file():
            continue
        try:
            record = json.loads(path.read_bytes().decode("utf-8"))
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("rid"), str):
            archive[record["rid"]] = record
            paths[record["rid"]] = path
    owners, of, beside = {path: rid for rid, path in paths.items()}, {rid: [] for rid in paths}, {}
    for path in owners:
        beside.setdefault(path.parent, []).append(path)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".gapferry" not in path.relative_to(folder).parts and path not in owners:
            owner = owner_of(path, folder, owners, beside)
            if owner is not None:
                of[owners[owner]].append(path)
    return archive, paths, of


def owner_of(path, root, records, in_folder):
    """The record that a file belongs to: one beside it whose name its name goes on from, the longest; else by the folders upwards, first one named like the
    folder beside it, then the folder's `record.json`."""
    beside = [record for record in in_folder.get(path.parent, []) if record.name != "record.json" and path.name.startswith(record.stem)]
    beside = [record for record in beside if path.name[len(record.stem) :][:1] in tuple(".-_")]
    if beside:
        return max(beside, key=lambda record: len(record.stem))
    folder = path.parent
    while True:
        if folder / "record.json" in records:
            return folder / "record.json"
        if folder == root:
            return None
        named = [record for record in in_folder.get(folder.parent, []) if record.stem == folder.name and record.name != "record.json"]
        if named:
            return named[0]
        folder = folder.parent


def files_of(files, record_path, record):
    """By `document_id` the files that a document may lie in: those called by its `file_name` beside the record; failing these further below; failing
    these by its `document_id`, alone or with the ending of its `file_name`."""
    found = {}
    for document in record.get("documents", []):
        name, identifier = document["file_name"], document["document_id"]
        ending = name[name.rindex(".") :] if "." in name[1:] else ""
        ways = [
            lambda file: str(file.relative_to(record_path.parent)) == name,
            lambda file: file.name == name,
            lambda file: file.name in (identifier, identifier + ending, identifier + ending.lower()),
        ]
        found[identifier] = next(filter(None, ([file for file in files if file != record_path and way(file)] for way in ways)), [])
    return found


def unclear(documents, lie):
    """Those of the documents that travel whose file may be another one's, which does not."""
    ids = {document["document_id"] for document in documents}
    stay = {file for identifier, files in lie.items() if identifier not in ids for file in files}
    return {identifier for identifier in ids if len(lie[identifier]) > 1 or any(file in stay for file in lie[identifier])}


def expected(template, archive, paths, items, asking, key):
    """By rid: the projected record as bytes, and for each document its file, its bytes (none for a PDF that is written anew) and whether it is stripped. With
    `identity` every file of the item travels."""
    reached = referenced(template, archive, asking)
    found = {}
    for rid, record in archive.items():
        if not travels(template, record, asking, reached):
            continue
        stripped, failed, files = {}, set(), {}
        lie = files_of(items[rid], paths[rid], record) if paths else {document["document_id"]: [] for document in record.get("documents", [])}
        for document in record.get("documents", []):
            file = lie[document["document_id"]][0] if len(lie[document["document_id"]]) == 1 else None
            files[document["document_id"]] = file
            strip = template.strip_of(record, document)
            if file is None or not strip or template.identity:
                continue
            try:
                stripped[document["document_id"]] = stripping.strip(document["media_type"], file.read_bytes(), strip)
            except stripping.NotStripped:
                failed.add(document["document_id"])
        documents = documents_that_travel(template, record, failed)
        while not template.identity and (left_out := unclear(documents, lie)):
            documents = [document for document in documents if document["document_id"] not in left_out]
        projected = record if template.identity else Projecting(template, record, documents, key, asking.today).shown()
        if template.identity and paths:
            found[rid] = (canonical(projected).encode(), [(file.name, file, file.read_bytes(), False) for file in items[rid]])
            continue
        rows = []
        for document in documents:
            identifier = document["document_id"]
            file = files[identifier]
            is_stripped = bool(template.strip_of(record, document)) and not template.identity
            content = stripped.get(identifier) if is_stripped else file.read_bytes() if file else None
            rows.append((identifier, file, content, is_stripped))
        found[rid] = (canonical(projected).encode(), rows)
    return found


def sha256(data):
    return None if data is None else hashlib.sha256(data).hexdigest()


def of_arguments(arguments):
    template = Template(tomllib.loads(Path(arguments.template).read_text(encoding="utf-8")))
    archive, paths, items = read_archive(Path(arguments.archive), arguments.records)
    asking = Asking(archive, datetime.date.fromisoformat(arguments.today), arguments.region)
    return expected(template, archive, paths, items, asking, bytes.fromhex(arguments.key)), paths


def expect(arguments):
    found, paths = of_arguments(arguments)
    root = Path(arguments.archive)
    for rid, (record, rows) in sorted(found.items()):
        documents = [{"id": identifier, "path": file and str(file.relative_to(root)), "sha256": sha256(content), "stripped": stripped} for identifier, file, content, stripped in rows]
        print(json.dumps({"rid": rid, "path": str(paths[rid].relative_to(root)), "record_sha256": sha256(record), "documents": documents}, ensure_ascii=False))
    return 0


def compare(arguments):
    found, paths = of_arguments(arguments)
    root, replica = Path(arguments.archive), Path(arguments.replica)
    differences, seen = [], set()

    def look(path, content, what):
        path = path.relative_to(root)
        seen.add(path)
        if not (replica / path).is_file():
            differences.append(f"missing: {path} ({what})")
        elif content is not None and (replica / path).read_bytes() != content:
            differences.append(f"different: {path} ({what})")

    for rid, (record, rows) in sorted(found.items()):
        look(paths[rid], record, "record")
        for identifier, file, content, stripped in rows:
            if file is None:
                differences.append(f"not in the archive: {identifier} of {rid}")
                continue
            look(file, content, "stripped document" if stripped else "document")
            copy = replica / file.relative_to(root)
            if content is None and copy.is_file() and any(word in copy.read_bytes() for word in (b"/Info", b"/Metadata", b"/PieceInfo")):
                differences.append(f"not stripped: {file.relative_to(root)}")
    for path in sorted(replica.rglob("*")):
        path = path.relative_to(replica)
        if (replica / path).is_file() and ".gapferry" not in path.parts and path not in seen:
            differences.append(f"too much: {path}")
    for difference in differences:
        print(difference)
    print(f"{len(found)} items, {len(seen)} files, {len(differences)} differences")
    return 1 if differences else 0


def write(archive, files, templates, folder):
    for rid, record in archive.items():
        place = folder / "archive" / record["kind"] / rid
        place.mkdir(parents=True, exist_ok=True)
        (place / "record.json").write_text(canonical(record), encoding="utf-8")
        for document in record["documents"]:
            identifier = document["document_id"]
            (place / document["file_name"]).write_bytes(files[rid, identifier])
    for number, text in enumerate(templates):
        (folder / f"T{number}.toml").write_text(text, encoding="utf-8")


def generate(arguments):
    write(*generating.generate(arguments.seed, arguments.each, arguments.templates), Path(arguments.out))
    return 0


def against(arguments):
    """Compares with the program over many seeds; prints what is needed to see a difference again."""
    key, region, today = bytes(range(32)), "320412", generating.TODAY
    items = shown = 0
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        archive, files, templates = generating.generate(seed, arguments.each, arguments.templates)
        templates += [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).resolve().parents[2] / "deploy" / "templates").glob("*.toml"))]
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            write(archive, files, templates, folder)
            for number, text in enumerate(templates):
                command = [arguments.judge, str(folder / f"T{number}.toml"), str(folder / "archive"), today.isoformat(), region, key.hex()]
                done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
                if done.returncode or done.stderr:
                    print(f"seed {seed} template {number}: refused\n{done.stderr}\n{text}")
                    return 1
                theirs = {line["rid"]: (line["record"], [one[0] for one in line["documents"]]) for line in map(json.loads, done.stdout.splitlines())}
                template = Template(tomllib.loads(text))
                mine = expected(template, archive, {}, {}, Asking(archive, today, region), key)
                mine = {rid: (record.decode(), [row[0] for row in rows]) for rid, (record, rows) in mine.items()}
                for rid in sorted(mine.keys() | theirs.keys()):
                    if mine.get(rid) != theirs.get(rid):
                        print(f"seed {seed} template {number} {rid}\nexpected {mine.get(rid)}\nprogram  {theirs.get(rid)}\n{text}")
                        return 1
                items += len(mine)
                shown += sum(len(record) for record, _ in mine.values())
    print(f"seeds {arguments.seed} to {arguments.seed + arguments.seeds - 1}: {items} items travel, {shown} bytes alike")
    return 0 if items else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, run in (("expect", expect), ("compare", compare)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        for option in ("--template", "--archive", "--today"):
            command.add_argument(option, required=True)
        command.add_argument("--region")
        command.add_argument("--records", default="record.json")
        command.add_argument("--key", default="00" * 32)
        if name == "compare":
            command.add_argument("--replica", required=True)
    for name, run in (("generate", generate), ("against", against)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--seed", type=int, required=True)
        command.add_argument("--each", type=int, default=8)
        command.add_argument("--templates", type=int, default=5)
        if name == "generate":
            command.add_argument("--out", required=True)
        else:
            command.add_argument("--judge", required=True)
            command.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
