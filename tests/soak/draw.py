"""What a walk of the soak is: all of it drawn from its seed, and nothing else.

Tables of weights say how often what is drawn; a weight of 0 is never. A walk has a script in the step language, options
of tcpwalk, settings of the peer's kernel, what the wire does to segments, and what the peer's application does.
"""
import random

# What a kernel has where nothing was drawn. All are set before each walk, so that no walk inherits another's.
SETTINGS = {
    "tcp_syncookies": 1,
    "tcp_abort_on_overflow": 0,
    "tcp_timestamps": 1,
    "tcp_sack": 1,
    "tcp_window_scaling": 1,
    "tcp_synack_retries": 5,
    "tcp_orphan_retries": 0,
    "tcp_fin_timeout": 60,
    "tcp_retries2": 15,
    "tcp_rfc1337": 0,
    "tcp_dsack": 1,
    "tcp_ecn": 2,
    "tcp_invalid_ratelimit": 500,
    "tcp_challenge_ack_limit": 2147483647,
    "tcp_shrink_window": 0,
}
# What else is drawn for each, every value as likely. Orphans retry at least once, and tcp_rto_min_us stays at 200 ms:
# that keeps FIN-WAIT-1, CLOSING and LAST-ACK for the 0.4 s after which tcpwalk no longer takes them for granted.
OTHER_SETTINGS = {
    "tcp_syncookies": (0, 2),
    "tcp_abort_on_overflow": (1,),
    "tcp_timestamps": (0, 2),
    "tcp_sack": (0,),
    "tcp_window_scaling": (0,),
    "tcp_synack_retries": (1, 2),
    "tcp_orphan_retries": (1, 2),
    "tcp_fin_timeout": (1, 2),
    "tcp_retries2": (3,),
    "tcp_rfc1337": (1,),
    "tcp_dsack": (0,),
    "tcp_ecn": (0, 1),
    "tcp_invalid_ratelimit": (0,),
    "tcp_challenge_ack_limit": (1,),
    "tcp_shrink_window": (1,),
}
PART_OF_SETTINGS = 0.12  # of each, how often it is not the usual one

# The lab's services by port; APP is an application of the soak's own, whose deeds are drawn.
APP = 7000
SERVICES = [
    (25, APP),
    (8, 7),  # echo
    (8, 9),  # discard
    (6, 13),  # daytime
    (4, 19),  # chargen
    (4, 80),  # http
    (4, 9001),  # reset
    (4, 9002),  # unread
    (6, 9003),  # never-closes
    (6, 9004),  # closes-late
    (6, 9005),  # closes-first
    (4, 9006),  # queue-full
    (5, 9007),  # deferred
    (5, 9008),  # syn-cookies
    (1, 9009),  # refused
    (1, 9010),  # silent
    (6, 9013),  # shuts-down
]

# Who opens, and how the steps are given: "step" goes on behind a step that failed, "run" ends there.
MODES = [(65, "step"), (15, "run"), (20, "listen")]

OPTIONS = [
    (8, "--no-timestamps", None),
    (8, "--no-sack", None),
    (8, "--no-wscale", None),
    (4, "--no-mss", None),
    (8, "--mss", (1, 64, 536, 1200, 9000)),
    (8, "--window", (0, 1, 100, 1460, 65535)),
    (8, "--wscale", (0, 2, 14)),
    (3, "--ttl", (1, 5, 255)),
    (8, "--isn", (0, 1, 2**31 - 2, 2**31, 2**32 - 1, 2**32 - 2, 2**32 - 1000)),
]

# Steps of the body: weight, kind. A kind is a function below that is handed the draw, or the step itself.
STEPS = [
    (9, "send"),
    (7, "half_close"),
    (3, "drain within {wait}"),
    (2, "close within {wait}"),
    (1, "linger within {short}"),
    (0.3, "abort"),
    (6, "wait {short}"),
    (1, "wait {long}"),
    (8, "probe"),
    # Not in the language yet.
    (3, "probe all"),
    (1, "probe destructive"),
    (4, "auto probe on"),
    (1, "auto probe off"),
    (3, "auto ack off"),
    (3, "auto ack on"),
    (1.5, "auto retransmit off"),
    (1.5, "auto retransmit on"),
    (12, "expectation"),
    (18, "right"),
    (14, "wrong"),
    (4, "again"),
]

EXPECTATIONS = [
    (5, "expect . ack=nxt within {wait}"),
    (3, "expect any within {wait}"),
    (3, "expect F. within {wait}"),
    (2, "expect next any within {wait}"),
    (2, "expect nothing for {short}"),
    (2, "expect data \"[a-z0-9]\" within {wait}"),
    (2, "expect state ESTABLISHED|CLOSE-WAIT|FIN-WAIT-1|FIN-WAIT-2 within {wait}"),
    (2, "expect state CLOSE-WAIT|LAST-ACK|CLOSING|TIME-WAIT proven within {wait}"),
    (1, "expect local ESTABLISHED|FIN-WAIT-2|TIME-WAIT|CLOSE-WAIT within {short}"),
    (1, "expect R.? within {short}"),
    (1, "expect . options~<sack> within {short}"),
]

# Segments by hand as a TCP could have sent them.
RIGHT = [
    (6, "ack"),
    (4, "segment P. data \"hello\""),
    (3, "segment . len={length}"),
    (2, "segment P. seq=una data \"hello\""),
    (3, "fin"),
    (2, "fin seq=una"),
    (1, "segment FP. data \"bye\""),
    (3, "ack seq=una-1"),
    (3, "segment . seq=una-1 len=1"),
    (2, "segment . seq=una-1024 len=1"),
    (2, "ack win=0"),
    (2, "ack win={window}"),
    (1, "segment .EW"),
    (1, "segment P.U urg=1 data \"!\""),
    (0.6, "rst"),
    (0.4, "segment R."),
]

# ... and as none should.
WRONG = [
    (3, "segment . seq=nxt+{gap} len={length}"),
    (2, "segment P. seq=una+{gap} data \"hole\""),
    (2, "segment . seq=nxt+wnd"),
    (1, "segment . seq=nxt+wnd-1 len=2"),
    (2, "ack ack=nxt-1"),
    (2, "ack ack=+{gap}"),
    (2, "ack ack=nxt+{gap}"),
    (2, "ack ack=nxt-1073741824"),
    (1, "ack seq=nxt-2147483648"),
    (2, "fin seq=nxt+{gap}"),
    (2, "fin ack=+1"),
    (1, "segment F"),
    (1, "segment F seq=una"),
    (2, "syn"),
    (2, "syn seq=+0"),
    (1, "syn seq=nxt"),
    (1, "segment S. seq=+0 ack=+1"),
    (1, "segment S. seq=nxt"),
    (0.5, "segment SF"),
    (0.5, "segment SF. data \"x\""),
    (2, "segment none"),
    (1, "segment none seq=una-1"),
    (1, "segment P data \"no ACK\""),
    (1, "segment FP.U seq=nxt+wnd urg=9"),
    (2, "rst seq=nxt+{gap}"),
    (1, "rst seq=una-1"),
    (1, "rst seq=nxt+wnd"),
    (1, "segment SR"),
    (1, "ack checksum=bad"),
    (1, "fin checksum=bad"),
    (1, "segment P. data \"hello\" offset=4"),
    (1, "ack options=none"),
    (1, "fin options=none"),
    (1, "segment P. options=none data \"old\""),
    (2, "ack tsval=1"),
    (2, "ack tsecr=1"),
    (1, "fin tsval=1"),
    (1, "segment P. tsecr=0 data \"echo\""),
    (1, "segment P. options=<nop,nop,raw 0500> data \"odd\""),
    (1, "ack options=<nop,nop,kind 19 00112233445566778899aabbccddeeff>"),
    (1, "ack reserved=5"),
    (0.5, "ack ttl=1"),
    (0.5, "segment . len=64 fragment=16"),
]


def pick(rng, table):
    """One entry of a table whose rows begin with a weight."""
    return rng.choices(table, [row[0] for row in table])[0][1]


class Script:
    """Draws the lines of a script that keeps to the order of steps that `run` wants."""

    def __init__(self, rng, mode):
        self.rng, self.mode = rng, mode
        self.lines, self.sent = [], []  # all, and the segments by hand among them
        self.silent = self.ended = False  # our direction is closed; only late steps can follow

    def fill(self, step):
        rng = self.rng
        return step.format(
            wait=f"{rng.choice((50, 100, 200, 300))}ms", short=f"{rng.choice((1, 5, 20, 60))}ms",
            long=f"{rng.choice((250, 450, 700, 1200))}ms", gap=rng.choice((1, 2, 5, 100, 1000, 30000)),
            length=rng.choice((1, 2, 10, 536, 1400)), window=rng.choice((1, 2, 500, 32000, 65535)))

    def add(self, step):
        step = self.fill(step)
        self.lines.append(step)
        if step.split()[0] in ("ack", "fin", "rst", "syn", "synack", "segment"):
            self.sent.append(step)

    def send(self):
        rng = self.rng
        if rng.random() < 0.5:
            self.add("send \"GET / HTTP/1.0\\r\\n\\r\\n\"")
        else:
            self.add(f"send zeros {rng.choice((1, 10, 700, 1460, 5000, 30000, 100000))} within {{wait}}")

    def half_close(self):
        self.add("half-close within {wait}")
        self.silent = True

    def expectation(self):
        self.add(pick(self.rng, EXPECTATIONS))

    def right(self):
        self.add(pick(self.rng, RIGHT))

    def wrong(self):
        self.add(pick(self.rng, WRONG))

    def again(self):
        """A segment by hand once more; where its numbers follow ours it says something else by now."""
        self.add(self.rng.choice(self.sent) if self.sent else "ack")

    def may(self, step):
        """What the order of steps allows here. An expectation that fails ends a script that is run: fewer of those."""
        word = step.split()[0]
        if word in ("send", "half_close", "close", "abort", "drain", "linger", "probe") and self.ended:
            return False
        if word == "send" and self.silent:
            return False
        return word not in ("expectation", "close", "half_close") or self.mode == "step" or self.rng.random() < 0.3

    def body_step(self):
        step = pick(self.rng, STEPS)
        if not self.may(step):
            return
        if hasattr(self, step):
            getattr(self, step)()
        else:
            self.add(step)
        word = step.split()[0]
        self.silent |= word in ("close", "abort")
        self.ended |= word in ("close", "abort")

    def begin_as_client(self):
        rng = self.rng
        for step in ("auto ack off", "auto retransmit off"):
            if rng.random() < 0.15:
                self.add(step)
        way = rng.random()
        if way < 0.5:
            self.add("open within 500ms")
            return
        if way < 0.58:
            self.add(pick(rng, RIGHT + WRONG))  # before anything: to a port that listens, or does not
        self.add("syn")
        if rng.random() < 0.7:
            self.add("expect S. within 200ms" if self.mode == "step" else "wait 60ms")
        if rng.random() < 0.15:
            self.add("syn seq=+0")
        self.add(pick(rng, [(60, "ack"), (8, "segment P. data \"early\""), (6, "fin"), (4, "segment FP. data \"all\""),
                            (5, "ack ack=+2"), (3, "ack ack=+0"), (4, "wait {long}"), (3, "rst"), (3, "segment none"),
                            (4, "segment . seq=una-1 len=1")]))

    def begin_as_server(self):
        rng = self.rng
        self.add("listen within 5s")
        if rng.random() < 0.5:
            self.add("accept within 500ms")
            return
        for step in ("auto ack off", "auto retransmit off"):
            if rng.random() < 0.15:
                self.add(step)
        self.add(pick(rng, [(40, "synack"), (30, "syn"), (5, "synack win=0"), (5, "synack ack=+2"), (5, "wait {long}"),
                            (5, "ack"), (4, "segment S. data \"early\""), (3, "segment R. ack=+1"), (3, "rst")]))
        self.add(pick(rng, [(5, "wait {short}"), (2, "ack"), (2, "synack seq=+0"), (2, "syn seq=+0")]))

    def draw(self):
        rng = self.rng
        count = rng.randint(5, 30)
        (self.begin_as_server if self.mode == "listen" else self.begin_as_client)()
        while len(self.lines) < count - 1:
            self.body_step()
        if not self.ended:
            self.add(pick(rng, [(5, "close within {wait}"), (2, "abort"), (2, "rst"), (4, "wait {short}")]))
        else:
            self.right()
        return self.lines


def draw_way(rng, rough, slow):
    """What happens to segments in one direction: part lost, part sent twice, and seconds that they are under way."""
    way = {"loss": 0.0, "twice": 0.0, "delay": 0.0, "jitter": 0.0}
    if rough:
        way["loss"] = rng.choice((0, 1, 1, 1)) * rng.randint(1, 30) / 100
    if slow:
        way["delay"] = rng.choice((0, 0.0005, 0.002, 0.01, 0.03))
        way["jitter"] = rng.choice((0, 0.001, 0.005, 0.03))
        way["twice"] = rng.choice((0, 0, 0.05, 0.2))
    return way


def draw_app(rng):
    """The deeds of the peer's application once it is connected: pairs of a pause in seconds and what is done then."""
    deeds = []
    for _ in range(rng.randint(0, 5)):
        what = pick(rng, [(6, "send"), (2, "shut"), (2, "deaf"), (2, "read"), (2, "close"), (1, "abort")])
        argument = rng.choice((1, 5, 100, 1460, 20000, 200000)) if what == "send" else 0
        deeds.append([rng.choice((0, 0, 0.001, 0.01, 0.05, 0.2, 0.5)), what, argument])
    return {
        "deeds": deeds,
        "reads": rng.random() < 0.8,
        "closes": rng.random() < 0.7,  # when it has read our FIN
        "receive_buffer": rng.choice((0, 0, 0, 2000, 10000)),
        "linger2": rng.choice((0, 0, 0, 1, -1)),
        "no_delay": rng.random() < 0.3,
    }


def draw_options(rng):
    """Options of tcpwalk, as words."""
    words = ["--rto", f"{rng.choice((50, 100, 200))}ms", "--retries", str(rng.randint(1, 4)),
             "--timeout", f"{rng.choice((300, 600, 900))}ms", "--linger", f"{rng.choice((0, 20, 80))}ms"]
    for percent, option, values in OPTIONS:
        if rng.random() * 100 < percent:
            words += [option] if values is None else [option, str(rng.choice(values))]
    if "--no-mss" in words and "--mss" in words:
        words.remove("--no-mss")
    if "--no-wscale" in words and "--wscale" in words:
        words.remove("--no-wscale")
    return words


def draw_walk(seed):
    """The walk of that seed, as plain values that can be written as JSON."""
    rng = random.Random(f"walk {seed}")
    mode = pick(rng, MODES)
    rough, slow = rng.random() < 0.75, rng.random() < 0.4
    return {
        "seed": seed,
        "mode": mode,
        "family": rng.choice((4, 4, 6)),
        "port": None if mode == "listen" else pick(rng, SERVICES),
        "script": Script(rng, mode).draw(),
        "options": draw_options(rng),
        "settings": {name: rng.choice(values) for name, values in OTHER_SETTINGS.items()
                     if rng.random() < PART_OF_SETTINGS},
        "wire": {"to_server": draw_way(rng, rough, slow), "to_client": draw_way(rng, rough, slow)},
        "app": draw_app(rng),
    }
