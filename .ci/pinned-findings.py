"""usage: pinned-findings.py BUNDLEWRIGHT CORPUS: `check` finds in the pinned real apps what pinned-findings.tsv lists,
row by row, and nothing else. Each row was read by hand and says why it is right; what names a load command is counted by
llvm-objdump as well. Apps that are not in CORPUS are named and left out."""
import collections
import csv
import json
import os
import re
import subprocess
import sys

binary, corpus = sys.argv[1:]
table = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pinned-findings.tsv")
wanted = collections.defaultdict(collections.Counter)
for row in csv.DictReader(open(table, encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE):
    if not row["why this is right"]:
        sys.exit(f"a row of {row['app']} does not say why it is right")
    for what in row["what"].split(" ; "):
        wanted[row["app"]][(row["severity"], row["rule"], row["subject"], row["slice"], what)] += 1


def load_commands(path, option, arch="all"):
    """What llvm-objdump lists for one file and slice, without its headings and versions."""
    command = ["llvm-objdump", "--macho", f"--arch={arch}", option, path]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return collections.Counter(re.sub(r" \(compatibility.*", "", line.strip()) for line in lines if not line.endswith(":"))


def disproved(app, rule, subject, arch, what):
    """Why LLVM does not see what the finding is about, or nothing."""
    path = os.path.join(app, subject)
    if rule == "library-outside-bundle" and not load_commands(path, "--dylibs-used")[what]:
        return "no load command names it"
    rpath = re.search(r"(?:Rpath|LC_RPATH) (.+) (?:leads|stands)", what)
    if rpath and load_commands(path, "--rpaths", arch)[rpath[1]] < (2 if rule == "duplicate-rpath" else 1):
        return "LLVM counts fewer rpaths"
    return None


wrong = checked = 0
for name, expected in wanted.items():
    app = os.path.join(corpus, name)
    if not os.path.isdir(app):
        print(f"not there: {name}")
        continue
    report = json.loads(subprocess.run([binary, "check", "--json", app], capture_output=True, check=False).stdout)
    found = collections.Counter(
        (f["severity"], f["rule"], f["subject"], f["arch"] or "all", f["reference"] or f["title"]) for f in report["findings"]
    )
    for finding in (found - expected).elements():
        print(f"{name}: not in the table, so nobody has said why it is right: {finding}")
    for finding in (expected - found).elements():
        print(f"{name}: no longer found: {finding}")
    against = [(f, disproved(app, *f[1:])) for f in found]
    for finding, why in against:
        if why:
            print(f"{name}: {why}: {finding}")
    wrong += found != expected or any(why for _, why in against)
    checked += 1
    print(f"{name}: {found.total()} findings, each with its reason")
sys.exit(bool(wrong) or not checked)
