#!/usr/bin/env python3
"""Our verdict and the independent verifier's on the same bundles and Mach-O files.

usage: .ci/verifiers-agree.py BUNDLEWRIGHT SHARED [--differences TABLE] PATH...

A PATH that is a bundle or a Mach-O file is looked at itself; of any other folder every bundle and every Mach-O file in it
that stands in no bundle. TABLE has a line for each known difference: the end of the path, ours (pass or fail), the
words that our first problem starts with or "-", and why. Exit 1 when there is a difference that the table does not know, or one in the table
under the paths that is none any more.
"""
import contextlib
import io
import json
import os
import subprocess
import sys

BUNDLES = (".app", ".framework", ".bundle", ".xpc", ".appex", ".plugin")


def things(path, is_macho):
    """The bundles and the Mach-O files under a path, in order."""
    if os.path.isfile(path) or path.rstrip("/").endswith(BUNDLES):
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in [name for name in folders if name.endswith(BUNDLES)]:
            folders.remove(name)
            if not os.path.islink(os.path.join(folder, name)):
                yield os.path.join(folder, name)
        for name in sorted(files):
            file = os.path.join(folder, name)
            if not os.path.islink(file) and is_macho(file):
                yield file


def theirs(verifier, path):
    for known in (verifier.DONE, verifier.SEEN, verifier.TOPS):
        known.clear()
    sys.argv = ["verify_codesign.py", "-q", path]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            verifier.main()
        code = 0
    except SystemExit as end:
        code = end.code
    except Exception as error:  # it gives up on what no verifier accepts
        return False, f"{type(error).__name__}: {error}"
    failures = [line for line in said.getvalue().splitlines() if line.startswith("FAIL ") and "verdict" not in line]
    return code == 0, failures[0] if failures else ""


def ours(binary, path):
    ran = subprocess.run([binary, "verify", "--json", path], capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):
        return False, ran.stderr.strip().splitlines()[-1]
    said = json.loads(ran.stdout)
    problems = said["problems"]
    return said["ok"], f"{problems[0]['code']} {problems[0]['path']}: {problems[0]['message']}" if problems else ""


def main():
    arguments = sys.argv[1:]
    table = []
    if "--differences" in arguments:
        at = arguments.index("--differences")
        with open(arguments[at + 1]) as file:
            table = [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]
        del arguments[at : at + 2]
    binary, shared, *paths = arguments
    sys.path.insert(0, os.path.join(shared, "tools"))
    import verify_codesign as verifier

    seen, passed, met, unknown = 0, 0, set(), 0
    for path in paths:
        for thing in things(path, verifier.is_macho):
            (ok, why), (their_ok, their_why) = ours(binary, thing), theirs(verifier, thing)
            seen, passed = seen + 1, passed + ok
            if ok == their_ok:
                continue
            word = "pass" if ok else "fail"
            row = next((row for row in table if thing.endswith(row[0]) and row[1] == word and (row[2] == "-" or why.startswith(row[2]))), None)
            if row:
                met.add(tuple(row))
                continue
            unknown += 1
            print(f"DIFFERENT {thing}\n  ours:   {word} {why}\n  theirs: {'pass' if their_ok else 'fail'} {their_why}")
    print(f"{seen} bundles and files: both pass {passed - sum(row[1] == 'pass' for row in met)}, {len(met)} known differences met, {unknown} unknown")
    sys.exit(1 if unknown else 0)


if __name__ == "__main__":
    main()
