#include "exhaustive.h"

#include <stdlib.h>
#include <string.h>

/* ---- places ------------------------------------------------------------------------------------------------ */

static void save(struct search *search, unsigned turn)
{
    struct snapshot *snapshot = &search->snapshots[turn];
    const unsigned char *place = (const unsigned char *)&search->place;

    memcpy(snapshot->head, place, PEER_OUT_FROM);
    memcpy(snapshot->tail, place + PEER_OUT_TO, sizeof(struct place) - PEER_OUT_TO);
}

static void restore(struct search *search, unsigned turn)
{
    const struct snapshot *snapshot = &search->snapshots[turn];
    unsigned char *place = (unsigned char *)&search->place;

    memcpy(place, snapshot->head, PEER_OUT_FROM);
    memcpy(place + PEER_OUT_TO, snapshot->tail, sizeof(struct place) - PEER_OUT_TO);
    memcpy(search->witness.iss, search->place.isses, sizeof(search->witness.iss));
    search->witness.reopens = search->place.reopens;
    search->witness.numbers = search->place.n;
}

/* ---- what can come next ------------------------------------------------------------------------------------- */

#define CHOICES_MAX (4 * SEGMENTS_MAX + 8)

struct choices {
    unsigned count;
    struct turn turns[CHOICES_MAX];
};

static void choose(struct choices *choices, enum turn_kind kind, unsigned which)
{
    choices->turns[choices->count++] = (struct turn){kind, which};
}

static void choose_flights(const struct search *search, struct choices *choices, unsigned count, enum turn_kind arrives,
                           enum turn_kind twice, enum turn_kind lost)
{
    unsigned last = search->bounds.any_order ? count : count > 0;

    for (unsigned i = 0; i < last; i++) {
        choose(choices, arrives, i);
        if (search->place.mishaps == 0)
            continue;
        choose(choices, twice, i);
        if (!search->bounds.any_order || !search->bounds.hasty)
            choose(choices, lost, i);
    }
}

static bool app_can(const struct search *search)
{
    const struct peer *peer = &search->place.peer;

    if (search->place.app_next == search->app->count || !peer_has_connection(peer) || !peer->ever_established)
        return false;
    switch (search->app->turns[search->place.app_next].when) {
    case WHEN_TEXT:
        return peer->bytes_taken > 0;
    case WHEN_EOF:
        return peer->got_fin;
    case WHEN_OPEN:
        break;
    }
    return true;
}

static struct choices list_turns(const struct search *search)
{
    const struct place *place = &search->place;
    const struct own_script *script = search->script;
    const struct own_end *end = &place->end;
    struct choices choices = {.count = 0};
    bool timers = search->bounds.hasty || place->to_peer_count + place->to_us_count == 0;

    if (place->over)
        return choices;
    if (script->listens && place->peer.incarnation == 0)
        choose(&choices, TURN_OPENS, 0);
    if (end->left < search->bounds.ours) {
        if (end->next < script->count && own_can(end, script->steps[end->next]))
            choose(&choices, TURN_STEP, 0);
        if (end->ack_due)
            choose(&choices, TURN_ACK, 0);
        if (timers && own_can_repeat(end))
            choose(&choices, TURN_AGAIN, 0);
    }
    choose_flights(search, &choices, place->to_peer_count, TURN_TO_PEER, TURN_TWICE_TO_PEER, TURN_LOST_TO_PEER);
    choose_flights(search, &choices, place->to_us_count, TURN_TO_US, TURN_TWICE_TO_US, TURN_LOST_TO_US);
    if (app_can(search))
        choose(&choices, TURN_APP, 0);
    if (peer_wake(&place->peer) != NANOS_NEVER && (timers || place->peer.delack_at == peer_wake(&place->peer)))
        choose(&choices, TURN_TIMER, 0);
    if (place->peer.now - place->now > 300 * NANOS_PER_MS)
        choose(&choices, TURN_TIME, 0);
    return choices;
}

/* ---- the search -------------------------------------------------------------------------------------------- */

/* Is the search to stop at what the last turn brought? */
static bool is_found(struct search *search)
{
    if (search->witness.violation == VIOLATION_NONE)
        return false;
    if (!search->known || !search->known(search, search->witness.words))
        return true;
    search->excused++;
    search->witness.violation = VIOLATION_NONE;
    return false;
}

/* All paths from here on. Returns how many; none when a violation was found. */
static double follow(struct search *search)
{
    unsigned turn = search->turns;
    struct choices choices = list_turns(search);
    double paths = 0, behind;

    if (turn > search->longest)
        search->longest = turn;
    if (choices.count == 0 || turn >= search->turns_most)
        return 1;
    if (turn >= TURNS_MAX - 1)
        abort();
    save(search, turn);
    for (unsigned i = 0; i < choices.count; i++) {
        struct seen_entry *entry;
        uint64_t key;
        path_turn(search, &choices.turns[i]);
        search->moves++;
        if (is_found(search))
            return 0;
        if (seen_before(search, &entry, &key) && !search->forgets) {
            behind = entry->paths;
        } else {
            search->places++;
            behind = follow(search);
            if (search->witness.violation)
                return 0;
            if (entry->key == key)
                entry->paths = (float)behind;
        }
        paths += behind;
        restore(search, turn);
        search->turns = turn;
    }
    return paths;
}

static double once(struct search *search, unsigned turns_most)
{
    search->turns_most = turns_most;
    search->seen.salt += UINT64_C(0x9e3779b97f4a7c15);
    if (search->seen.used > (UINT64_C(1) << search->seen.bits) / 4)
        seen_clear(&search->seen);
    path_begin(search);
    return follow(search);
}

/* The fewest turns with which there is a violation: fewer and fewer, until there is none. */
static enum violation shorten(struct search *search)
{
    const struct search counts = {.places = search->places, .moves = search->moves, .excused = search->excused};
    const struct tally tally = search->tally;
    struct turn path[TURNS_MAX];
    unsigned turns = 0;

    while (search->witness.violation != VIOLATION_NONE) {
        turns = search->turns;
        memcpy(path, search->path, sizeof(path));
        once(search, turns - 1);
    }
    path_begin(search);
    for (unsigned i = 0; i < turns; i++)
        path_turn(search, &path[i]);
    search->places = counts.places;
    search->moves = counts.moves;
    search->excused = counts.excused;
    search->tally = tally;
    return search->witness.violation;
}

enum violation search_run(struct search *search, const struct own_script *script, const struct app_script *app,
                          const struct peer_kind *kind, const struct bounds *bounds)
{
    search->script = script;
    search->app = app;
    search->kind = kind;
    search->bounds = *bounds;
    search->tally.walks++;
    search->paths += once(search, TURNS_MAX);
    if (search->witness.violation == VIOLATION_NONE)
        return VIOLATION_NONE;
    return shorten(search);
}

void search_explain(struct search *search, FILE *out)
{
    struct turn path[TURNS_MAX];
    unsigned turns = search->turns;

    fprintf(out, "ours: %s; its application: %s; peer: %s; %s: %s\n", search->script->name, search->app->name,
            search->kind->name, search->bounds.any_order ? "in any order" : "in order",
            violation_name(search->witness.violation));
    memcpy(path, search->path, sizeof(path));
    path_begin(search);
    search->trace = out;
    for (unsigned i = 0; i < turns; i++)
        path_turn(search, &path[i]);
    search->trace = NULL;
    fprintf(out, "  => %s\n\n", search->witness.words);
}

bool search_makes_sense(const struct own_script *script, const struct app_script *app, const struct peer_kind *kind)
{
    bool text = false, fin = false;

    for (unsigned i = 0; i < script->count; i++) {
        text = text || script->steps[i] == OWN_TEXT || script->steps[i] == OWN_TEXT_FIN;
        fin = fin || script->steps[i] == OWN_FIN || script->steps[i] == OWN_TEXT_FIN;
    }
    for (unsigned i = 0; i < app->count; i++)
        if ((app->turns[i].when == WHEN_TEXT && !text) || (app->turns[i].when == WHEN_EOF && !fin))
            return false;
    return kind->opens || !script->listens;
}

bool search_init(struct search *search, unsigned bits)
{
    search->seen.bits = bits;
    search->seen.entries = calloc((size_t)1 << bits, sizeof(search->seen.entries[0]));
    return search->seen.entries != NULL;
}

void search_free(struct search *search)
{
    free(search->seen.entries);
    search->seen.entries = NULL;
}
