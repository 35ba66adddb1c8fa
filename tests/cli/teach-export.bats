#!/usr/bin/env bats
# `tcpwalk teach --export`: a lesson that was run as a page, which is well formed, complete and needs nothing from elsewhere.

load helper
load walks



setup_file() {
    need_lab
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    tell_failure
    net_down
}

teach() {
    keep "${BOUND[@]}" "$TCPWALK" teach "$@"
}

complains() {
    grep -qF -e "$1" "$COMPLAINED" || {
        echo "it does not complain: $1"
        return 1
    }
}

# page FILE: what a reader of it sees, one text a line, and what it is made of. It fails where it is no page of its own.
page() {
    python3 - "$1" <<'PYTHON'
import html.parser, re, sys
import xml.etree.ElementTree as tree
text = open(sys.argv[1], encoding="utf-8").read()
root = tree.fromstring(text)


class Reader(html.parser.HTMLParser):
    """Also as HTML every element is closed by its own end."""
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag


reader = Reader()
reader.feed(text)
reader.close()
assert not reader.open, reader.open
names, ids, links = [], [], []
for element in root.iter():
    name = element.tag.split("}")[-1].lower()
    names.append(name)
    for key, value in element.attrib.items():
        key = key.split("}")[-1].lower()
        assert not key.startswith("on"), key
        if key == "id":
            ids.append(value)
        elif key == "href":
            assert value.startswith("#"), value
            links.append(value[1:])
        elif key in ("src", "srcset", "action", "data", "poster"):
            raise SystemExit(f"{key}: {value}")
for name in ("script", "link", "img", "image", "iframe", "object", "embed", "use", "form"):
    assert name not in names, name
assert "@import" not in text and "@font-face" not in text
assert not re.search(r"url\((?!#)", text)
assert len(set(ids)) == len(ids), "an id is there twice"
assert set(links) <= set(ids), set(links) - set(ids)
assert not re.search(r"https?://(?!www\.w3\.org/)", text)
print("ids", *ids)
print("links", *links)
for element in root.iter():
    name = element.tag.split("}")[-1]
    if name in ("style", "title"):
        continue
    if name in ("p", "li", "h1", "text", "caption", "summary", "figcaption", "td", "small"):
        words = "".join(element.itertext()).replace("\u00a0", " ")
        print(name, " ".join(words.split()))
PYTHON
}

has() {
    grep -qF -e "$1" page.txt || {
        echo "the page does not have: $1"
        return 1
    }
}

# lacks EXPRESSION FILE
lacks() {
    if grep -E -e "$1" "$2"; then
        echo "$2 has: $1"
        return 1
    fi
}

begin_lesson() {
    printf 'title: T\nsummary: S\n\n' >mine.lesson
    cat >>mine.lesson
}

@test "every segment, statement, question and paragraph of a lesson is on the page, in every language" {
    local lesson language number line
    for language in en ko; do
        for lesson in open close; do
            teach --auto --lang "$language" --export html --output page.html "$lesson"
            status 0
            page page.html >page.txt
            grep -q "^<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"$language\">$" page.html
            # As many as on the terminal: in each of two drawings of a piece, and once more in those of the whole.
            awk '/^tcpwalk teach: / { our_end = $3 }
                 $1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+\.[0-9]+$/ { if (!((our_end, $1, $2) in seen)) { seen[our_end, $1, $2]; n++; print $2 } }
                 END { print n >"count" }' "$SAID" >times.txt
            [[ $(cat count) -gt 6 ]]
            [[ $(grep -c 'class="at"' page.html) == "$(cat count)" ]]
            [[ $(grep -c 'class="sent"\|class="came"' page.html) == $((4 * $(cat count))) ]]
            while read -r line; do
                has "text $line"
            done <times.txt
            # Statements, with links to their segments.
            number=$(grep -c '^  = ' "$SAID")
            [[ $(grep -c '<p class="statement"><b>' page.html) == "$number" ]]
            [[ $(grep -oE 'href="#s[0-9]+-[0-9]+"' page.html | wc -l) -gt 3 ]]
            [[ $(grep -c '<section class="question">' page.html) == $(grep -c '^  ? ' "$SAID") ]]
            [[ $(grep -c '<details><summary>' page.html) == $(grep -c '^  ? ' "$SAID") ]]
        done
    done
    has 'p 사실로 확인됨'
    grep -vE '^(ids|links|small)' page.txt >words
    lacks 'came true|proven|presumed|Question|Answer|The |later|bits' words
}

@test "the words of a paragraph are all there" {
    teach --auto --lang en --export html open
    status 0
    cp "$SAID" page.html
    page page.html >page.txt
    has 'small tcpwalk teach open'
    has 'h1 tcpwalk teach open The three-way open'
    has 'p A TCP connection exists nowhere but in the memory of its two ends. Before the first byte can be sent, both must have made such a memory, and each must know that the other has. Three segments do that; they are called the three-way handshake.'
    has 'li a segment with SYN and ACK, and it is in SYN-RECEIVED'
    has 'p answer 2: a segment with SYN and ACK, and it is in SYN-RECEIVED'
    has 'p came true The peer acknowledged five bytes: now it is proven that it is ESTABLISHED. [segment 5]'
    has 'text SYN ACK'
    has 'text proven: it acknowledged our SYN'
    has 'text kernel: SYN-RECEIVED, agrees'
    has 'text SYN-RECEIVED'
    has 'p 5 of 5 statements came true in this run.'
}

@test "what a lesson says is only text, in HTML and in SVG" {
    cat >mine.lesson <<'LESSON'
title: </title><script>alert(1)</script> & "T"
summary: <img src=x onerror=y> &amp;

</p><script src="https://example.org/x.js"></script> ]]> <!-- 'p' -->

peer: discard
ask: <b onclick="x">What?</b>
right: <i>this</i>
wrong: &lt;
    syn
    expect S.
true: </svg><iframe src="//example.org">
LESSON
    teach --auto --lang en --export html ./mine.lesson
    status 0
    cp "$SAID" page.html
    page page.html >page.txt 2>errors || {
        # The address in the text is the only thing that is no reference and looks like one.
        grep -q AssertionError errors
        sed -i 's,https://example.org,,' page.html
        page page.html >page.txt
    }
    has '<script>alert(1)</script> & "T"'
    has 'p <img src=x onerror=y> &amp;'
    has "</p><script src=\"/x.js\"></script> ]]> <!-- 'p' -->"
    has 'p Question 1 <b onclick="x">What?</b>'
    has 'li &lt;'
    has 'p answer 1: <i>this</i>'
    has '</svg><iframe src="//example.org"> [segment 2]'
    teach --auto --lang en --export svg ./mine.lesson
    status 0
    cp "$SAID" page.svg
    page page.svg >page.txt
    has 'text </title><script>alert(1)</script> & "T"'
    has 'text </svg><iframe src="//example.org"> [segment 2]'
}

@test "--bytes puts the headers of each segment on the page, 32 bits a row" {
    teach --auto --lang en --bytes --export html --output page.html open
    status 0
    page page.html >page.txt
    [[ $(grep -c '<details class="octets"' page.html) == $(grep -c '^segment [0-9]*, ' "$SAID") ]]
    [[ $(grep -c '<details class="octets"' page.html) -gt 8 ]]
    has 'summary segment 1, ours: 20 bytes of IP, 40 of TCP, 0 of payload'
    has 'caption TCP header (RFC 9293 3.1)'
    has 'td SYN1'
    has 'td window 16 bits64240faf0'
    has 'td kind: maximum segment size 8 bits202'
    python3 - page.html <<'PYTHON'
import sys
import xml.etree.ElementTree as tree
root, rows = tree.parse(sys.argv[1]), 0
for row in root.iter("{http://www.w3.org/1999/xhtml}tr"):
    assert sum(int(cell.get("colspan", "1")) for cell in row) == 32, tree.tostring(row)
    rows += 1
assert rows > 100, rows
PYTHON
    # Without it there are none.
    teach --auto --lang en --export html --output page.html open
    lacks '<table>' page.html
}

@test "SVG: each connection as a whole, with all segments and statements" {
    local language
    for language in en ko; do
        teach --auto --lang "$language" --export svg --output page.svg why-three
        status 0
        page page.svg >page.txt
        [[ $(head -c 4 page.svg) == '<svg' ]]
        # Twice is a ladder's beginning, and each segment is there once.
        [[ $(grep -c '^text 192\.0\.2\.1:.* -> ' page.txt) == 2 ]]
        [[ $(grep -cE '^text (SYN|ACK|SYN ACK|PSH ACK|RST ACK|RST|FIN ACK)$' page.txt) == $(grep -c 'class="sent"\|class="came"' page.svg) ]]
        [[ $(grep -c 'class="proves"[^>]*font-size="11"[^>]*>\(came true\|사실로 확인됨\)<' page.svg) == $(grep -c '^  = ' "$SAID") ]]
    done
    has 'text 1.00 s 뒤'
}

@test "all lessons make one page, with a table of contents" {
    local count
    printf 'title: One\nsummary: s\n\npeer: discard\n    open\n    expect state ESTABLISHED\ntrue: A.\n' >one.lesson
    count=$("$TCPWALK" teach --lang en | grep -cE '^  [a-z]')
    teach --auto --lang en --export html --output page.html all
    status 0
    page page.html >page.txt
    [[ $(grep -c '^<article id="lesson-' page.html) == "$count" ]]
    [[ $(grep -oE 'links.*' page.txt | grep -oE 'lesson-[0-9]+' | wc -l) == "$count" ]]
    [[ $(grep -c '^<nav>' page.html) == 1 ]]
    grep -qF '<title>Lessons about TCP</title>' page.html
    teach --auto --export html --output page.html ./one.lesson
    lacks '^<nav>' page.html
    grep -qF '<title>One</title>' page.html
}

@test "a connection that came in one piece does not stand there once more as a whole" {
    begin_lesson <<'LESSON'
peer: discard
    open
    close
    expect local TIME-WAIT
true: Closed.
peer: discard
    open
    expect local ESTABLISHED
true: Opened.
    close
    expect local TIME-WAIT
true: Closed.
LESSON
    teach --auto --lang en --export html ./mine.lesson
    status 0
    cp "$SAID" page.html
    page page.html >page.txt
    [[ $(grep -c 'The connection as a whole' page.txt) == 1 ]]
    [[ $(grep -c '^text FIN ACK$' page.txt) -ge 6 ]]
}

@test "a statement that does not come true is on the page as that, and the page is written" {
    begin_lesson <<'LESSON'
peer: refused
    syn
    expect S.
true: It opened.
false: Nobody listens.
LESSON
    teach --auto --lang en --export html ./mine.lesson
    status 1
    cp "$SAID" page.html
    page page.html >page.txt
    has 'p did not come true Nobody listens.'
    lacks 'It opened' page.html
    has 'text RST ACK'
}

@test "to standard output it is the page alone, and goes on by itself; to a file the lesson is given as ever" {
    keep bash -c 'exec <&-; exec "$@"' - "${BOUND[@]}" "$TCPWALK" teach --lang en --export html open
    status 0
    [[ $(head -c 15 "$SAID") == '<!DOCTYPE html>' && $(tail -n 1 "$SAID") == '</html>' ]]
    teach --auto --lang en --export html -o page.html open
    status 0
    grep -q '5 of 5 statements came true' "$SAID"
    lacks '<(p|html|svg|text)' "$SAID"
    [[ $(tail -n 1 page.html) == '</html>' ]]
    teach --auto -q --export html --output page.html open
    [[ ! -s $SAID && -s page.html ]]
    # The answers that were given are on it.
    printf '1\n1\n1\n1\n1\n' >answers
    # shellcheck disable=SC2016 # for the inner shell
    keep bash -c 'exec <answers; exec "$@"' - "${BOUND[@]}" "$TCPWALK" teach --lang en --quiz --export html --output page.html open
    status 0
    grep -q 'answer 2: you were wrong' page.html
}

@test "it says what is wrong with how it is asked for, before the lesson begins" {
    teach --auto --export pdf open
    status 2
    complains "--export: there is no 'pdf'; there are html, svg"
    teach --auto --output x.html open
    status 2
    complains '--output is the file of --export'
    [[ ! -e x.html ]]
    teach --quiz --export html open
    status 2
    complains '--quiz needs standard output'
    teach --export html
    status 2
    teach --export html --print-script open
    status 2
    teach --auto --export html --output no/such/file.html open
    status 5
    complains '--output: no/such/file.html: No such file or directory'
    [[ ! -s $SAID ]]
    teach --auto --export html --output /dev/full open
    status 5
    complains '--output: /dev/full: No space left on device'
    keep "$TCPWALK" open --export html localhost 9
    status 2
    complains '--export: for teach'
}
