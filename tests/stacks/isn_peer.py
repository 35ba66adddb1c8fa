#!/usr/bin/env python3
"""A peer that makes its initial sequence numbers in a known way: isn_peer.py INTERFACE ADDRESS WAY [NUMBER].

It answers every SYN to the IPv4 address, whatever the port, with a SYN-ACK, and nothing else: no ACK, no RST, no data. It
hears and sends Ethernet frames on the interface, which must have no address, so that the kernel says nothing; it
answers ARP itself. A copy of a SYN gets the number again that the SYN got. It says "ready" when it hears.

WAY is one of
    constant [N]       always the same number
    step N             N more for each connection
    clock TICK         a clock for all, one number every TICK nanoseconds
    rfc6528 TICK       the same, and an offset of each 4-tuple
    tuple              an offset of each 4-tuple, and no clock
    random             a random number for each connection
    random-step MOST   1 to MOST more for each connection
"""
import hashlib
import os
import random
import socket
import struct
import sys
import time

ARP, IPV4, TCP = 0x0806, 0x0800, 6
SYN, RST, ACK = 2, 4, 16
MSS = bytes([2, 4]) + struct.pack("!H", 1460)

# So many SYNs are remembered, to know a copy by.
REMEMBERED = 4096

chance = random.SystemRandom()


class Numbers:
    """The initial sequence numbers: next() gives one for a 4-tuple, which is bytes."""

    def __init__(self, way, number):
        self.way = getattr(self, way.replace("-", "_"))
        self.number = number
        self.secret = os.urandom(16)
        self.last = chance.getrandbits(32)

    def next(self, four_tuple):
        return self.way(four_tuple) & 0xFFFFFFFF

    def constant(self, _):
        return self.last if self.number is None else self.number

    def step(self, _):
        self.last += self.number
        return self.last

    def clock(self, _):
        return time.time_ns() // self.number

    def tuple(self, four_tuple):
        return int.from_bytes(hashlib.blake2b(four_tuple, key=self.secret, digest_size=4).digest(), "big")

    def rfc6528(self, four_tuple):
        return self.clock(four_tuple) + self.tuple(four_tuple)

    def random(self, _):
        return chance.getrandbits(32)

    def random_step(self, _):
        self.last += chance.randint(1, self.number)
        return self.last


NEEDS_NUMBER = {"constant": False, "step": True, "clock": True, "rfc6528": True, "tuple": False, "random": False,
                "random-step": True}


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    value = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return ~value & 0xFFFF


class Peer:
    def __init__(self, interface, address, numbers):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((interface, 0))
        self.mac = self.socket.getsockname()[4]
        self.address = socket.inet_aton(address)
        self.numbers = numbers
        self.answered = {}

    def serve(self):
        while True:
            frame, where = self.socket.recvfrom(65536)
            if where[2] == socket.PACKET_OUTGOING:
                continue
            kind = where[1]
            if kind == ARP:
                self.hear_arp(frame[14:])
            elif kind == IPV4:
                self.hear_ip(frame[6:12], frame[14:])

    def send(self, mac, kind, payload):
        self.socket.send(mac + self.mac + struct.pack("!H", kind) + payload)

    def hear_arp(self, arp):
        """Who has our address? We have it."""
        head = arp[:8]
        if head == struct.pack("!HHBBH", 1, IPV4, 6, 4, 1) and arp[24:28] == self.address:
            answer = head[:6] + struct.pack("!H", 2) + self.mac + self.address + arp[8:18]
            self.send(arp[8:14], ARP, answer)

    def hear_ip(self, mac, packet):
        if len(packet) < 20 or packet[9] != TCP or packet[16:20] != self.address:
            return
        segment = packet[(packet[0] & 15) * 4:struct.unpack("!H", packet[2:4])[0]]
        if len(segment) < 20 or struct.unpack("!H", packet[6:8])[0] & 0x3FFF: # too short, or a fragment
            return
        if segment[13] & (SYN | ACK | RST) == SYN:
            self.answer(mac, packet[12:16], segment)

    def answer(self, mac, source, syn):
        four_tuple = source + self.address + syn[:4]
        seq = struct.unpack("!I", syn[4:8])[0]
        if self.answered.get(four_tuple, (None,))[0] != seq:
            if len(self.answered) >= REMEMBERED:
                self.answered.clear()
            self.answered[four_tuple] = seq, self.numbers.next(four_tuple)
        number = self.answered[four_tuple][1]

        tcp = syn[2:4] + syn[:2] + struct.pack("!IIBBHHH", number, (seq + 1) & 0xFFFFFFFF, 6 << 4, SYN | ACK, 64240, 0, 0)
        tcp += MSS
        pseudo = self.address + source + struct.pack("!BBH", 0, TCP, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, TCP, 0) + self.address + source
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.send(mac, IPV4, ip + tcp)


def main():
    words = sys.argv[1:]
    if not 3 <= len(words) <= 4 or words[2] not in NEEDS_NUMBER:
        sys.exit(__doc__)
    number = int(words[3], 0) if len(words) > 3 else None
    if NEEDS_NUMBER[words[2]] and (number is None or number < 1):
        sys.exit("isn_peer.py: %s needs a number of at least 1" % words[2])
    peer = Peer(words[0], words[1], Numbers(words[2], number))
    print("ready", flush=True)
    peer.serve()


if __name__ == "__main__":
    main()
