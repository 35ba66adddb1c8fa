"""What a walk said, held against what the peer's kernel told; and the sums over many walks.

tcpwalk says itself when the kernel contradicts a proven claim, by a table of its own of how states can follow each
other. That table may be wrong as well. So the kernel's word is also held against the one here, which is written from
figure 5 of RFC 9293 and knows nothing of what was sent: a state that can't follow the one proven last is a
disagreement too.

Two things are no disagreements, and are counted by themselves.

Another connection: after ours is over, or when a second SYN has replaced it, a late segment of ours can open one more
on the same ports; a listener with SYN cookies needs no more than an acknowledgement for that, as often as it comes. The
claims are about the first one, the kernel answers for the last. This has to be shown by the server: its kernel has
counted more than one open, or sent SYN-ACKs with more than one initial number. From the moment at which tcpwalk says
so, the kernel is not asked any more. Where it contradicts without tcpwalk having noticed, which can't be told from a
false claim here, the seeds of the walks are printed.

A cookie behind a RST: a segment that comes before the ACK which brings a cookie back finds a listener and no socket,
and is answered with RST. At that moment there was no connection, as claimed; the ACK then makes one.
"""
import collections
import json

NONE = "no socket"  # LISTEN or CLOSED: no connection
GONE = {"LISTEN", "CLOSED"}
FOLLOWS = {
    "SYN-SENT": ["SYN-RECEIVED", "ESTABLISHED", NONE],
    "SYN-RECEIVED": ["ESTABLISHED", "FIN-WAIT-1", "CLOSE-WAIT", NONE],
    "ESTABLISHED": ["FIN-WAIT-1", "CLOSE-WAIT", NONE],
    "FIN-WAIT-1": ["FIN-WAIT-2", "CLOSING", "TIME-WAIT", NONE],
    "FIN-WAIT-2": ["TIME-WAIT", NONE],
    "CLOSE-WAIT": ["LAST-ACK", NONE],
    "CLOSING": ["TIME-WAIT", NONE],
    "LAST-ACK": [NONE],
    "TIME-WAIT": [NONE],
    NONE: [],
}

# Exit statuses of a walk, as tcpwalk(8) has them, that say nothing against tcpwalk: why it was 1 is looked at here.
FINE = (0, 1, 3, 4)
WHERE = ("as claimed", "in its else", "moved on", "elsewhere")  # the kernel, compared with the claim in force


def state_of(name):
    return NONE if name in GONE else name


def can_follow(states):
    """All that can come of one of these, themselves among them."""
    found, new = set(), {state_of(state) for state in states}
    while new:
        found |= new
        new = {after for state in new for after in FOLLOWS[state]} - found
    return found


class Verdict:
    """Of one walk: what is wrong, in words; and what there is to count."""

    def __init__(self, walk, said, complained, status, opened):
        self.walk, self.opened = walk, opened
        self.wrong, self.counts = [], collections.Counter(walks=1)
        self.claim = self.proven = None  # the latest claim about the peer, and the latest that is no presumption
        self.other = False  # tcpwalk has seen another socket of these ports
        self.contradictions = []
        self.unnoticed = False  # there was another connection, and tcpwalk may have missed it
        try:
            events = [json.loads(line) for line in said.splitlines()]
        except ValueError as error:
            events = []
            self.wrong.append(f"what it said can't be read: {error}")
        for event in events:
            getattr(self, f"take_{event['event']}", lambda event: None)(event)
        self.judge_end(events, complained.strip()[-2000:] or "of nothing", status)
        self.judge_contradictions()

    def judge_end(self, events, complained, status):
        if status not in FINE:
            ending = "it did not end" if status is None else f"exit status {status}"
            self.wrong.append(f"{ending}; it complained: {complained}")
        elif not events and "no SYN came" in complained:
            self.counts["ended: no client"] += 1  # its SYNs were lost
        elif not events or events[-1]["event"] != "end":
            self.wrong.append(f"no end; it complained: {complained}")

    def judge_contradictions(self):
        """Of the kernel's answers that contradict what was proven: do they speak of this connection?"""
        more = self.opened["opens"] > 1 or self.opened["isns"] > 1
        from_cookie = self.opened["opens"] == 1 and self.opened["cookies"] > 0
        self.counts["walks with another connection"] += more
        if more:
            self.unnoticed = bool(self.contradictions)
            self.counts["... unnoticed"] += self.unnoticed
        elif from_cookie and (self.other or self.contradictions) and all(gone for gone, _ in self.contradictions):
            self.counts["walks with a cookie behind a RST"] += 1
        else:
            self.counts["disagreements"] += len(self.contradictions)
            self.wrong += [words for _, words in self.contradictions]
            if self.other:
                self.wrong.append(f"it has seen another connection, which nothing can have opened: {self.opened}")

    def take_segment(self, event):
        self.counts["segments"] += 1

    def take_note(self, event):
        self.other |= event["token"] == "new-connection"

    def take_transition(self, event):
        if event["side"] != "peer":
            return
        self.claim = event
        self.counts[f"{event['certainty']} claims"] += 1
        if event["certainty"] != "presumed":
            self.proven = event
            self.counts[f"states named: {min(len(event['to']), 4)}"] += 1

    def take_verify(self, event):
        kernel = state_of(event["kernel"])
        self.counts["answers of the kernel"] += 1
        self.counts[f"told: {kernel}"] += 1
        if self.other:
            return
        if event["violates"]:
            self.contradict(event, "contradicts what it takes as proven", False)
        elif self.proven and kernel not in can_follow(self.proven["to"]):
            self.contradict(event, f"can't follow {self.proven['to']}, proven by {self.proven['reason']} "
                                   f"(segments {self.proven['evidence']})", set(self.proven["to"]) <= GONE)
        if self.claim:
            self.compare(kernel)

    def contradict(self, event, how, gone):
        """Gone: what was proven is that there was no connection any more."""
        self.contradictions.append((gone, f"at {event['t']}: the kernel's {event['kernel']} {how}; the belief was "
                                          f"{event['belief']}, {event['certainty']}"))

    def compare(self, kernel):
        """How near the claim in force was to what the kernel told right then."""
        presumed = self.claim["certainty"] == "presumed"
        likely = {state_of(state) for state in self.claim["likely" if presumed else "to"]}
        others = {state_of(state) for state in self.claim["to"] + self.claim.get("else", [])}
        if kernel in likely:
            where = "as claimed"
        elif kernel in others:
            where = "in its else"
        elif kernel in can_follow(likely | others) or self.claim["reason"].startswith("assumed-"):
            where = "moved on"
        else:
            where = "elsewhere"
        self.counts[f"{'presumed' if presumed else 'proven'}, kernel {where}"] += 1

    def take_end(self, event):
        self.counts[f"ended: {event['outcome']}"] += 1


def summary(counts):
    """The sums as lines for people."""
    proven = counts["proven claims"] + counts["refuted claims"]
    yield (f"{counts['walks']} walks, {counts['segments']} segments, {counts['answers of the kernel']} answers of the "
           f"kernel, {proven} proven claims")
    yield f"{counts['disagreements']} disagreements with proven claims; {counts['walks that failed']} walks went wrong"
    yield (f"{counts['walks with another connection']} walks with another connection of the same ports, noticed "
           f"too late, or not at all, in {counts['... unnoticed']}; "
           f"{counts['walks with a cookie behind a RST']} with a SYN cookie that came to life behind a RST")
    if proven:
        named = [100 * counts[f"states named: {n}"] / proven for n in range(1, 5)]
        yield "proven claims named " + ", ".join(
            f"{words} in {part:.1f} %" for words, part in zip(("one state", "two", "three", "more"), named))
    yield f"{counts['presumed claims']} presumptions, of which {counts['refuted claims']} were refuted"
    for kind in ("proven", "presumed"):
        total = sum(counts[f"{kind}, kernel {where}"] for where in WHERE)
        if total:
            yield f"the kernel, while a claim was {kind}: " + ", ".join(
                f"{where} {100 * counts[f'{kind}, kernel {where}'] / total:.1f} %" for where in WHERE
                if counts[f"{kind}, kernel {where}"])
    for what in ("told", "ended"):
        yield f"{what}: " + ", ".join(f"{name[len(what) + 2:]} {number}" for name, number in counts.most_common()
                                      if name.startswith(f"{what}: "))
