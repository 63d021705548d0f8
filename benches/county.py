#!/usr/bin/env python3
"""county.py - an archive of records under a template, measured from outside: to the replica and back.

An invented county (`gapferry demo --county`) is captured, the template is activated on a route (which judges every record), and
all that the route carries is packed onto one medium. Each phase is one process, started fresh:

    capture     scan, and every record read and checked
    activate    every record judged under the template
    pack        every record judged, projected, compressed, sealed, read back, recorded
    status      what the ledger says, opened for reading
    again       one more pack with nothing to do
    apply       on the replica: opened, staged, switched in, read back, answered (with --replica, as the next five)
    held        what its ledger says, opened for reading
    reconcile   the receipt compared with what it must say
    settled     what the source's ledger says then
    scrub       the replica read again, all of it
    check       the cross-checks over all records (with --check)

With --at-once the template is activated on an empty ledger, and one `pack` captures, projects and packs everything.

Of each: wall seconds, processor seconds (user and system), peak resident memory. Below them the records per second of capture and
pack together (of the one pack, with --at-once): by the wall, and by the processor as two cores would share it, for when something else runs beside.

The county is kept in the folder named, and found there the next time; homes and media are new each time, and nothing is deleted.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

TEMPLATE, ZONE, REGION = "deploy/templates/RT1.toml", "outside", "320412101001"


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"exit {done.returncode}: {' '.join(command)}\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout


def measured(command, allowed=(0,)):
    """The usage is that of this child alone, its peak of memory too."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in allowed:
        sys.exit(f"exit {child.returncode}: {' '.join(command)}\n{said.decode(errors='replace')[-2000:]}")
    return {"wall": wall, "user": usage.ru_utime, "system": usage.ru_stime, "memory": usage.ru_maxrss / 1024}


def county(options):
    """The folder of a county of so many households: kept, for it takes longer to make than to measure."""
    folder = os.path.join(options.dir, f"county-{options.households}")
    if not os.path.exists(os.path.join(folder, "county.toml")):
        print(f"making a county of {options.households} households in {folder}", flush=True)
        run([options.gapferry, "demo", "--into", folder, "--county", str(options.households), "--json"])
    archive = os.path.join(folder, "archive")
    files = records = 0
    for _, _, names in os.walk(archive):
        files, records = files + len(names), records + names.count("record.json")
    return folder, archive, records, files


def homes(options, archive, folder):
    inside, outside, medium = (os.path.join(folder, name) for name in ("inside", ZONE, "medium"))
    home = lambda path, *arguments: run([options.gapferry, *arguments, "--home", path, "--json"])
    os.makedirs(medium)
    home(inside, "init", "--zone", "inside", "--role", "source")
    home(outside, "init", "--zone", ZONE, "--role", "replica")
    card = home(outside, "card")
    for path, card in ((inside, card), (outside, home(inside, "card"))):
        file = os.path.join(folder, "card")
        with open(file, "w", encoding="utf-8") as out:
            out.write(card["card"])
        home(path, "trust", file, "--fingerprint", card["fingerprint"])
    home(inside, "archive", "add", "county", archive, "--layout", "records")
    home(inside, "route", "add", "rt1", "--archive", "county", "--to", ZONE)
    home(outside, "route", "accept", "rt1", "--from", "inside", "--into", os.path.join(folder, "replica"))
    configuration = os.path.join(inside, "gapferry.toml")
    with open(configuration, encoding="utf-8") as file:
        text = file.read()
    text = text.replace('archive = "county"\n', f'archive = "county"\nregion = "{REGION}"\n')
    with open(configuration, "w", encoding="utf-8") as file:
        file.write(text)
    return inside, outside, medium


def one_round(options, folder, archive, work):
    inside, outside, medium = homes(options, archive, work)
    command = lambda home, *arguments: [*options.prefix.split(), options.gapferry, *arguments, "--home", home, "--json"]
    pack = command(inside, "pack", "--to", medium)
    activate = command(inside, "template", "activate", os.path.abspath(TEMPLATE), "--route", "rt1", "--reason", "measured")
    phases = {} if options.at_once else {"capture": command(inside, "capture")}
    phases |= {"activate": activate, "pack": pack, "status": command(inside, "status"), "again": pack}
    if options.replica:
        phases |= {
            "apply": command(outside, "apply", "--from", medium),
            "held": command(outside, "status"),
            "reconcile": command(inside, "reconcile", "--from", medium),
            "settled": command(inside, "status"),
            "scrub": command(outside, "scrub"),
        }
    if options.check:
        phases["check"] = [*options.prefix.split(), options.gapferry, "check", "--dir", archive, "--rules", os.path.join(folder, "rules.toml"), "--json"]
    results = {}
    for phase, arguments in phases.items():
        results[phase] = measured(arguments, allowed=(0, 3) if phase in ("check", "status", "held", "settled") else (0,))
        row = results[phase]
        print(f"{phase:10}{row['wall']:9.2f}{row['user']:9.2f}{row['system']:9.2f}{row['memory']:9.0f}", flush=True)
    results["shipped"] = sum(os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(medium) for name in names)
    return results


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--gapferry", default="target/release/gapferry")
    parse.add_argument("--households", type=int, default=7000, help="about 29 records each (7000)")
    parse.add_argument("--rounds", type=int, default=1)
    parse.add_argument("--check", action="store_true", help="the cross-checks too")
    parse.add_argument("--replica", action="store_true", help="the replica, and the way back, too")
    parse.add_argument("--at-once", action="store_true", help="one pack that captures")
    parse.add_argument("--dir", help="where the county, the homes and the media go; else a fresh folder for temporary files")
    parse.add_argument("--prefix", default="", help='put before each command that is measured, such as "taskset -c 0,1"')
    parse.add_argument("--json", help="also writes all figures there")
    options = parse.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    options.gapferry = os.path.abspath(options.gapferry)
    options.dir = os.path.abspath(options.dir or tempfile.mkdtemp(prefix="gapferry-county-"))
    folder, archive, records, files = county(options)
    print(f"{records} records, {files} files; {shutil.disk_usage(options.dir).free >> 30} GiB free\n")
    rounds = []
    for _ in range(options.rounds):
        print(f"{'':10}{'wall s':>9}{'user s':>9}{'system s':>9}{'MiB':>9}")
        results = one_round(options, folder, archive, tempfile.mkdtemp(prefix="round-", dir=options.dir))
        spent = lambda *fields: sum(results[phase][field] for phase in ("capture", "pack") if phase in results for field in fields)
        by_wall, by_processor = records / spent("wall"), records / (spent("user", "system") / 2)
        peak = max(row["memory"] for phase, row in results.items() if phase != "shipped")
        print(f"\n{by_wall:,.0f} records/s by the wall, {by_processor:,.0f} by the processor on two cores; peak {peak:.0f} MiB; {results['shipped']:,} bytes shipped\n")
        rounds.append(results | {"records": records, "files": files, "by_wall": by_wall, "by_processor": by_processor})
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rounds, file, indent=1)


if __name__ == "__main__":
    main()
