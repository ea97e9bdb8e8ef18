#!/usr/bin/env python3
"""Verifies a DKIM-Signature with dkimpy: `verify_dkim.py MESSAGE RECORD`.

RECORD holds the text that DNS would answer for the selector. Prints the verdict; the exit status is
0 when the signature stands.
"""

import sys

import dkim


def main():
    with open(sys.argv[1], "rb") as file:
        message = file.read()
    with open(sys.argv[2], "rb") as file:
        record = file.read().strip()
    stands = dkim.verify(message, dnsfunc=lambda name, timeout=5: record)
    print("stands" if stands else "does not stand")
    sys.exit(0 if stands else 1)


if __name__ == "__main__":
    main()
