"""Where the walks of a soak take place: a client and a server, each in a network of its own, and a wire between them.

    client0 192.0.2.1, 2001:db8::1  --veth-- to-client | wire | to-server --veth--  server0 192.0.2.2, 2001:db8::2

The wire is this process, which hands frames on from one end to the other, and loses, repeats and delays those of the
walk at hand as was drawn. Fates are drawn in the order of the frames of each direction. Each world is for one walk at a
time, so that all of the server's settings are that walk's. Nothing of it outlives the process, however that ends: every
child is killed with its parent, and networks are gone when nobody is in them.
"""
import ctypes
import heapq
import json
import os
import random
import selectors
import signal
import socket
import struct
import subprocess
import time

import draw
import peer

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
PR_SET_PDEATHSIG = 1
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23
VNET_HEADER = 10  # virtio's, before each frame: checksums that the kernel has left unfinished stay marked
TCP = 6

ADDRESSES = {"client": {4: "192.0.2.1", 6: "2001:db8::1"}, "server": {4: "192.0.2.2", 6: "2001:db8::2"}}
MACS = {"client": "02:00:00:00:00:01", "server": "02:00:00:00:00:02"}
FIRST_PORT, LAST_PORT = 10000, 60000  # ours, each walk another one
WALK_MOST = 120  # seconds; a walk that takes longer never ends

libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """Something that the soak itself needs did not work."""


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def die_with_parent():
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def enter(network):
    call("setns", network, CLONE_NEWNET)


def become_root():
    """The right to make networks: as root, or in a user namespace of our own."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        if uid == 0:
            call("unshare", CLONE_NEWNET)
            return
    except OSError:
        pass  # root of a container may still be allowed what every user is
    call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def ip(lines):
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, capture_output=True,
                          check=False)
    if done.returncode != 0:
        raise Failed(f"ip: {done.stderr.strip()}")


class Way:
    """One direction of the wire: where frames come from and go to, and what happens to them."""

    def __init__(self, wire, came, goes):
        self.wire, self.came, self.goes = wire, came, goes
        self.fate = self.rng = None
        self.isns = set()  # of the walk's SYN-ACKs that came this way, also of those that got lost

    def begin(self, fate, seed):
        self.fate, self.rng, self.isns = fate, random.Random(seed), set()

    def take(self):
        """Hands on what has come."""
        while True:
            try:
                frame = self.came.recv(1 << 17)
            except BlockingIOError:
                return
            except OSError:
                return  # the interface is going away
            if self.fate is None or not self.wire.is_of_walk(frame):
                self.put(frame)
                continue
            self.isns |= self.wire.isn_of(frame)
            # As many numbers for each frame, whatever becomes of it: so its fate depends on nothing but its place.
            lost, twice, jitter, again = (self.rng.random() for _ in range(4))
            if lost < self.fate["loss"]:
                continue
            self.pass_on(frame, jitter)
            if twice < self.fate["twice"]:
                self.pass_on(frame, again)

    def pass_on(self, frame, jitter):
        delay = self.fate["delay"] + jitter * self.fate["jitter"]
        if delay == 0:
            self.put(frame)
        else:
            self.wire.hold(time.monotonic() + delay, self, frame)

    def put(self, frame):
        try:
            self.goes.send(frame)
        except OSError:
            pass  # as good as lost


class Wire:
    def __init__(self):
        self.held, self.count, self.port = [], 0, 0
        ends = {name: self.end(f"to-{name}") for name in ("client", "server")}
        self.to_server = Way(self, ends["client"], ends["server"])
        self.to_client = Way(self, ends["server"], ends["client"])

    @staticmethod
    def end(interface):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        sock.bind((interface, 3))  # ETH_P_ALL
        sock.setblocking(False)
        return sock

    @staticmethod
    def tcp_header(frame):
        """Where it begins in the frame, or None. Of fragments only the first has one."""
        at = VNET_HEADER + 14
        kind = frame[at - 2:at]
        if kind == b"\x08\x00" and frame[at + 9] == TCP and not struct.unpack_from("!H", frame, at + 6)[0] & 0x1FFF:
            at += (frame[at] & 15) * 4
        elif kind == b"\x86\xdd" and frame[at + 6] == TCP:
            at += 40
        else:
            return None
        return at if len(frame) >= at + 20 else None

    def is_of_walk(self, frame):
        """A segment from or to our port? Frames of walks that are over, and all that is no TCP, pass untouched."""
        at = self.tcp_header(frame)
        return at is not None and self.port in struct.unpack_from("!HH", frame, at)

    def isn_of(self, frame):
        """The initial number that a SYN-ACK brings, as a set."""
        at = self.tcp_header(frame)
        return set(struct.unpack_from("!I", frame, at + 4)) if frame[at + 13] & 0x12 == 0x12 else set()

    def hold(self, until, way, frame):
        self.count += 1
        heapq.heappush(self.held, (until, self.count, way, frame))

    def begin(self, walk, port):
        self.port = port
        self.to_server.begin(walk["wire"]["to_server"], f"to server {walk['seed']}")
        self.to_client.begin(walk["wire"]["to_client"], f"to client {walk['seed']}")

    def end_walk(self):
        """What is still under way arrives now."""
        self.to_server.fate = self.to_client.fate = None
        while self.held:
            _, _, way, frame = heapq.heappop(self.held)
            way.put(frame)

    def send_due(self):
        """Returns the seconds until the next frame is due, or None."""
        while self.held:
            wait = self.held[0][0] - time.monotonic()
            if wait > 0:
                return wait
            _, _, way, frame = heapq.heappop(self.held)
            way.put(frame)
        return None


class World:
    """All of it, made for this process, which is left in the client's network."""

    def __init__(self, tcpwalk):
        self.tcpwalk, self.children, self.next_port = tcpwalk, [], FIRST_PORT
        self.networks = {}
        for name in ("wire", "server", "client"):
            call("unshare", CLONE_NEWNET)
            self.networks[name] = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.make_links()
        enter(self.networks["wire"])
        self.wire = Wire()
        enter(self.networks["client"])
        self.selector = selectors.DefaultSelector()
        for way in (self.wire.to_server, self.wire.to_client):
            self.selector.register(way.came, selectors.EVENT_READ, way.take)
        self.start_application()
        self.start_lab()

    def make_links(self):
        enter(self.networks["wire"])
        for name, mac in MACS.items():
            network = f"/proc/{os.getpid()}/fd/{self.networks[name]}"
            # One segment a frame, so that each has a fate of its own.
            ip([f"link add to-{name} type veth peer name {name}0 address {mac} netns {network}",
                f"link set to-{name} addrgenmode none up"])
        for name, other in (("client", "server"), ("server", "client")):
            enter(self.networks[name])
            ip(["link set lo up", f"link set {name}0 addrgenmode none gso_max_segs 1 up"]
               + [f"address add {address}/{24 if family == 4 else 64} dev {name}0 {'' if family == 4 else 'nodad'}"
                  for family, address in ADDRESSES[name].items()]
               + [f"neigh replace {address} lladdr {MACS[other]} dev {name}0 nud permanent"
                  for address in ADDRESSES[other].values()])

    def start_application(self):
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                die_with_parent()
                enter(self.networks["server"])
                application = peer.Application(theirs)
                application.listen(draw.APP)
                application.run()
            finally:
                os._exit(1)
        theirs.close()
        self.application, self.application_pid = ours.makefile("rwb"), pid

    def tell(self, **order):
        self.application.write(json.dumps(order).encode() + b"\n")
        self.application.flush()
        line = self.application.readline()
        if not line:
            raise Failed("the peer's application has died")
        return json.loads(line)

    def start_lab(self):
        def begin():
            die_with_parent()
            enter(self.networks["server"])

        self.tell(settings=draw.SETTINGS)
        self.lab = subprocess.Popen([self.tcpwalk, "lab", "serve", "all"], stdout=subprocess.PIPE,
                                    stdin=subprocess.DEVNULL, preexec_fn=begin)
        if self.lab.stdout.readline() != b"ready\n":
            raise Failed("the lab's services did not start")

    def command(self, walk):
        """The words that play a walk whose script is standard input; and the port that is ours."""
        port, self.next_port = self.next_port, self.next_port + 1 if self.next_port < LAST_PORT else FIRST_PORT
        host = ADDRESSES["server"][walk["family"]]
        if walk["mode"] == "listen":
            where = ["run", "-", f"-{walk['family']}", str(port)]
        elif walk["mode"] == "run":
            where = ["run", "-", host, str(walk["port"]), "--source-port", str(port)]
        else:
            where = ["step", host, str(walk["port"]), "--source-port", str(port)]
        return [self.tcpwalk, *where, "--json", *walk["options"], "--verify-netns",
                f"/proc/{self.application_pid}/ns/net"], port

    def play(self, walk):
        """
        Returns what tcpwalk wrote to its two outputs, its exit status (None where it did not end), and what tells of
        further connections: the initial numbers in the server's SYN-ACKs, and how many opens its kernel has completed.
        """
        refused = self.tell(settings={**draw.SETTINGS, **walk["settings"]}, plan=walk["app"])
        if refused:
            walk["refused"] = refused
        before = self.tell(openings=True)
        command, port = self.command(walk)
        self.wire.begin(walk, port)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              preexec_fn=die_with_parent) as run:
            try:
                run.stdin.write("".join(line + "\n" for line in walk["script"]).encode())
                run.stdin.close()
            except BrokenPipeError:
                pass  # why it ended so soon it says itself
            said, complained = self.follow(walk, run, port)
            status = run.wait()
        after = self.tell(openings=True)
        opened = {"isns": len(self.wire.to_client.isns), **{name: after[name] - before[name] for name in after}}
        self.wire.end_walk()
        return said.decode(), complained.decode(), status if status != -signal.SIGKILL else None, opened

    def follow(self, walk, run, port):
        """Is the wire until the walk has ended."""
        heard = {run.stdout: b"", run.stderr: b""}
        called = walk["mode"] != "listen"
        deadline = time.monotonic() + WALK_MOST
        for stream in heard:
            self.selector.register(stream, selectors.EVENT_READ)
        while any(stream in self.selector.get_map() for stream in heard):
            wait = self.wire.send_due()
            left = deadline - time.monotonic()
            if left <= 0:
                run.kill()
            for key, _ in self.selector.select(max(left, 0.01) if wait is None else min(wait, max(left, 0.01))):
                if key.data:
                    key.data()
                    continue
                more = os.read(key.fd, 1 << 16)
                heard[key.fileobj] += more
                if not more:
                    self.selector.unregister(key.fileobj)
            if not called and b"waiting for a SYN" in heard[run.stderr]:
                called = True
                self.tell(dial=[ADDRESSES["client"][walk["family"]], port])
        return heard[run.stdout], heard[run.stderr]
