"""Lines of engine, store and driver that were run, from what llvm-cov exports; with --functions, the functions that were not."""

import json
import pathlib
import sys

CRATES = ("engine", "store", "driver")


def crate_of(path):
    """The crate whose source this is; none for tests and what is not ours."""
    parts = pathlib.Path(path).parts
    for crate in CRATES:
        if ("crates", crate, "src") in zip(parts, parts[1:], parts[2:]) and not path.endswith("_test.rs"):
            return crate
    return None


def main():
    data = json.loads(pathlib.Path(sys.argv[1]).read_text())["data"][0]
    for crate in CRATES:
        lines = [one["summary"]["lines"] for one in data["files"] if crate_of(one["filename"]) == crate]
        count, covered = sum(one["count"] for one in lines), sum(one["covered"] for one in lines)
        print(f"{crate:7} {100 * covered / max(count, 1):5.1f} % of {count} lines")
    if "--functions" not in sys.argv:
        return
    # One function of the source has an entry for each of its instances and for each closure in it.
    runs = {}
    for one in data["functions"]:
        path, line = one["filenames"][0], one["regions"][0][0]
        if crate_of(path):
            runs[path, line] = runs.get((path, line), 0) + one["count"]
    for path, line in sorted(place for place, count in runs.items() if count == 0):
        text = pathlib.Path(path).read_text().splitlines()[line - 1].strip()
        if "fn " in text:
            print(f"{path[path.index('crates/'):]}:{line}: {text.split('(')[0].split('fn ')[-1].split('<')[0]}")


main()
