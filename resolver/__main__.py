"""``python3 -m resolver``: distrofirst from a checkout."""

from resolver.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
