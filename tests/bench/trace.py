"""Capture beside a measurement, and what it says of each handshake."""

import os
import re
import shutil
import signal
import struct
import subprocess

from net import Failed

FIN, SYN, RST, ACK = 1, 2, 4, 16
NANOSECOND_MAGIC = 0xA1B23C4D
ETHERNET = 1


class Handshake:
    """One opening: when each SYN and SYN-ACK passed, and our first segment after the SYN-ACK."""

    def __init__(self, seq):
        self.seq = seq
        self.syn, self.syn_ack, self.answer = [], [], None

    def clean(self):
        """Nothing was repeated, so there is no doubt which segment answers which."""
        return len(self.syn) == 1 and len(self.syn_ack) == 1 and self.answer is not None

    def turnaround(self):
        return self.answer - self.syn_ack[0]

    def round_trip(self):
        return self.syn_ack[0] - self.syn[0]


class Capture:
    """tcpdump on one interface, on a CPU that is not the client's."""

    def __init__(self, interface, path, cpu):
        self.path = path
        as_root = [] if os.getuid() else ["-Z", "root"]  # else it would change to a user of its own
        command = ["taskset", "-c", str(cpu), "tcpdump", *as_root, "-i", interface, "-n", "-s", "128", "-B", "8192",
                   "--time-stamp-precision=nano", "--immediate-mode", "-U", "-w", path, "tcp"]
        if not shutil.which("tcpdump"):
            raise Failed("tcpdump is missing")
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if "listening on" not in line:
            raise Failed(line.strip())

    def stop(self):
        """Ends the capture; how many segments it missed."""
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate()[1]
        missed = re.search(r"(\d+) packets dropped by kernel", said)
        return int(missed[1]) if missed else 0


def segments(path):
    """Yields (nanoseconds, source, destination, seq, flags), each end as (address, port)."""
    with open(path, "rb") as f:
        data = f.read()
    order = "<" if struct.unpack_from("<I", data)[0] == NANOSECOND_MAGIC else ">"
    magic, link = struct.unpack_from(order + "I16xI", data)
    if (magic, link) != (NANOSECOND_MAGIC, ETHERNET):
        raise Failed(f"{path}: not a nanosecond Ethernet capture")
    at = 24
    while at + 16 <= len(data):
        seconds, nanoseconds, kept = struct.unpack_from(order + "III", data, at)
        frame = data[at + 16:at + 16 + kept]
        at += 16 + kept
        tcp = 14 + (frame[14] & 15) * 4 if len(frame) >= 34 else len(frame)
        if frame[12:14] != b"\x08\x00" or len(frame) < tcp + 14:
            continue
        source, destination, seq = struct.unpack_from("!HHI", frame, tcp)
        yield (seconds * 1_000_000_000 + nanoseconds, (frame[26:30], source), (frame[30:34], destination), seq,
               frame[tcp + 13])


def handshakes(path):
    """{(client port, server port): [Handshake, ...]}, in the order of their SYNs."""
    found = {}
    for time, source, destination, seq, flags in segments(path):
        if flags & (SYN | ACK) == SYN:
            flow = found.setdefault((source[1], destination[1]), [])
            if not flow or flow[-1].seq != seq:
                flow.append(Handshake(seq))
            flow[-1].syn.append(time)
        elif flags & SYN:
            for hs in found.get((destination[1], source[1]), [])[-1:]:
                hs.syn_ack.append(time)
        else:
            for hs in found.get((source[1], destination[1]), [])[-1:]:
                if hs.syn_ack and hs.answer is None:
                    hs.answer = time
    return found
