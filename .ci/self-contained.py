"""usage: self-contained.py BUNDLEWRIGHT APP: no reference of any image ends outside or nowhere, frameworks are whole."""
import json
import os
import subprocess
import sys

binary, app = sys.argv[1:]
report = json.loads(subprocess.run([binary, "inspect", "--json", app], check=True, capture_output=True).stdout)
wrong = [
    (image["path"], use["name"], use["resolution"]["state"])
    for image in report["images"]
    for slice_ in image["slices"]
    for use in slice_["uses"]
    if use["resolution"]["state"] not in ("bundled", "system") and use["kind"] != "weak"
]
for path, name, state in wrong:
    print(f"{path}: {name} is {state}")
frameworks = os.path.join(app, "Contents", "Frameworks")
for name in sorted(os.listdir(frameworks)):
    if not name.endswith(".framework"):
        continue
    folder, leaf = os.path.join(frameworks, name), name[: -len(".framework")]
    current = os.path.join(folder, "Versions", "Current")
    if not os.path.islink(current) or not os.path.islink(os.path.join(folder, leaf)):
        wrong.append(name)
        print(f"{name}: links are missing")
    elif os.path.realpath(os.path.join(folder, leaf)) != os.path.realpath(os.path.join(current, leaf)):
        wrong.append(name)
        print(f"{name}: links lead elsewhere")
print(f"{os.path.basename(app)}: {len(report['images'])} images")
sys.exit(bool(wrong))
