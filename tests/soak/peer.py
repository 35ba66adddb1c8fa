"""The application of a soak's peer, in a process of its own in the server's network: it listens on a port, or connects
to ours, and does with its connection what was drawn. It also changes that network's settings, which only who is in it
can. It is told what to do in lines of JSON, and answers each with a line."""
import heapq
import json
import selectors
import socket
import struct
import time

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST


def settle(settings):
    """Changes settings; returns the names of those that can't be changed here."""
    refused = []
    for name, value in settings.items():
        try:
            with open(f"/proc/sys/net/ipv4/{name}", "w", encoding="ascii") as file:
                file.write(str(value))
        except OSError:
            refused.append(name)
    return refused


def openings():
    """How often this kernel has completed an open as a server so far, and how many of these from a SYN cookie."""
    values = {}
    for name in ("snmp", "netstat"):
        with open(f"/proc/net/{name}", encoding="ascii") as file:
            lines = [line.split() for line in file]
        for names, numbers in zip(lines[::2], lines[1::2]):
            values.update(zip(names[1:], numbers[1:]))
    return {"opens": int(values["PassiveOpens"]), "cookies": int(values.get("SyncookiesRecv", 0))}


class Connection:
    """One, and what is still to be done with it."""

    def __init__(self, application, sock, connected):
        self.application, self.sock, self.connected = application, sock, connected
        self.plan = application.plan
        self.deeds = list(self.plan["deeds"])
        self.reads, self.shut = self.plan["reads"], False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, self.plan["no_delay"])
        if self.plan["linger2"]:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, self.plan["linger2"])
        application.watch(self)
        if connected:
            self.next_deed()

    def next_deed(self):
        if self.deeds:
            self.application.later(self.deeds[0][0], self)

    def wants(self):
        if not self.connected:
            return selectors.EVENT_WRITE
        return selectors.EVENT_READ if self.reads else 0

    def ready(self):
        try:
            if not self.connected:
                self.connected = True
                if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    self.end()
                    return
                self.next_deed()
            elif not self.sock.recv(1 << 20):
                self.reads = False
                if self.plan["closes"]:
                    self.end()
                    return
        except BlockingIOError:
            pass
        except OSError:
            self.end()
            return
        self.application.watch(self)

    def do(self):
        """The next deed."""
        if self.sock is None or not self.deeds:
            return
        _, what, argument = self.deeds.pop(0)
        try:
            if what == "send" and not self.shut:
                self.sock.send(b"soak " * (argument // 5 + 1))
            elif what == "shut":
                self.shut = True
                self.sock.shutdown(socket.SHUT_WR)
            elif what in ("read", "deaf"):
                self.reads = what == "read"
            elif what == "abort":
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                self.end()
            elif what == "close":
                self.end()
        except BlockingIOError:
            pass
        except OSError:
            self.end()
        if self.sock is not None:
            self.application.watch(self)
            self.next_deed()

    def end(self):
        if self.sock is None:
            return
        self.application.forget(self)
        self.sock.close()
        self.sock = None


class Application:
    def __init__(self, control):
        self.control = control
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ, self.told)
        self.connections, self.due, self.count = set(), [], 0
        self.plan, self.text = None, b""

    def listen(self, port):
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            listener = socket.socket(family)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address, port))
            listener.listen(8)
            listener.setblocking(False)
            self.selector.register(listener, selectors.EVENT_READ, lambda l=listener: self.accept(l))

    def accept(self, listener):
        try:
            sock = listener.accept()[0]
        except OSError:
            return
        self.set_buffer(sock)
        Connection(self, sock, True)

    def dial(self, host, port):
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.set_buffer(sock)
        connection = Connection(self, sock, False)
        try:
            sock.connect((host, port))
        except BlockingIOError:
            pass
        except OSError:
            connection.end()

    def set_buffer(self, sock):
        if self.plan["receive_buffer"]:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.plan["receive_buffer"])

    def watch(self, connection):
        """Waits for what the connection wants now, if anything."""
        self.connections.add(connection)
        wants = connection.wants()
        known = connection.sock in self.selector.get_map()
        if wants and known:
            self.selector.modify(connection.sock, wants, connection.ready)
        elif wants:
            self.selector.register(connection.sock, wants, connection.ready)
        elif known:
            self.selector.unregister(connection.sock)

    def forget(self, connection):
        self.connections.discard(connection)
        if connection.sock in self.selector.get_map():
            self.selector.unregister(connection.sock)

    def later(self, pause, connection):
        self.count += 1
        heapq.heappush(self.due, (time.monotonic() + pause, self.count, connection))

    def end_all(self):
        """Nothing of one walk is left for the next."""
        self.due.clear()
        for connection in list(self.connections):
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            connection.end()

    def told(self):
        more = self.control.recv(1 << 16)
        if not more:
            raise SystemExit(0)
        self.text += more
        while b"\n" in self.text:
            line, self.text = self.text.split(b"\n", 1)
            order, answer = json.loads(line), None
            if "settings" in order:
                self.end_all()
                answer = settle(order["settings"])
            if "plan" in order:
                self.plan = order["plan"]
            if "dial" in order:
                self.dial(*order["dial"])
            if "openings" in order:
                answer = openings()
            self.control.sendall(json.dumps(answer).encode() + b"\n")

    def run(self):
        while True:
            wait = max(0, self.due[0][0] - time.monotonic()) if self.due else None
            for key, _ in self.selector.select(wait):
                if key.fileobj.fileno() >= 0:  # not closed by an event before it
                    key.data()
            while self.due and self.due[0][0] <= time.monotonic():
                heapq.heappop(self.due)[2].do()
