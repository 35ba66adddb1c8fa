#!/usr/bin/env python3
"""How long does an echo server take for requests that grow twofold, until one takes too long?

A program writes steps to tcpwalk and reads what happens: what it asks next depends on the answer. Times are those of the
capture, not of Python.

usage: echo-times.py LIMIT_MS HOST PORT        (what follows LIMIT_MS goes to tcpwalk step; TCPWALK names the program)
"""

import json
import os
import shlex
import subprocess
import sys


class Walk:
    """tcpwalk step --json, as a co-process."""

    def __init__(self, arguments):
        program = shlex.split(os.environ.get("TCPWALK", "tcpwalk"))
        self.process = subprocess.Popen(
            program + ["step", "--json"] + arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def step(self, text):
        """Does one step. Returns the event that ends it, and all that happened before."""
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        happened = []
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == "step":
                return event, happened
            happened.append(event)
        sys.exit("tcpwalk has ended")

    def end(self):
        """No more steps: what is open is reset. Returns the exit status."""
        self.process.stdin.close()
        for _ in self.process.stdout:
            pass
        return self.process.wait()


def main():
    limit = float(sys.argv[1]) / 1000
    walk = Walk(sys.argv[2:])
    opened, _ = walk.step("open")
    if not opened["ok"]:
        sys.exit(opened["why"])
    size = 1
    while size <= 32768:
        # The bytes end in their number, so that one pattern finds the end of the answer.
        _, happened = walk.step('send "%s;%d;"' % ("x" * size, size))
        answered, later = walk.step('expect data ";%d;" within %dms' % (size, max(1, 2000 * limit)))
        if not answered["ok"]:
            print(f"{size} bytes: {answered['why'][:60]}")
            break
        segments = [event for event in happened + later if event["event"] == "segment"]
        out = [event["t"] for event in segments if event["dir"] == "out" and event["len"] > 0]
        back = [event["t"] for event in segments if event["dir"] == "in" and event["len"] > 0]
        print(f"{size} bytes: {1000 * (back[-1] - out[0]):.3f} ms")
        if back[-1] - out[0] > limit:
            break
        size *= 2
    return walk.end()


if __name__ == "__main__":
    sys.exit(main())
