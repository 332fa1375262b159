"""usage: same-tree.py IMAGE.dmg APP: 7-Zip's own reading of the image gives the bundle byte for byte, links included."""
import os
import subprocess
import sys
import tempfile


def tree(root):
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            inside = os.path.relpath(path, root)
            if os.path.islink(path):
                found[inside] = ("link", os.readlink(path))
            elif os.path.isdir(path):
                found[inside] = ("folder",)
            else:
                with open(path, "rb") as file:
                    found[inside] = ("file", file.read())
    return found


image, app = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["7z", "x", "-y", "-snld", f"-o{folder}", image], check=True, stdout=subprocess.DEVNULL)
    copies = [at for at, _, _ in os.walk(folder) if os.path.basename(at) == os.path.basename(app)]
    expected, found = tree(app), tree(min(copies, key=len))
wrong = sorted(path for path in expected.keys() | found.keys() if expected.get(path) != found.get(path))
for path in wrong[:20]:
    print(f"differs: {path}", expected.get(path, ("absent",))[0], found.get(path, ("absent",))[0])
print(f"{len(expected)} files, folders and links compared, {len(wrong)} differ")
sys.exit(bool(wrong))
