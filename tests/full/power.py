"""Power cuts below a real file system, as a second opinion on what the simulated disk says.

A FUSE file system holds one file, a disk image; the kernel mounts a real file system (ext4, xfs, btrfs) on it through a loop
device. What the file system writes and when it asks for a flush is logged while one command of the program runs. Then power
is cut, on paper, at any place of that log: everything up to the last flush is there; of what was written since, any part,
each write whole, torn at 512 bytes, or not at all. The image is mounted again (the file system recovers as it does after a
real cut), the crossing is carried to its end with the ordinary commands, and the replica must equal the archive, all of it
proven, both ledgers whole.

    /usr/bin/python3 power.py BINARY FILE_SYSTEM STATES [SEED]

Needs root, fusepy, and mkfs of the file system. Prints the number of states by command; ends with 1 at the first that fails and
keeps its image.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from fusepy import FUSE, FuseOSError, Operations

SIZES = {"ext4": 64 << 20, "xfs": 320 << 20, "btrfs": 128 << 20}
SECTOR = 512


class Image(Operations):
    """One file, `image`, in memory; every write and flush of it is logged while `log` is a list."""

    def __init__(self, size):
        self.bytes = bytearray(size)
        self.guard = threading.Lock()
        self.log = None

    def getattr(self, path, fh=None):
        if path == "/":
            return {"st_mode": 0o40755, "st_nlink": 2}
        if path == "/image":
            return {"st_mode": 0o100600, "st_nlink": 1, "st_size": len(self.bytes)}
        raise FuseOSError(2)

    def readdir(self, path, fh):
        return [".", "..", "image"]

    def read(self, path, size, offset, fh):
        with self.guard:
            return bytes(self.bytes[offset : offset + size])

    def write(self, path, data, offset, fh):
        with self.guard:
            self.bytes[offset : offset + len(data)] = data
            if self.log is not None:
                self.log.append((offset, bytes(data)))
        return len(data)

    def fsync(self, path, datasync, fh):
        with self.guard:
            if self.log is not None:
                self.log.append(None)
        return 0

    def truncate(self, path, length, fh=None):
        raise FuseOSError(1)


def run(*line, check=True):
    return subprocess.run(line, check=check, capture_output=True, text=True)


class Mounted:
    """A file system on an image file, mounted while this lives."""

    def __init__(self, image, at, file_system):
        os.makedirs(at, exist_ok=True)
        options = {"ext4": "loop", "xfs": "loop,nouuid", "btrfs": "loop"}[file_system]
        self.at = at
        run("mount", "-t", file_system, "-o", options, image, at)

    def __enter__(self):
        return self.at

    def __exit__(self, *_):
        for _ in range(100):
            if subprocess.run(["umount", "-d", self.at], capture_output=True).returncode == 0:
                return
            time.sleep(0.05)
        run("umount", "-l", self.at)


class World:
    """The commands over the folders of a mounted file system."""

    def __init__(self, binary, root):
        self.binary, self.root = binary, root

    def path(self, name):
        return os.path.join(self.root, name)

    def say(self, home, *line):
        ran = subprocess.run(
            [self.binary, *line, "--json", "--home", self.path(home)],
            capture_output=True, text=True, cwd=self.root, stdin=subprocess.DEVNULL, env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        )
        return ran.returncode, json.loads(ran.stdout) if ran.stdout.strip() else {}, ran.stderr

    def must(self, home, *line):
        exit_code, said, errors = self.say(home, *line)
        assert exit_code == 0, f"{home} {line}: {exit_code} {said} {errors}"
        return said

    def set_up(self):
        for name in ("archive", "medium"):
            os.mkdir(self.path(name))
        self.must("inside", "init", "--zone", "inside", "--role", "source")
        self.must("outside", "init", "--zone", "outside", "--role", "replica")
        for home, other in (("inside", "outside"), ("outside", "inside")):
            card = self.must(other, "card")
            with open(self.path(other + ".card"), "w") as file:
                file.write(card["card"])
            self.must(home, "trust", self.path(other + ".card"), "--fingerprint", card["fingerprint"])
        self.must("inside", "archive", "add", "cards", self.path("archive"))
        self.must("inside", "route", "add", "outward", "--archive", "cards", "--to", "outside")
        self.must("outside", "route", "accept", "outward", "--from", "inside", "--into", self.path("replica"))

    def change(self, seed):
        """Writes, changes, renames and deletes documents; the archive's own durability is its owner's affair."""
        chosen = random.Random(seed)
        for number in range(12):
            path = self.path(f"archive/folder {number % 3}/card {chosen.randrange(20)}")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(chosen.randbytes(chosen.randrange(4000)))
        files = sorted(tree(self.path("archive")))
        os.remove(self.path("archive/" + files[chosen.randrange(len(files))]))
        files = sorted(tree(self.path("archive")))
        os.rename(self.path("archive/" + files[chosen.randrange(len(files))]), self.path(f"archive/renamed {seed}"))
        os.sync()

    def converges(self):
        """Carries to the end and fails where anything is lost."""
        for home in ("inside", "outside", "inside"):
            exit_code, said, errors = self.say(home, "carry", "medium")
            assert exit_code == 0, f"carry {home}: {exit_code} {said} {errors}"
        archive, replica = tree(self.path("archive")), tree(self.path("replica"))
        assert archive == replica, f"they differ: {set(archive.items()) ^ set(replica.items())}"
        items = self.must("inside", "status")["routes"][0]["items"]
        assert (items["done"], items["total"]) == (len(archive), len(archive)), items
        for home in ("inside", "outside"):
            report = self.must(home, "ledger", "verify")
            assert report["first_bad"] is None, report


def tree(root):
    found = {}
    for folder, folders, files in os.walk(root):
        if ".gapferry" in folders:
            folders.remove(".gapferry")
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = (hashlib.sha256(file.read()).hexdigest(), os.stat(path).st_mtime_ns)
    return found


def cut(start, log, chosen):
    """The image after a cut at a random place of the log, and a line about it."""
    place = chosen.randrange(len(log) + 1)
    flushed = max((index for index, entry in enumerate(log[:place]) if entry is None), default=-1)
    image = bytearray(start)
    for entry in log[:flushed]:
        if entry is not None:
            image[entry[0] : entry[0] + len(entry[1])] = entry[1]
    pending = [entry for entry in log[flushed + 1 : place] if entry is not None]
    keep = chosen.choice(("nothing", "everything", "prefix", "any", "torn"))
    for index, (offset, data) in enumerate(pending):
        if keep == "nothing" or keep == "prefix" and index >= len(pending) // 2 or keep in ("any", "torn") and chosen.random() < 0.5:
            continue
        if keep == "torn" and len(data) > SECTOR:
            for at in range(0, len(data), SECTOR):
                if chosen.random() < 0.5:
                    image[offset + at : offset + at + len(data[at : at + SECTOR])] = data[at : at + SECTOR]
        else:
            image[offset : offset + len(data)] = data
    return image, f"cut at {place} of {len(log)}, {len(pending)} writes since the flush at {flushed}, kept {keep}"


COMMANDS = [
    ("inside", ("capture",)),
    ("inside", ("pack", "--to", "medium")),
    ("outside", ("apply", "--from", "medium")),
    ("inside", ("reconcile", "--from", "medium")),
    ("inside", ("carry", "medium")),
]


def main():
    binary, file_system, states = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 32)
    print(f"{file_system}: seed {seed}", flush=True)
    chosen = random.Random(seed)
    scratch = tempfile.mkdtemp(prefix="gapferry-power-")
    image = Image(SIZES[file_system])
    at = os.path.join(scratch, "fuse")
    os.mkdir(at)
    threading.Thread(target=lambda: FUSE(image, at, foreground=True, nothreads=True, direct_io=False), daemon=True).start()
    while not os.path.exists(os.path.join(at, "image")):
        time.sleep(0.05)
    counts, distinct = {}, set()
    try:
        quiet = ["-q"] if file_system != "btrfs" else ["-q", "-M"]
        run(f"mkfs.{file_system}", *quiet, os.path.join(at, "image"))
        with Mounted(os.path.join(at, "image"), os.path.join(scratch, "mounted"), file_system) as root:
            world = World(binary, root)
            world.set_up()
            world.change(0)
            world.converges()
            each = max(1, states // (4 * len(COMMANDS)))
            for crossing in range(1, 5):
                world.change(crossing + seed)
                for home, line in COMMANDS:
                    os.sync()
                    with image.guard:
                        start, image.log = bytes(image.bytes), []
                    world.must(home, *line)
                    with image.guard:
                        log, image.log = image.log, None
                    for _ in range(each):
                        state, about = cut(start, log, chosen)
                        distinct.add(hashlib.sha256(state).digest())
                        trial = os.path.join(scratch, "trial.image")
                        with open(trial, "wb") as file:
                            file.write(state)
                        try:
                            with Mounted(trial, os.path.join(scratch, "trial"), file_system) as trial_root:
                                # The homes know where archive and tree lie by their paths, so the trial takes the world's place.
                                run("mount", "--bind", trial_root, root)
                                try:
                                    World(binary, root).converges()
                                finally:
                                    run("umount", root)
                        except Exception as failure:
                            kept = f"/tmp/gapferry-power-{file_system}-{seed}.image"
                            shutil.copy(trial, kept)
                            sys.exit(f"FAILED after {home} {' '.join(line)}, {about}: {failure}\nthe image is {kept}")
                        counts[line[0]] = counts.get(line[0], 0) + 1
                world.converges()
    finally:
        subprocess.run(["umount", "-l", at], capture_output=True)
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{file_system}: {sum(counts.values())} power cuts ({len(distinct)} distinct images), nothing lost: {counts}")


main()
