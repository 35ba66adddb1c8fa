"""The driver: every row interleaved, then one table. Started by `run`, in namespaces made for it.

Exit status 0 when everything that could be measured was (bars met or not), 5 when the bench itself did not work."""

import argparse
import json
import math
import os
import platform
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import net
import trace

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ["BENCH_BIN"]
TCPWALK = os.environ["TCPWALK"]


class Skip(Exception):
    """A row, or one of its commands, can't be measured here: the reason."""


# ---- figures

def percentile(values, p):
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(p / 100 * len(ordered)) - 1)]


def spread(values, digits):
    if not values:
        return "-"
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f} .. {max(values):.{digits}f}]"


def verdict(value, bar):
    return "met" if value <= bar else "NOT met"


class Table:
    """Rows of words under a title; the columns are aligned, a row that was skipped runs on."""

    def __init__(self, title, *heads):
        self.title, self.lines, self.notes = title, [heads], []

    def row(self, *cells):
        self.lines.append(cells)

    def skip(self, name, reason):
        self.lines.append((name, f"SKIP: {reason}"))

    def note(self, text):
        self.notes.append(text)

    def print(self):
        print(f"\n{self.title}")
        columns = range(len(self.lines[0]))
        whole = [line for line in self.lines if not line[1].startswith("SKIP")]
        width = [max(len(line[i]) for line in whole if i < len(line)) for i in columns]
        width[0] = max(len(line[0]) for line in self.lines)
        for line in self.lines:
            print("  " + "  ".join(cell.ljust(width[i]) for i, cell in enumerate(line)).rstrip())
        for text in self.notes:
            print(f"  {text}")
        sys.stdout.flush()


# ---- running things

class Run:
    """What one run of a command cost: see launch.c."""

    def __init__(self, line):
        self.status, self.wall, self.gone, self.cpu, self.rss = map(int, line.split())


def launch(command, count=1, cpu=None, out=None, period_us=0):
    """Runs the command `count` times; a Run for each. Any that failed is a Skip."""
    words = [f"{BIN}/launch", "-n", str(count), "-t", str(period_us)]
    words += ["-p", str(cpu)] if cpu is not None else []
    words += ["-o", out] if out else []
    done = subprocess.run(words + ["--"] + command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip(done.stderr.strip())
    runs = [Run(line) for line in done.stdout.splitlines()]
    failed = [r.status for r in runs if r.status != 0]
    if failed:
        said = done.stderr.strip().splitlines()
        raise Skip(f"{len(failed)} of {count} runs failed, exit status {failed[0]}" + (f": {said[0]}" if said else ""))
    return runs


def kconnect(*words):
    return [f"{BIN}/kconnect", *words]


def tcpwalk(*words):
    return [TCPWALK, *words]


def need(program):
    """The program's path, or a Skip that names it."""
    path = shutil.which(program)
    if path is None:
        raise Skip(f"{os.path.basename(program)} is not there")
    return path


def scapy_python():
    """A Python that has scapy."""
    for python in ("python3", "/usr/bin/python3"):
        path = shutil.which(python)
        if path and subprocess.run([path, "-c", "import scapy"], capture_output=True).returncode == 0:
            return path
    raise Skip("scapy is not there")


def rounds_of(clients, rounds, measure, skipped):
    """Calls measure(round, name, client) for all clients, in a new random order each round.

    A client that can't be measured is dropped and its reason kept in `skipped`."""
    for number in range(rounds):
        for name in random.sample(list(clients), len(clients)):
            if name in skipped:
                continue
            try:
                measure(number, name, clients[name])
            except Skip as reason:
                skipped[name] = str(reason)


# ---- row 1: turnaround

PERIOD_US = 60_000  # between the starts of two openings, whoever the client: a CPU wakes the slower the longer it slept
KERNEL, KERNEL_AWAKE, OPEN, OPEN_LOW = (
    "kernel connect()", "kernel connect(), CPUs held awake", "tcpwalk open", "tcpwalk --low-latency open")
TURNAROUND_BARS = {(net.HOLD_US, OPEN): 2.2, (net.HOLD_US, OPEN_LOW): 0.7}


def turnaround_command(client, port):
    """Every client opens one connection per process, so that each meets the machine in the same condition."""
    to = [net.SLOW, str(port)]
    return {
        KERNEL: kconnect(*to),
        KERNEL_AWAKE: kconnect("-l", *to),
        OPEN: tcpwalk("open", "-q", *to),
        OPEN_LOW: tcpwalk("open", "-q", "--low-latency", *to),
    }[client]


def measure_turnaround(bench, cases, rounds, count):
    """{case: {round: [nanoseconds, ...]}}, what was skipped, handshakes left out, segments not captured."""
    owner, skipped, found = {}, {}, {case: {} for case in cases}

    def measure(number, case, _):
        hold, client = case
        port = bench.net.port()
        bench.net.hold(hold)
        launch(turnaround_command(client, port), count, bench.cpu, period_us=PERIOD_US)
        owner[port] = (case, number)

    capture = trace.Capture(net.CAPTURED, bench.file("turnaround.pcap"), bench.peer_cpu)
    rounds_of(dict.fromkeys(cases), rounds, measure, skipped)
    missed = capture.stop()
    bench.net.hold(net.HOLD_US)
    left_out = 0
    for (_, port), flow in trace.handshakes(capture.path).items():
        if port not in owner:
            continue
        case, number = owner[port]
        clean = [hs.turnaround() for hs in flow if hs.clean()]
        left_out += len(flow) - len(clean)
        found[case].setdefault(number, []).extend(clean)
    return found, skipped, left_out, missed


def turnaround_cells(by_round, base, bar):
    p50 = {n: statistics.median(v) for n, v in by_round.items()}
    p99 = percentile([t for v in by_round.values() for t in v], 99)
    ratios = [p50[n] / base[n] for n in p50 if n in base]
    cells = [spread([t / 1000 for t in p50.values()], 1), f"{p99 / 1000:.0f}", spread(ratios, 2)]
    return cells + [f"<= {bar}", verdict(statistics.median(ratios), bar)] if bar and ratios else cells


def turnaround(bench):
    rounds, count = (3, 10) if bench.quick else (11, 25)
    bench.need_two_cpus()
    cases = [(hold, client) for hold in (net.HOLD_US, net.LONG_HOLD_US)
             for client in (KERNEL, KERNEL_AWAKE, OPEN, OPEN_LOW)]
    found, skipped, left_out, missed = measure_turnaround(bench, cases, rounds, count)
    table = Table(f"1. Turnaround: SYN-ACK to our ACK on the wire; {rounds} rounds of {count} openings",
                  "client, and after how long the peer answers", "p50 us of the rounds", "p99 us", "ratio to connect()",
                  "bar", "")
    for hold, client in cases:
        name, by_round = f"{hold / 1000:g} ms: {client}", found[hold, client]
        base = {n: statistics.median(v) for n, v in found[hold, KERNEL].items() if v}
        if (hold, client) in skipped or not all(by_round.values()) or not by_round:
            table.skip(name, skipped.get((hold, client), "nothing in the capture"))
        else:
            table.row(name, *turnaround_cells(by_round, base, TURNAROUND_BARS.get((hold, client))))
    table.note(f"left out: {left_out} handshakes with a repeated segment; {missed} segments not captured")
    table.print()


# ---- row 2: the reported round trip

def reported(path):
    """[(local port, open_rtt in nanoseconds), ...] from the JSON lines of many runs."""
    with open(path) as f:
        events = [json.loads(line) for line in f]
    ports = [e["local"]["port"] for e in events if e["event"] == "start"]
    rtts = [round(e["timing"]["open_rtt"] * 1e9) for e in events if e["event"] == "end"]
    if len(ports) != len(rtts):
        raise Skip("tcpwalk's JSON lacks a start or an end")
    return list(zip(ports, rtts))


class BusyLoops:
    """One on each CPU, while the block lasts (or none)."""

    def __init__(self, cpus):
        self.cpus = cpus

    def __enter__(self):
        self.processes = [subprocess.Popen(["taskset", "-c", str(c), "sh", "-c", "while :; do :; done"])
                          for c in self.cpus]
        time.sleep(0.05)

    def __exit__(self, *_):
        for p in self.processes:
            p.kill()
            p.wait()


def measure_round_trips(bench, batches, count):
    """{load: [(reported, captured), ...]} in nanoseconds, openings left out, segments not captured."""
    said, skipped = {}, {}

    def measure(number, load, cpus):
        port, out = bench.net.port(), bench.file(f"rtt-{load}-{number}.json")
        with BusyLoops(cpus):
            launch(tcpwalk("open", "--json", net.SLOW, str(port)), count, bench.cpu, out)
        said[port] = (load, reported(out))

    capture = trace.Capture(net.CAPTURED, bench.file("rtt.pcap"), bench.peer_cpu)
    rounds_of({"idle": [], "both CPUs busy": [bench.cpu, bench.peer_cpu]}, batches, measure, skipped)
    missed = capture.stop()
    for reason in skipped.values():
        raise Skip(reason)
    flows, pairs, left_out = trace.handshakes(capture.path), {}, 0
    for port, (load, runs) in said.items():
        for local, rtt in runs:
            flow = flows.get((local, port))
            hs = flow.pop(0) if flow else None  # a port used twice: the runs are in order, and so are the SYNs
            if hs and hs.clean():
                pairs.setdefault(load, []).append((rtt, hs.round_trip()))
            else:
                left_out += 1
    return pairs, left_out, missed


def round_trip(bench):
    batches, count = (2, 10) if bench.quick else (8, 50)
    bench.need_two_cpus()
    pairs, left_out, missed = measure_round_trips(bench, batches, count)
    table = Table("2. Reported round trip (open_rtt) against tcpdump's stamps beside it", "load", "openings",
                  "round trip us", "reported - captured us", "|error| p50 us", "bar", "", "|error| p99 us", "bar", "")
    for load, both in sorted(pairs.items(), reverse=True):
        signed = [(r - c) / 1000 for r, c in both]
        size = [abs(e) for e in signed]
        p50, p99 = statistics.median(size), percentile(size, 99)
        table.row(load, str(len(both)), spread([c / 1000 for _, c in both], 0), spread(signed, 2), f"{p50:.2f}", "<= 1",
                  verdict(p50, 1), f"{p99:.2f}", "<= 5", verdict(p99, 5))
    table.note(f"left out: {left_out} openings with a repeated or missing segment; {missed} segments not captured")
    table.print()


# ---- rows 3 and 4: the whole process, and its memory

def process_commands(port):
    """{name: a function that gives the command, or a Skip}."""
    to = [net.FAST, str(port)]
    return {
        "hping3 -S -c 1": lambda: [need("hping3"), "-S", "-c", "1", "-p", to[1], to[0]],
        "tcpwalk close --linger 0": lambda: tcpwalk("close", "-q", "--linger", "0", *to),
        "tcpwalk close": lambda: tcpwalk("close", "-q", *to),  # stays for a lost last ACK
        "nping --tcp-connect -c 1": lambda: [need("nping"), "--tcp-connect", "-c", "1", "-p", to[1], to[0]],
        "scapy, one SYN": lambda: [scapy_python(), "-B", f"{HERE}/scapy_syn.py", *to],
        "kernel client, open and close": lambda: kconnect("-c", *to),
        "true": lambda: [need("true")],
    }


def measure_processes(bench, rounds):
    """{command: {round: Run}}, and what was skipped."""
    found, skipped, commands = {}, {}, {}
    for name, command in process_commands(bench.net.port()).items():
        try:
            commands[name] = command()
            launch(commands[name])  # once to warm the caches, and to see that it works
        except Skip as reason:
            skipped[name] = str(reason)

    def measure(number, name, command):
        found.setdefault(name, {})[number] = launch(command)[0]
        time.sleep(0.005)

    rounds_of({n: c for n, c in commands.items() if n not in skipped}, rounds, measure, skipped)
    return found, skipped


ANCHOR, OURS = "hping3 -S -c 1", "tcpwalk close --linger 0"


def process_table(title, unit, found, skipped, figure, digits, bar):
    """One row for each command, of figure(run)."""
    table = Table(title, "command", unit, "ratio to hping3", "bar", "")
    base = {n: figure(r) for n, r in found.get(ANCHOR, {}).items()}
    for name in process_commands(0):
        if name in skipped:
            table.skip(name, skipped[name])
            continue
        values = {n: figure(r) for n, r in found[name].items()}
        ratios = [values[n] / base[n] for n in values if n in base]
        cells = [name, spread(list(values.values()), digits), spread(ratios, 3)]
        if name == OURS and ratios:
            cells += [f"<= {bar}", verdict(statistics.median(ratios), bar)]
        elif name == OURS:
            cells += [f"<= {bar}", "SKIP: no hping3 to compare with"]
        table.row(*cells)
    return table


def whole_process(bench):
    rounds = 3 if bench.quick else 21
    found, skipped = measure_processes(bench, rounds)
    table = process_table(f"3. Whole process, {rounds} rounds: tcpwalk and the kernel client open and close in full, "
                          "the others do one SYN or connect", "wall ms", found, skipped,
                          lambda r: r.wall / 1e6, 2, 0.45)
    if OURS in found:
        gone = [r.gone / 1e6 for r in found[OURS].values()]
        cpu = [r.cpu / 1e3 for r in found[OURS].values()]
        table.note(f"{OURS}: CPU ms {spread(cpu, 2)}; ms until its last process was gone {spread(gone, 2)}")
    table.print()
    process_table("4. Peak memory of the same runs", "MB", found, skipped, lambda r: r.rss / 1024, 2, 0.8).print()


# ---- the whole

def first_match(pattern, command):
    """The first group of the pattern in what the command prints, or None."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else None


def machine():
    with open("/proc/cpuinfo") as f:
        info = f.read()
    model = re.search(r"model name\s*: (.*)", info)
    kind = "virtual" if " hypervisor " in info else "real"
    return (f"machine: Linux {platform.release()} {platform.machine()}, "
            f"{model[1] if model else 'CPU of unknown model'}, "
            f"{os.cpu_count()} CPUs, {kind}, as {os.environ['BENCH_AS']}; "
            f"load before {os.getloadavg()[0]:.2f}")


def tools():
    versions = {
        "tcpwalk": first_match(r"(\d[\w.+-]*)", [TCPWALK, "--version"]),
        "hping3": first_match(r"version (\S+)", ["hping3", "--version"]),
        "nping": first_match(r"version (\S+)", ["nping", "--version"]),
        "tcpdump": first_match(r"tcpdump version (\S+)", ["tcpdump", "--version"]),
        "libpcap": first_match(r"libpcap version (\S+)", ["tcpdump", "--version"]),
    }
    try:
        versions["scapy"] = first_match(r"(\S+)", [scapy_python(), "-c", "import scapy; print(scapy.VERSION)"])
    except Skip:
        versions["scapy"] = None
    return "tools: " + ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())


class Bench:
    """What all rows share."""

    def __init__(self, quick, directory):
        self.quick, self.directory = quick, directory
        self.cpus = sorted(os.sched_getaffinity(0))
        self.cpu, self.peer_cpu = self.cpus[0], self.cpus[-1]
        self.net = net.Net(BIN, self.peer_cpu)

    def file(self, name):
        return os.path.join(self.directory, name)

    def need_two_cpus(self):
        if len(self.cpus) < 2:
            raise Skip("needs two CPUs")
        need("tcpdump")


ROWS = {"1": turnaround, "2": round_trip, "3": whole_process, "4": whole_process}


def run_rows(bench, rows):
    for row in dict.fromkeys(ROWS[number] for number in rows):
        try:
            row(bench)
        except Skip as reason:
            print(f"\n{row.__name__.replace('_', ' ')}: SKIP: {reason}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run", description="Measures tcpwalk against its neighbours.")
    parser.add_argument("--quick", action="store_true",
                        help="few rounds: shows that the bench works, not how fast it is")
    parser.add_argument("row", nargs="*", help="1 turnaround, 2 round trip, 3 whole process and 4 memory")
    options = parser.parse_args()
    for row in options.row:
        if row not in ROWS:
            parser.error(f"there is no row {row}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    started = time.monotonic()
    print(machine() + "\n" + tools(), flush=True)
    with tempfile.TemporaryDirectory(prefix="tcpwalk-bench-") as directory:
        bench = Bench(options.quick, directory)
        try:
            bench.net.start()
            run_rows(bench, options.row or ROWS)
        finally:
            bench.net.stop()
    print(f"\ntook {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except net.Failed as reason:
        print(f"bench: {reason}", file=sys.stderr)
        sys.exit(5)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
