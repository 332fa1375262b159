#!/usr/bin/env python3
"""Makes libraries.txt, moved.txt and libsystem.txt from the two fact lists. Same lists, same bytes.

    python3 src/dyld/system/renew.py FOLDER    # holds system-libraries.tsv and libsystem-symbols.tsv

The lists hold names and version numbers gathered from public sources; the headers below say which. What is a guess there
is marked as one here or left out.
"""

import csv
import pathlib
import sys

HERE = pathlib.Path(__file__).parent

# Whose lists of framework names are compared for "the newest list that lacks it". The SDK of 12.0 is not among them: the
# public copy leaves frameworks out on purpose.
FRAMEWORK_LISTS = ["11.1", "11.3", "12.1", "12.3", "13.1", "13.3", "14.0", "14.4"]
# The libSystem stubs compared, and the two complete copies of /usr/lib.
LIBSYSTEM_STUBS = ["10.15.6", "11.3", "12.1", "12.3", "13.0", "13.3", "14.0", "15.0", "26.x"]
# The stubs of ziglang 0.14.0 and 0.15.1 are both Libsystem-1351, and the second has symbols of 15.4. So what is called 15.0
# has some update of 15 behind it: what it lacks, 15.0 lacks; what it has, 15.0 may not have.
SOME_UPDATE = {"15.0": "15.x"}
USR_LIB_LISTS = ["11.3", "12.0"]

# Where pyobjc 12.2.2 knows an earlier first macOS than objc2 does, the earlier one is right: both only record what they
# bind.
EARLIER = {"CallKit": "11.0", "CoreLocation": "10.6", "Intents": "10.12", "SceneKit": "10.7", "iTunesLibrary": "10.6"}

# Older than the list says: vecLib is missing in some lists only, and programs for macOS 10.4 link to libobjc.
OLDER_THAN_ITS_LIST = {"vecLib", "libobjc.A.dylib"}

# Apple's release notes for macOS 12.3: "Python 2.7 was removed from macOS in this update".
GONE = {"/System/Library/Frameworks/Python.framework/Versions/2.7/Python": "12.3"}

# Parts of Xcode, not of macOS: no SDK list names them below /System/Library/Frameworks.
NOT_IN_MACOS = {"XCTest", "XCUIAutomation"}

FOLDERS = ("/usr/lib/", "/System/Library/")

LIBRARIES_HEADER = """\
# The libraries of macOS by install name. Names and version numbers only; made by renew.py, sorted by byte.
# Columns, parted by one tab; "-" is "nothing known":
#   name      the install name
#   since     10.15   the first macOS that has it, if the evidence holds R; else the first list that has it
#             26.x    some version of 26
#             <=11.3  there in the earliest list that could have it
#   lacking   the newest list older than `since` that could name it and does not
#   end       gone 12.3      macOS has not had it since
#             left 12.1      libSystem.B.dylib no longer re-exports it; whether the file is still there is not known
#             unlisted 13.1  a later list does not name it, which proves nothing
#   evidence  S  its stub (.tbd) is in an SDK, so that the name is exact
#             L  an SDK's list of frameworks names it
#             R  objc2 or pyobjc records its first macOS, or the macOS that brought it is common knowledge (libc++, Swift)
#             I  reports of what broke when it went
#             ?  the version letter is guessed: only the framework's own name is a fact
# Sources: the names of the stubs in the SDKs of macOS 11.3, 12.0 and 14.2; the lists of framework names of the SDKs 11.1
# to 14.4 in DeterminateSystems/apple-sdks.nix (MIT); the libSystem stubs of ziglang 0.9.1 to 0.17.0 (MIT); the framework
# table of madsmtm/objc2 (MIT, Apache-2.0, Zlib); the requirements of pyobjc 12.2.2 (MIT); NixOS/nix#1451 and #2244.
"""

MOVED_HEADER = """\
# What moved: the name that a linker records instead of `now` when the deployment target lies in from <= target < until,
# for all symbols of the library or for some. Facts of the $ld$previous$ symbols in the SDKs 11.3 to 14.2; made by renew.py.
# Columns, parted by one tab: now, before, from, until ("-": no end).
"""

LIBSYSTEM_HEADER = """\
# Symbols that libSystem.B.dylib (with the parts below /usr/lib/system that it re-exports) gained after 10.15.6 or that its
# stub no longer lists. Names and version numbers only; made by renew.py. Compared: the stubs of 10.15.6, 11.3, 12.1, 12.3,
# 13.0, 13.3, 14.0, 15.x and 26.x (ziglang 0.9.1 to 0.17.0, MIT). "26.x" is Libsystem-1359, newer than 26.0; "15.x" is
# Libsystem-1351, some update of 15, and what it lacks is said of 15.0.
# A line [lacking first last unlisted] opens a group: the newest stub before that lacks these symbols, the first and the
# last that list them, and the first after that which does not. "-": none. The symbols follow, sorted by byte, one a line.
# A stub lists what may be linked against: a symbol that left it may still be there at run time. Symbols that went and came
# back are left out.
"""


def key(version):
    return tuple(255 if part == "x" else int(part) for part in version.split("."))


def plain(version):
    """"<=11.3", "14.2*" and "26.x(Libsystem-1359)" without their marks."""
    return version.removeprefix("<=").rstrip("*").split("(")[0]


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def newest_before(lists, version):
    return max((one for one in lists if key(one) < key(version)), key=key, default="-")


def evidence(row):
    sources = row["sources"]
    letters = "S" if "hexops" in sources or "ziglang" in sources else ""
    letters += "L" if "detsys" in sources else ""
    letters += "R" if row["introduced_evidence"].split(":")[0] in ("objc2", "pyobjc", "hand") else ""
    letters += "I" if row["introduced_evidence"] == "issue reports" else ""
    return letters + ("?" if row["path_note"] else "")


def since(row, leaf, recorded):
    """The first macOS, and the newest list that lacks it."""
    seen = plain(row["first_sdk_seen"])
    first = EARLIER.get(leaf, row["introduced_macos"])
    if first.startswith("<="):
        return first, "-"
    first = plain(first)
    if leaf in OLDER_THAN_ITS_LIST or recorded and seen and key(seen) < key(first):
        return "<=" + seen, "-"
    if not recorded and seen and key(seen) < key(first):
        first = seen
    if row["kind"] == "libSystem-part":
        first = SOME_UPDATE.get(first, first)
    if not seen:
        return first, "-"
    lists = {"framework": FRAMEWORK_LISTS, "libSystem-part": LIBSYSTEM_STUBS}.get(row["kind"], USR_LIB_LISTS)
    # What an older list already names says nothing about its first macOS.
    lacking = newest_before(lists, seen)
    return first, lacking if lacking != "-" and key(lacking) < key(first) <= key(SOME_UPDATE.get(seen, seen)) else "-"


def end(row):
    words = row["absence_note"].split()
    if row["install_name"] in GONE:
        return "gone " + GONE[row["install_name"]]
    if row["absence_note"].startswith(("removed in ", "absent since ")):
        return "gone " + words[2]
    if "libSystem umbrella" in row["absence_note"]:
        return "left " + words[-1]
    return "unlisted " + next(word for word in words if word[0].isdigit()) if words else "-"


def libraries(table):
    lines = []
    for row in table:
        name, leaf = row["install_name"], row["install_name"].rsplit("/", 1)[1]
        if not name.startswith(FOLDERS) or leaf in NOT_IN_MACOS:
            continue
        letters = evidence(row)
        lines.append("\t".join([name, *since(row, leaf, "R" in letters), end(row), letters]))
    return sorted(lines, key=lambda line: line.split("\t")[0].encode())


def moved(table):
    lines = set()
    for row in table:
        for rule in filter(None, row["previous_install_name_rules"].split("; ")):
            before, span = rule.split(" for ")
            start, until = span.split("<=minos<")
            lines.add("\t".join([row["install_name"], before, start, "-" if until == "999" else until]))
    return sorted(lines, key=str.encode)


def comes_back(row):
    """Whether a stub between the first and the last that list the symbol does not."""
    seen = row["seen_in"].split(",")
    first = LIBSYSTEM_STUBS.index(seen[0])
    return seen != LIBSYSTEM_STUBS[first:first + len(seen)]


def libsystem(table):
    groups = {}
    for row in table:
        if comes_back(row):
            continue
        first, last = row["first_seen_macos"], row["last_seen_macos_if_gone"]
        later = [stub for stub in LIBSYSTEM_STUBS if last and key(stub) > key(last)]
        lacking = "-" if first.startswith("<=") else newest_before(LIBSYSTEM_STUBS, first)
        seen = ["-" if lacking == "-" else first, last or "-", later[0] if later else "-"]
        group = (lacking, *(SOME_UPDATE.get(version, version) for version in seen))
        groups.setdefault(group, []).append(row["symbol"])
    lines = []
    order = lambda group: [(0,) if part == "-" else key(part) for part in group]
    for group in sorted(groups, key=order):
        lines += ["[" + " ".join(group) + "]", *sorted(groups[group], key=str.encode)]
    return lines


def write(name, header, lines):
    (HERE / name).write_text(header + "\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    table = rows(folder / "system-libraries.tsv")
    write("libraries.txt", LIBRARIES_HEADER, libraries(table))
    write("moved.txt", MOVED_HEADER, moved(table))
    write("libsystem.txt", LIBSYSTEM_HEADER, libsystem(rows(folder / "libsystem-symbols.tsv")))


main()
