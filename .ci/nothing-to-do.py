"""Exit 0 when the plan in the JSON file named has no edits."""
import json
import sys

sys.exit(bool(json.load(open(sys.argv[1], encoding="utf-8"))["edits"]))
