# jq -Rn -f schema.jq FILE: prints what is wrong with the JSON lines of a walk, or of measurements; nothing, when they are as
# tcpwalk-json(5) has them. Several addresses of a name make several walks, one after the other.

def states: ["LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",
    "LAST-ACK", "TIME-WAIT", "CLOSED"];
def is_state: . as $state | states | index([$state]) != null;
# A set of states: distinct and in their order.
def is_set: type == "array" and all(.[]; is_state) and (map(. as $s | states | index([$s])) | . == unique);
def is_integer: type == "number" and . == floor;
def is_count: is_integer and . >= 0;
def is_number32: is_count and . < 4294967296;
def is_port: is_count and . <= 65535;
def is_word: type == "string" and test("^[a-z0-9-]+$");
def is_text: type == "string" and length > 0;
def is_time: . == null or type == "number";
def is_boolean: type == "boolean";
def optional(check): . == null or check;
def certainties: ["proven", "presumed", "refuted"];

# wrong(what): says so unless the condition holds.
def need(condition; $what): if condition then empty else $what end;

def start:
    need(.schema == 1; "schema"),
    need(.version | is_text; "version"),
    need(.command | is_word; "command"),
    need(.interface | is_text; "interface"),
    need(.local.addr | is_text; "local.addr"),
    need(.local.port | is_port; "local.port"),
    need(.peer.addr | is_text; "peer.addr"),
    need(.peer.port | is_port; "peer.port"),
    need(.peer.name | optional(is_text); "peer.name"),
    need(.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{9}Z$"); "time");

def options_fit:
    type == "object"
    and (keys - ["mss", "sack_permitted", "tsval", "tsecr", "wscale", "sack", "malformed"] == [])
    and (.mss | optional(is_port))
    and (.sack_permitted | . == null or . == true)
    and (.malformed | . == null or . == true)
    and (.tsval | optional(is_number32))
    and (.tsecr | optional(is_number32))
    and ((.tsval == null) == (.tsecr == null))
    and (.wscale | optional(is_count))
    and (.sack | . == null or (type == "array" and all(.[]; length == 2 and all(.[]; is_number32))));

def segment:
    need(.n | is_count and . > 0; "n"),
    need(.dir == "in" or .dir == "out"; "dir"),
    need(.t | type == "number"; "t"),
    need(.flags | test("^(F?S?R?P?[.]?U?E?W?|none)$") and . != ""; "flags"),
    need(.seq | is_number32; "seq"),
    need(.rel_seq | is_number32; "rel_seq"),
    need((.flags | contains(".")) == has("ack"); "ack there or not"),
    need(.ack | optional(is_number32); "ack"),
    need(.rel_ack | optional(is_number32); "rel_ack"),
    need(has("ack") or (has("rel_ack") | not); "rel_ack without ack"),
    need(.len | is_count; "len"),
    need(.win | is_port; "win"),
    need(.ttl | optional(is_count and . < 256); "ttl"),
    need(.tos | optional(is_count and . < 256); "tos"),
    need(.urg | optional(is_port); "urg"),
    need(.reserved | optional(is_count and . < 16); "reserved"),
    need(.options | options_fit; "options"),
    need(.retransmission | is_boolean; "retransmission"),
    need(.local | is_state; "local");

def transition:
    .certainty as $certainty
    | need(.side == "local" or .side == "peer"; "side"),
    need(.from | is_set; "from"),
    need(.to | is_set and length > 0; "to"),
    need(.likely | is_set; "likely"),
    need((.likely - .to) == []; "likely is not in to"),
    need(.else | optional(is_set and length > 0); "else"),
    need(certainties | index([$certainty]) != null; "certainty"),
    need(.certainty == "presumed" or has("else") == false; "else without presumption"),
    need(.side == "peer" or .certainty == "proven"; "a claim about ourselves that is not proven"),
    need((.side == "local") == (.reason | startswith("own-")); "reason of the other side"),
    need(.reason | is_word; "reason"),
    need(.text | is_text; "text"),
    need(.rfc | test("^[0-9]{3,4} [0-9A-Za-z.]+"); "rfc"),
    need(.evidence | type == "array" and all(.[]; is_count and . > 0); "evidence"),
    need(has("not_before") and (.not_before | is_time); "not_before"),
    need(has("not_after") and (.not_after | is_time); "not_after"),
    need(.not_after == null or .not_before == null or .not_before <= .not_after; "an interval that ends before it begins");

def icmp:
    need(.t | type == "number"; "t"),
    need(.from | is_text; "from"),
    need(.family == "icmp" or .family == "icmpv6"; "family"),
    need(.type | is_count; "type"),
    need(.code | is_count; "code"),
    need(.name | is_word; "name"),
    need(.quoted_seq | is_number32; "quoted_seq"),
    need(.mtu | optional(is_count); "mtu"),
    need(.hard | is_boolean; "hard");

def note:
    need(.token | is_word; "token"),
    need(.text | is_text; "text"),
    need(has("t") and (.t | is_time); "t");

def verify:
    need(.t | is_time; "t"),
    need(.kernel | is_state; "kernel"),
    need(.listening | is_boolean; "listening"),
    need(.belief | is_set; "belief"),
    need(.agrees | is_boolean; "agrees"),
    need(.violates | is_boolean; "violates"),
    need((.agrees and .violates) | not; "agrees and violates");

def step:
    need(has("t") and (.t | is_time); "t"),
    need(.line | optional(is_count and . > 0); "line"),
    need((.line == null) == (.column == null); "line without column"),
    need(.step | is_text; "step"),
    need(.expectation | is_boolean; "expectation"),
    need(.ok | is_boolean; "ok"),
    need(.ok == (has("why") | not); "why without failure, or failure without why"),
    need(.n | optional(is_count and . > 0); "n"),
    need(.differs | . == null or (type == "array" and length > 0 and all(.[]; is_word)); "differs");

def ending:
    . as $ending
    | need(.status | is_count and . <= 5; "status"),
    need(["opened", "closed", "half-closed", "refused", "reset", "no-answer", "unreachable", "unopened", "unexpected", "failed"]
        | index([$ending.outcome]) != null; "outcome"),
    need((.status == 0) == (has("why") | not); "why without trouble, or trouble without why"),
    need(.history | test("^[SHADTFRshadtfr]*[+]?$"); "history"),
    need(.history | test("(.)\\1") | not; "history repeats a letter"),
    need(.timing | type == "object"
        and all(.[]; type == "number" and . >= 0); "timing"),
    need(.segments | [.out, .in, .retransmitted, .peer_retransmitted] | all(.[]; is_count); "segments"),
    need(.bytes | [.out, .in, .after_fin] | all(.[]; is_count); "bytes"),
    need(.bytes.after_fin <= .bytes.in; "more bytes after our FIN than at all"),
    need(.segments_after_fin | is_count; "segments_after_fin"),
    need(.peer | is_set and length > 0; "peer"),
    need(.peer_likely | is_set; "peer_likely"),
    need(.peer_else | optional(is_set and length > 0); "peer_else"),
    need(certainties | index([$ending.certainty]) != null; "certainty"),
    need(.local | is_state; "local"),
    need(["local", "peer", "both", "none"] | index([$ending.closer]) != null; "closer"),
    need([0, 3, 4] | index([$ending.close_segments]) != null; "close_segments"),
    need(["fin", "rst", "none"] | index([$ending.peer_end]) != null; "peer_end"),
    need(.left | is_boolean; "left");

# ---- measurements ----

def sample:
    .kind as $kind
    | need(.measure | is_word; "measure"),
    need(["peer", "answered", "refused", "silent", "span", "number"] | index([$kind]) != null; "kind"),
    need(.what | is_word; "what"),
    need(.connection | is_count and . > 0; "connection"),
    need(.port | is_port and . > 0; "port"),
    need(.t | type == "number"; "t"),
    need((["answered", "refused", "number"] | index([$kind]) != null) == has("answered"); "answered there or not"),
    need((.answered // .t) >= .t; "answered before it was asked"),
    need(has("least") == has("most"); "least without most"),
    need(.kind != "span" or has("least"); "a span without its value"),
    need(has("least") | not or (["span", "peer"] | index([$kind]) != null); "least of what has no length"),
    need((.least // 0) >= 0 and (.most // 0) >= (.least // 0); "most is less than least"),
    need((.kind == "number") == has("number"); "number there or not"),
    need(.number | optional(is_number32); "number");

def stay:
    need(.measure | is_word; "measure"),
    need(.connection | is_count and . > 0; "connection"),
    need(.state | is_state; "state"),
    need(.from | type == "number"; "from"),
    need(.to_least | type == "number"; "to_least"),
    need(.to_least >= .from; "it ends before it begins"),
    need(has("to_most") and (.to_most | is_time); "to_most"),
    need(.to_most == null or .to_most >= .to_least; "to_most is less than to_least");

def finding:
    need(.measure | is_word; "measure"),
    need(.name | is_word; "name"),
    need(.text | is_text; "text"),
    need(has("least") == has("most"); "least without most"),
    need([has("least"), has("number"), has("value"), has("word")] | map(select(.)) | length <= 1; "more than one value"),
    need(.least | optional(type == "number" and . >= 0); "least"),
    need(.most | is_time; "most"),
    need(.most == null or .most >= .least; "most is less than least"),
    need(.number | optional(is_count); "number"),
    need(.value | optional(type == "number" and . >= 0); "value"),
    need(.word | optional(is_word); "word");

def measured:
    .outcome as $outcome
    | need(.measure | is_word; "measure"),
    need(["done", "bounded", "interrupted", "otherwise", "no-answer", "refused", "reset"] | index([$outcome]) != null;
        "outcome"),
    need(.connections | is_count; "connections"),
    need(.complete | is_boolean; "complete");

def event:
    if .event == "start" then start
    elif .event == "segment" then segment
    elif .event == "transition" then transition
    elif .event == "icmp" then icmp
    elif .event == "note" then note
    elif .event == "verify" then verify
    elif .event == "step" then step
    elif .event == "sample" then sample
    elif .event == "stay" then stay
    elif .event == "finding" then finding
    elif .event == "measured" then measured
    elif .event == "end" and (has("outcome") | not) then need(keys == ["event", "status"] and (.status | is_count and . <= 5);
        "end of measurements")
    elif .event == "end" then ending
    else "kind of event"
    end;

# How the events of one walk fit together.
def walk:
    map(select(.event == "segment")) as $segments
    | map(select(.event == "verify")) as $asked
    | map(select(.event == "transition" and .side == "peer")) as $claims
    | map(select(.event == "transition" and .side == "local")) as $own
    | last as $ending
    | need(.[0].event == "start"; "it does not begin with start"),
    need($ending.event == "end"; "it does not end with end"),
    need($ending | has("outcome"); "the end of a walk without its outcome"),
    need(map(select(.event == "end")) | length == 1; "more or less than one end"),
    need([$segments[].n] == [range(1; ($segments | length) + 1)]; "segments are not counted from 1"),
    need(($segments | length == 0) or $segments[0].t == 0; "the first segment is not at 0"),
    need([$segments[].t] | . as $t | all(range(1; length); $t[.] > $t[. - 1] - 0.001); "times go back"),
    need($ending.segments.out == ($segments | map(select(.dir == "out")) | length); "segments.out"),
    need($ending.segments.in == ($segments | map(select(.dir == "in")) | length); "segments.in"),
    need($ending.segments.retransmitted == ($segments | map(select(.dir == "out" and .retransmission)) | length);
        "segments.retransmitted"),
    need($ending.segments.peer_retransmitted == ($segments | map(select(.dir == "in" and .retransmission)) | length);
        "segments.peer_retransmitted"),
    need(($ending.verify // {asked: 0, disagreed: 0}).asked == ($asked | length); "verify.asked"),
    need(($ending.verify // {asked: 0, disagreed: 0}).disagreed == ($asked | map(select(.violates)) | length);
        "verify.disagreed"),
    need(all($claims[], $own[]; all(.evidence[]; . <= ($segments | length))); "evidence that there never was"),
    # Evidence was shown before the claim that rests on it.
    need(reduce .[] as $event ({seen: 0, good: true};
            if $event.event == "segment" then .seen = $event.n
            elif $event.event == "transition" then .good = (.good and (.seen as $seen | all($event.evidence[]; . <= $seen)))
            else . end) | .good; "a claim before its evidence"),
    need(all(range(1; $claims | length); . as $i | $claims[$i].from == $claims[$i - 1].to);
        "from is not what was claimed before about the peer"),
    need(all(range(1; $own | length); . as $i | $own[$i].from == $own[$i - 1].to);
        "from is not what was claimed before about our end"),
    need(($own | length == 0) or [$ending.local] == ($own | last | .to); "local is not what was claimed last"),
    need(($claims | length == 0) or ($claims | last | .to == $ending.peer and .likely == $ending.peer_likely
        and .else == $ending.peer_else and .certainty == $ending.certainty); "peer is not what was claimed last");

# How the lines of measurements fit together: those of one after those of another, samples, stays, findings, and how it went.
def measurements:
    .[1:-1] as $lines
    | ($lines | map(select(.event == "measured"))) as $measured
    | ($measured | map(.outcome)) as $outcomes
    | last.status as $status
    | need(.[0].event == "start"; "it does not begin with start"),
    need(last.event == "end"; "it does not end with end"),
    need(.[0].local.port == 0; "measurements with a port of ours for all"),
    need($measured | length > 0 and (map(.measure) | unique | length) == length; "none, or the same twice"),
    need([$measured[].measure] == reduce $lines[].measure as $one ([]; if last == $one then . else . + [$one] end);
        "the lines of one are not together"),
    need(["sample", "stay", "finding", "measured"] as $order
        | all(range(1; $lines | length); . as $i | $lines[$i].measure != $lines[$i - 1].measure
            or ($order | index($lines[$i - 1].event)) <= ($order | index($lines[$i].event))); "kinds of lines are mixed"),
    need(all($lines | group_by(.measure)[]; map(select(.event == "measured")) | length == 1); "how it went, once each"),
    need(all($lines[] | select(.event == "finding"); . as $one | [$lines[] | select(.event == "finding" and
        .measure == $one.measure and .name == $one.name)] | length == 1); "a finding twice"),
    need(if $outcomes | index("interrupted") then $status == 5
        elif $outcomes | index("refused") or index("reset") then $status == 4
        elif $outcomes | index("no-answer") then $status == 3
        elif $outcomes | index("otherwise") then $status <= 1
        else $status == 0 end; "status");

[inputs | fromjson] as $events
| ($events[] | . as $event | event | "wrong: \(.): \($event | tojson)"),
    # Into walks, each with its start.
    (reduce $events[] as $event ([]; if $event.event == "start" or . == [] then . + [[$event]]
        else .[-1] += [$event] end)
    | .[] | if .[0].command == "measure" then measurements else walk end | "wrong: \(.)")
