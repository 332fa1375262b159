#!/usr/bin/env python3
"""Compares slices as an oracle saw them with what llvm-objdump prints of the same files.

usage: objdump-agrees.py SLICES.jsonl FOLDER   one JSON object a slice, paths relative to FOLDER
"""
import collections, json, re, subprocess, sys

slices, folder = sys.argv[1], sys.argv[2]
KINDS = {"LC_LOAD_DYLIB": "load", "LC_LOAD_WEAK_DYLIB": "weak", "LC_REEXPORT_DYLIB": "reexport",
         "LC_LOAD_UPWARD_DYLIB": "upward", "LC_LAZY_LOAD_DYLIB": "lazy"}


def command(text):
    """The fields of one `Load command` block: its name, and what matters of it."""
    field = dict(re.findall(r"^\s*(\w+) (.*)$", text, re.M))
    name = re.search(r"^\s*name (.*) \(offset \d+\)$", text, re.M)
    path = re.search(r"^\s*path (.*) \(offset \d+\)$", text, re.M)
    return field.get("cmd", "").strip(), field, name and name.group(1), path and path.group(1)


def version(text):
    parts = text.strip().split(".")
    return ".".join(parts[:2] if parts[2:] in ([], ["0"]) else parts)


def read(text):
    slice = {"id": None, "deps": [], "rpaths": [], "minos": None, "sdk": None, "uuid": None}
    for block in text.split("\nLoad command ")[1:]:
        cmd, field, name, path = command(block)
        if cmd == "LC_ID_DYLIB":
            slice["id"] = name
        elif cmd in KINDS:
            slice["deps"].append([name, KINDS[cmd]])
        elif cmd == "LC_RPATH":
            slice["rpaths"].append(path)
        elif cmd == "LC_UUID":
            slice["uuid"] = field["uuid"].strip()
        elif cmd == "LC_BUILD_VERSION":
            slice["minos"], slice["sdk"] = version(field["minos"]), version(field["sdk"])
        elif cmd == "LC_VERSION_MIN_MACOSX":
            slice["minos"], slice["sdk"] = version(field["version"]), version(field["sdk"])
    return slice


by_file = collections.defaultdict(list)
for line in open(slices, encoding="utf-8"):
    slice = json.loads(line)
    by_file[slice["path"]].append(slice)
compared, differing = 0, []
for path, wanted in sorted(by_file.items()):
    for slice in wanted:
        printed = subprocess.run(
            ["llvm-objdump", "--macho", "--private-headers", f"--arch={slice['arch']}", f"{folder}/{path}"],
            capture_output=True, text=True, check=True).stdout
        found = read(printed)
        oracle = {key: slice[key] for key in found}
        oracle["deps"] = [[dep["path"], dep["kind"]] for dep in slice["deps"]]
        for key in ("minos", "sdk"):
            oracle[key] = oracle[key] and version(oracle[key])
            if found[key] in ("n/a", None):
                found[key] = oracle[key] if oracle[key] in ("0.0", None) else found[key]
        compared += 1
        differing += [f"{path} {slice['arch']}: {key} is {found[key]}, the oracle says {oracle[key]}"
                      for key in found if found[key] != oracle[key]]
print(f"{compared} slices compared with llvm-objdump, {len(differing)} differences")
print("\n".join(differing[:20]))
sys.exit(1 if differing or not compared else 0)
