#!/usr/bin/env python3
"""crossing.py - whole crossings measured from outside: gapferry, and tar | zstd | age beside it where installed.

Phases, each one process (or pipe) started fresh, everything warm:

    pack0       first sync: archive -> packages on the medium (captures first)
    apply0      medium -> replica tree: verifies, makes durable, reads back, writes the receipt
    reconcile0  the receipt -> the ledger of the source
    idle        nothing changed: one more pack
    pack1, apply1, reconcile1   the same (and so on: --changes) after 1 % modified, 0.3 % deleted, 0.3 % added, 0.2 % renamed

Of each: wall seconds, processor seconds, peak resident memory of the largest process, bytes that came onto the medium.
After each apply the replica is compared with the archive, file by file, and after each reconcile gapferry must show every
item as proven; a difference ends the run with exit 1.

Rounds alternate the programs, so that drift of the machine hits both. Every round works in fresh folders and nothing is
deleted before the end, nor by this script after it: file systems create files several times slower for minutes after a
mass deletion. What is printed is the median over the rounds and the median of the ratios round by round.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

KINDS = ["records", "scans", "mixed"]


def phases(changes):
    more = [f"{phase}{number}" for number in range(1, changes + 1) for phase in ("pack", "apply", "reconcile")]
    return ["pack0", "apply0", "reconcile0", "idle"] + more
MIB = 1 << 20
MODIFIED_FROM_NS = 1_600_000_000 * 10**9


# ----------------------------------------------------------------------------------------------------------- the archives
WORDS = ("asset card parcel contract household member share certificate village group year register survey homestead "
         "资产 卡片 地块 合同 承包 农户 成员 股权 权证 村 组 年度 登记 测绘 宅基地 流转 备案 公示").split()


def prose(draw, size):
    """About `size` bytes of text that compresses about threefold, as catalogue records do."""
    lines, length = [], 0
    while length < size:
        line = json.dumps({draw.choice(WORDS): draw.choice(WORDS) + str(draw.randrange(10_000)) for _ in range(6)}, ensure_ascii=False)
        lines.append(line)
        length += len(line.encode()) + 1
    return "\n".join(lines).encode()[:size]


def scan(draw, size):
    """Bytes that hardly compress, as scanned pages do: noise with short runs of blank."""
    parts, length = [], 0
    while length < size:
        noise = draw.randbytes(min(64 << 10, size - length))
        parts.append(noise)
        blank = min(draw.randrange(2 << 10), size - length - len(noise))
        parts.append(bytes(blank))
        length += len(noise) + blank
    return b"".join(parts)


def put(path, content, draw):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    modified = MODIFIED_FROM_NS + draw.randrange(10**17)
    os.utime(path, ns=(modified, modified))


def generate(kind, root, scale):
    """The same archive for the same kind and scale, on every machine."""
    draw = random.Random(f"gapferry {kind}")
    if kind == "records":
        for number in range(int(100_000 * scale)):
            name = f"fonds-{number // 8000:03d}/series-{number // 400 % 20:03d}/case-{number // 20:05d}/record-{number % 20:02d}.json"
            put(os.path.join(root, name), prose(draw, draw.randrange(512, 5632)), draw)
    elif kind == "scans":
        left, number = int(4096 * MIB * scale), 0
        while left > 0:
            size = int(MIB * 20 ** draw.random())
            put(os.path.join(root, f"box-{number // 50:03d}/scan {number:05d}.jpg"), scan(draw, size), draw)
            left, number = left - size, number + 1
    else:
        earlier = []
        for number in range(int(20_000 * scale)):
            size = min(int(draw.lognormvariate(9.6, 2.0)), 32 * MIB)
            again = earlier and draw.random() < 0.2
            content = draw.choice(earlier) if again else (prose if draw.random() < 0.5 else scan)(draw, size)
            if len(earlier) < 200 and len(content) < MIB:
                earlier.append(content)
            put(os.path.join(root, f"{number // 1000:02d} 卷/{number // 50:04d}/第 {number:05d} 件.bin"), content, draw)


def every_file(root):
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != ".gapferry")
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def mutate(root, seed):
    draw = random.Random(f"gapferry mutation {seed}")
    names = every_file(root)
    draw.shuffle(names)
    share = lambda percent: max(1, int(len(names) * percent / 100))
    take = lambda count: [names.pop() for _ in range(count)]
    counts = {"modified": share(1.0), "deleted": share(0.3), "renamed": share(0.2), "added": share(0.3)}
    for number, name in enumerate(take(counts["modified"])):
        path = os.path.join(root, name)
        with open(path, "rb") as file:
            content = file.read()
        fresh, at = draw.randbytes(draw.randrange(1, 4097)), len(content) // 4 + draw.randrange(len(content) // 2 + 1)
        put(path, [content + fresh, content[:at] + fresh + content[at:], scan(draw, len(content) + 1)][number % 3], draw)
    for name in take(counts["deleted"]):
        os.remove(os.path.join(root, name))
    for name in take(counts["renamed"]):
        os.rename(os.path.join(root, name), os.path.join(root, name + ".r"))
    for number in range(counts["added"]):
        put(os.path.join(root, f"added/{seed}-{number:05d}.json"), prose(draw, draw.randrange(512, 8192)), draw)
    return counts


def content_of(root):
    state = {}
    for name in every_file(root):
        with open(os.path.join(root, name), "rb") as file:
            state[name] = hashlib.file_digest(file, "blake2b").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.blake2b(file.read()).hexdigest()
    return state


# ------------------------------------------------------------------------------------------------------------ the programs
def run(command):
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"exit {done.returncode}: {command}\n{done.stderr[-2000:]}")
    return done.stdout


class Gapferry:
    name = "gapferry"

    def __init__(self, options, folder, archive):
        self.medium, self.replica = os.path.join(folder, "medium"), os.path.join(folder, "replica")
        inside, outside = (f"'{options.gapferry}' --home '{folder}/{zone}'" for zone in ("inside", "outside"))
        os.makedirs(self.medium)
        run(f"{inside} init --zone inside --role source && {outside} init --zone outside --role replica")
        for here, there in ((inside, outside), (outside, inside)):
            fingerprint = json.loads(run(f"{here} card --json"))["fingerprint"]
            run(f"{here} card > '{folder}/card' && {there} trust '{folder}/card' --fingerprint {fingerprint}")
        run(f"{inside} archive add archive '{archive}' && {inside} route add all --archive archive --to outside")
        run(f"{outside} route accept all --from inside --into '{self.replica}'")
        self.commands = {
            "pack": f"{inside} pack --to '{self.medium}'",
            "apply": f"{outside} apply --from '{self.medium}'",
            "reconcile": f"{inside} reconcile --from '{self.medium}'",
        }
        self.commands["idle"] = self.commands["pack"]
        self.status = f"{inside} status --json"

    def command(self, phase):
        return self.commands[phase.rstrip("0123456789")]


class Tar:
    """GNU tar with its incremental list, zstd on two threads, age (when installed) to one recipient."""

    def __init__(self, options, folder, archive):
        self.medium, self.replica = os.path.join(folder, "medium"), os.path.join(folder, "replica")
        os.makedirs(self.medium)
        os.makedirs(self.replica)
        if options.age:
            run(f"age-keygen -o '{folder}/key' 2>/dev/null && age-keygen -y '{folder}/key' > '{folder}/public'")
        seal = f"age -R '{folder}/public' -o" if options.age else "cat >"
        open_ = f"age -d -i '{folder}/key'" if options.age else "cat"
        self.pack = (f"tar -C '{archive}' --format=posix --listed-incremental='{folder}/list' -cf - . | zstd -q -3 -T2 | {seal} '{self.medium}/{{0}}'")
        self.apply = f"{open_} '{self.medium}/{{0}}' | zstd -q -d | tar -C '{self.replica}' --listed-incremental=/dev/null -xf -"
        self.name = "tar|zstd|age" if options.age else "tar|zstd"

    def command(self, phase):
        if phase.startswith("reconcile"):
            return None  # nothing comes back, nothing is proven
        return (self.apply if phase.startswith("apply") else self.pack).format("p" + phase.lstrip("packly") if phase != "idle" else phase)


PROBE = """
import json, resource, subprocess, sys, time
start = time.monotonic()
done = subprocess.run(["bash", "-o", "pipefail", "-c", sys.argv[1]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
wall = time.monotonic() - start
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stderr.buffer.write(done.stderr[-2000:])
print(json.dumps([done.returncode, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def measured(command, medium):
    """In a child of its own, so that the peak of memory is that of this command and of no earlier one."""
    os.sync()
    before = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(medium) for name in names)
    done = subprocess.run([sys.executable, "-c", PROBE, command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    code, wall, processor, memory = json.loads(done.stdout)
    if code != 0:
        sys.exit(f"exit {code}: {command}\n{done.stderr}")
    after = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(medium) for name in names)
    return {"wall": wall, "processor": processor, "memory": memory, "shipped": max(0, after - before)}


# --------------------------------------------------------------------------------------------------------------- the rounds
def one_round(kind, number, options, work):
    folder = os.path.join(work, f"{kind}-{number}")
    archive = os.path.join(folder, "archive")
    os.makedirs(archive)
    generate(kind, archive, options.scale)
    programs = [Gapferry(options, os.path.join(folder, "gapferry"), archive)]
    if options.peer:
        os.makedirs(os.path.join(folder, "tar"))
        programs.append(Tar(options, os.path.join(folder, "tar"), archive))
    if number % 2:
        programs.reverse()
    results = {program.name: {} for program in programs}
    for phase in phases(options.changes):
        if phase.startswith("pack") and phase != "pack0":
            mutate(archive, phase)
            # What changed within the clock tick of the file system would be read twice.
            time.sleep(0.1)
        for program in programs:
            command = program.command(phase)
            if command is None:
                continue
            results[program.name][phase] = measured(command, program.medium)
            if phase.startswith("apply") and content_of(archive) != content_of(program.replica):
                sys.exit(f"{program.name}: after {phase} the replica in {program.replica} differs from {archive}")
            if phase.startswith("reconcile"):
                items = json.loads(run(program.status))["routes"][0]["items"]
                if items["done"] != items["total"] or items["total"] != len(every_file(archive)):
                    sys.exit(f"{program.name}: after {phase} not every item is proven: {items}")
    return results


def table(kind, rounds, changes):
    names = sorted({name for results in rounds for name in results}, key=lambda name: name != "gapferry")
    print(f"\n{kind}: medians of {len(rounds)}")
    print(f"{'phase':<12}{'program':<14}{'wall s':>9}{'cpu s':>9}{'peak MiB':>10}{'shipped MB':>12}{'wall ratio':>12}")
    for phase in phases(changes):
        for name in names:
            rows = [results[name][phase] for results in rounds if phase in results[name]]
            if not rows:
                continue
            middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
            ratio = ""
            if name == "gapferry" and all(phase in results[other] for results in rounds for other in results):
                others = [other for other in names if other != name]
                if others:
                    ratio = f"{statistics.median(results[name][phase]['wall'] / results[others[0]][phase]['wall'] for results in rounds):.2f}"
            print(f"{phase:<12}{name:<14}{middle['wall']:>9.2f}{middle['processor']:>9.2f}{middle['memory']:>10.0f}{middle['shipped'] / 1e6:>12.2f}{ratio:>12}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gapferry", default="target/release/gapferry", help="the binary (crossing.sh sets it)")
    parser.add_argument("--kind", choices=KINDS + ["all"], default="all", help="which archive (default: all)")
    parser.add_argument("--scale", type=float, default=0.1, help="1 = 100,000 records, 4 GiB of scans, 20,000 mixed files (default: 0.1)")
    parser.add_argument("--rounds", type=int, default=3, help="how often (default: 3)")
    parser.add_argument("--changes", type=int, default=1, help="how many times the archive changes in a round (default: 1)")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="measure gapferry alone")
    parser.add_argument("--work", help="folder for everything (default: a new one in TMPDIR); it is left there")
    parser.add_argument("--json", help="write every single measurement to this file")
    options = parser.parse_args()
    if not os.access(options.gapferry, os.X_OK):
        sys.exit(f"{options.gapferry} is not there: build it with `cargo build --release`, or run benches/crossing.sh")
    options.gapferry = os.path.abspath(options.gapferry)
    if options.peer and not (shutil.which("tar") and shutil.which("zstd")):
        print("tar or zstd is not installed: gapferry is measured alone", file=sys.stderr)
        options.peer = False
    options.age = bool(shutil.which("age") and shutil.which("age-keygen"))
    if options.peer and not options.age:
        print("age is not installed: the comparison is with tar | zstd, which seals nothing", file=sys.stderr)
    work = os.path.abspath(options.work) if options.work else tempfile.mkdtemp(prefix="gapferry-bench-")
    print(f"working in {work}; scale {options.scale}, {options.rounds} rounds")
    measurements = {}
    for kind in KINDS if options.kind == "all" else [options.kind]:
        measurements[kind] = [one_round(kind, number, options, work) for number in range(options.rounds)]
        table(kind, measurements[kind], options.changes)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"scale": options.scale, "measurements": measurements}, file, indent=1)
    print(f"\nEverything is left in {work}; remove it when the machine may be slow for a while.")


if __name__ == "__main__":
    main()
