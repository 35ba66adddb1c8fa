"""The bench's own network: a client, a peer behind a slow wire, and the same peer behind a plain one.

    client (this process)     relay                  peer
    slow0 10.99.0.1  --veth-- near ==hold==> far --veth-- slow1 10.99.0.2
    fast0 10.99.1.1  ---------------- veth --------------- fast1 10.99.1.2

Three network namespaces: the one this process was started in (by `run`, made for it), and one each for the relay and
the peer, which live as long as these two processes do. Neighbours are fixed, so that no ARP mixes with what is
measured."""

import subprocess

SLOW, FAST = "10.99.0.2", "10.99.1.2"
CAPTURED = "slow0"  # the client's end of the slow wire
FIRST_PORT, PORTS = 4000, 400
HOLD_US = 300  # the bars are about this
LONG_HOLD_US = 5000  # longer than a client may be expected to wait awake


class Failed(Exception):
    """Something the bench itself needs did not work."""


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"ip {' '.join(words)}: {done.stderr.strip()}")


def veth(name, address, far_name, far_address):
    ip("link", "add", name, "address", address, "type", "veth", "peer", "name", far_name, "address", far_address)


def commands_for_end(name, mine, other, other_address):
    return [
        f"ip link set {name} addrgenmode none",
        f"ip addr add {mine}/24 dev {name}",
        f"ip link set {name} up",
        f"ip neigh replace {other} lladdr {other_address} dev {name} nud permanent",
    ]


class Node:
    """A process in a network namespace of its own, which is set up between start() and go()."""

    def __init__(self, cpu, command):
        self.cpu, self.command = cpu, command

    def start(self):
        script = ("echo there; set -e; while read -r line; [ \"$line\" != go ]; do $line; done; "
                  f"exec taskset -c {self.cpu} {self.command}")
        self.process = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.expect("there")

    def expect(self, word):
        if self.process.stdout.readline().strip() != word:
            raise Failed(f"{self.command}: did not start")

    def go(self, commands):
        self.tell(*commands, "go")

    def tell(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def stop(self):
        self.process.kill()
        self.process.wait()


class Net:
    """Builds it all; stop() ends exactly that."""

    def __init__(self, bin_dir, peer_cpu):
        self.relay = Node(peer_cpu, f"{bin_dir}/relay near far")
        self.peer = Node(peer_cpu, f"{bin_dir}/server {FIRST_PORT} {PORTS}")
        self.next_port = FIRST_PORT

    def start(self):
        mac = {name: f"02:00:00:00:00:{n:02x}"
               for n, name in enumerate(("slow0", "near", "far", "slow1", "fast0", "fast1"), 1)}
        ip("link", "set", "lo", "up")
        veth("slow0", mac["slow0"], "near", mac["near"])
        veth("far", mac["far"], "slow1", mac["slow1"])
        veth("fast0", mac["fast0"], "fast1", mac["fast1"])
        self.relay.start()
        self.peer.start()
        for name, node in (("near", self.relay), ("far", self.relay), ("slow1", self.peer), ("fast1", self.peer)):
            ip("link", "set", name, "netns", str(node.process.pid))
        self.relay.go([f"ip link set {end} addrgenmode none up" for end in ("near", "far")])
        self.peer.go(commands_for_end("slow1", SLOW, "10.99.0.1", mac["slow0"])
                     + commands_for_end("fast1", FAST, "10.99.1.1", mac["fast0"]))
        for command in (commands_for_end("slow0", "10.99.0.1", SLOW, mac["slow1"])
                        + commands_for_end("fast0", "10.99.1.1", FAST, mac["fast1"])):
            ip(*command.split()[1:])
        self.peer.expect("ready")
        self.hold(HOLD_US)

    def hold(self, microseconds):
        """How long the slow wire holds what the client sends."""
        self.relay.tell(str(microseconds))
        self.relay.expect("ready")

    def port(self):
        """A port of the peer that nothing has used yet."""
        if self.next_port == FIRST_PORT + PORTS:
            raise Failed("the peer has no unused port left")
        self.next_port += 1
        return self.next_port - 1

    def stop(self):
        for node in (self.relay, self.peer):
            if hasattr(node, "process"):
                node.stop()
