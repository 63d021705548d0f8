"""Plants every bug of spec/faults.md, one at a time, and runs the check that must catch it.

    python3 tests/full/planted.py [--only NAME]...

The tests are built once with the feature `planted`; each bug is switched on by the environment. First every check must pass without
a bug. Prints a line for each bug and `N of N caught`; ends with 1 when one was not.
"""

import argparse
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def table():
    """Bugs in the order of the page, each with the name of a check that catches it, once for each such check."""
    with open(os.path.join(ROOT, "spec/faults.md")) as file:
        section = file.read().split("\n## Planted bugs\n", 1)[1].split("\n## ", 1)[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" |")]
        if len(cells) < 4 or not cells[0].startswith("`"):
            continue
        for bug in re.findall(r"`([^`]+)`", cells[0]):
            for check in re.findall(r"`([^`]+)`", cells[3]):
                yield bug, check


def tests():
    """Where the tests of each name are: executable, the folder it runs in, full name."""
    line = ["cargo", "test", "--workspace", "--features", "wire/planted", "--no-run", "--message-format=json", "--quiet"]
    built = subprocess.run(line, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = {}
    for artifact in map(json.loads, built.splitlines()):
        if artifact.get("reason") == "compiler-artifact" and artifact.get("executable") and artifact["profile"]["test"]:
            executable, folder = artifact["executable"], os.path.dirname(artifact["manifest_path"])
            listed = subprocess.run([executable, "--list"], capture_output=True, text=True, cwd=folder).stdout
            for name in re.findall(r"^(\S+): test$", listed, re.M):
                found.setdefault(name.rsplit("::", 1)[-1], []).append((executable, folder, name))
    return found


def passes(places, bug):
    return all(passes_at(*place, bug) for place in places)


def passes_at(executable, folder, name, bug):
    environment = {**os.environ, "GAPFERRY_PLANTED": bug or "", "RUST_BACKTRACE": "0"}
    environment.pop("GAPFERRY_BINARY", None)
    try:
        ran = subprocess.run([executable, "--exact", name], cwd=folder, env=environment, capture_output=True, text=True, timeout=900)
    except subprocess.TimeoutExpired:
        return False
    return ran.returncode == 0


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--only", action="append", default=[], metavar="NAME", help="this bug; may be given several times")
    only = parse.parse_args().only
    bugs = [(bug, check) for bug, check in table() if not only or bug in only]
    known = tests()
    for check in sorted({check for _, check in bugs}):
        if check not in known:
            sys.exit(f"there is no test {check}")
        if not passes(known[check], None):
            sys.exit(f"{check} fails without a bug")
    caught = 0
    for bug, check in bugs:
        found = not passes(known[check], bug)
        caught += found
        print(f"{'caught ' if found else 'MISSED '} {bug:32} {check}", flush=True)
    print(f"{caught} of {len(bugs)} caught")
    sys.exit(0 if caught == len(bugs) else 1)


main()
