#!/usr/bin/env python3
"""The states of a stack's connections as they change, by its own word.

usage: states.py SOCKET

SOCKET is that of lwip or gvisor. It says "ready", then each change is a line: the time in seconds since 1970, the stack's
port, the other port, and the state that begins, or "gone". It is asked each 20 ms, so a time is that much late at most, and
a machine's delay.
"""
import socket
import sys
import time


def states(path):
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(path)
        told = b"".join(iter(lambda: asked.recv(65536), b""))
    return {tuple(line.split()[:2]): line.split()[2] for line in told.decode().splitlines()}


def main():
    before = {}
    print("ready", flush=True)
    while True:
        try:
            now = states(sys.argv[1])
        except OSError:
            return  # the stack has ended
        at = time.time()
        for connection in sorted(before.keys() | now.keys()):
            if before.get(connection) != now.get(connection):
                print(f"{at:.3f} {' '.join(connection)} {now.get(connection, 'gone')}", flush=True)
        before = now
        time.sleep(0.02)


main()
