#include "report/handout.h"

#include <stdlib.h>
#include <string.h>

#include "report/words.h"

/* ---- items ---- */

static char *copy(struct handout *handout, const char *text)
{
    char *words = text ? strdup(text) : NULL;

    if (text && !words)
        handout->failed = true;
    return words;
}

/* Adds an item, which nobody may keep; NULL without memory. */
static struct handout_item *put_item(struct handout *handout, enum handout_kind kind, const char *text)
{
    struct handout_item *item;

    if (handout->count == handout->room) {
        unsigned room = handout->room ? 2 * handout->room : 64;
        struct handout_item *items = realloc(handout->items, room * sizeof(*items));
        if (!items) {
            handout->failed = true;
            return NULL;
        }
        handout->items = items;
        handout->room = room;
    }
    item = &handout->items[handout->count++];
    *item = (struct handout_item){.kind = kind, .text = copy(handout, text)};
    if (handout->connection_count > 0)
        item->connection = handout->connection_count - 1;
    return item;
}

static struct handout_connection *present(struct handout *handout)
{
    return handout->connected ? &handout->connections[handout->connection_count - 1] : NULL;
}

static void put_ladder(struct handout *handout, enum handout_kind kind, unsigned first, unsigned end)
{
    struct handout_item *item = put_item(handout, kind, NULL);

    if (!item)
        return;
    item->first = first;
    item->end = end;
}

static bool draws_something(const struct ladder_rows *ladder, unsigned first)
{
    for (unsigned i = first; i < ladder->count; i++)
        if (ladder->rows[i].kind != LADDER_START && ladder->rows[i].kind != LADDER_END)
            return true;
    return false;
}

/* What has been seen of the connection comes before what is said now. */
static void put_piece(struct handout *handout)
{
    struct handout_connection *connection = present(handout);

    if (!connection || connection->told == connection->ladder.count)
        return;
    connection->pieces += draws_something(&connection->ladder, connection->told);
    put_ladder(handout, HANDOUT_LADDER, connection->told, connection->ladder.count);
    connection->told = connection->ladder.count;
}

static struct handout_item *say(struct handout *handout, enum handout_kind kind, const char *text)
{
    put_piece(handout);
    return put_item(handout, kind, text);
}

/* ---- connections ---- */

void handout_over(struct handout *handout)
{
    struct handout_connection *connection = present(handout);

    put_piece(handout);
    if (connection && connection->pieces > 1)
        put_ladder(handout, HANDOUT_WHOLE, 0, connection->ladder.count);
    handout->connected = false;
}

void handout_turn(struct handout *handout)
{
    struct handout_connection *connections;

    handout_over(handout);
    connections = realloc(handout->connections, (handout->connection_count + 1) * sizeof(*connections));
    if (!connections) {
        handout->failed = true;
        return;
    }
    handout->connections = connections;
    connections[handout->connection_count++] = (struct handout_connection){0};
    handout->connected = true;
}

static void keep_frame(struct handout *handout, const struct event_segment *event, const uint8_t *frame,
                       uint32_t length, uint32_t ip_at)
{
    struct handout_connection *connection = present(handout);
    struct handout_frame *frames = realloc(connection->frames, (connection->frame_count + 1) * sizeof(*frames));
    uint8_t *bytes;

    if (frames)
        connection->frames = frames;
    bytes = frames ? malloc(length) : NULL;
    if (!bytes) {
        handout->failed = true;
        return;
    }
    memcpy(bytes, frame, length);
    frames[connection->frame_count++] = (struct handout_frame){*event, bytes, length, ip_at};
}

void handout_event(struct handout *handout, const struct event *event, const uint8_t *frame, uint32_t length,
                   uint32_t ip_at)
{
    struct handout_connection *connection = present(handout);
    struct fault fault = {0};

    if (!connection)
        return;
    if (event->kind == EVENT_START && handout->epoch == 0)
        handout->epoch = event->start.epoch;
    if (!ladder_rows_take(&connection->ladder, event, &fault))
        handout->failed = true;
    if (event->kind == EVENT_SEGMENT && frame && length > 0)
        keep_frame(handout, &event->segment, frame, length, ip_at);
}

const struct handout_frame *handout_frame(const struct handout_connection *connection, unsigned n)
{
    for (unsigned i = 0; i < connection->frame_count; i++)
        if (connection->frames[i].event.n == n)
            return &connection->frames[i];
    return NULL;
}

/* ---- what is said ---- */

void handout_lesson(struct handout *handout, const char *name, const char *title, const char *summary)
{
    struct handout_item *item;

    handout_over(handout);
    item = put_item(handout, HANDOUT_LESSON, title);
    if (!item)
        return;
    item->more = copy(handout, summary);
    item->name = copy(handout, name);
}

void handout_prose(struct handout *handout, const char *text)
{
    say(handout, HANDOUT_PROSE, text);
}

void handout_question(struct handout *handout, const char *text)
{
    say(handout, HANDOUT_QUESTION, text);
}

void handout_choice(struct handout *handout, const char *text)
{
    put_item(handout, HANDOUT_CHOICE, text);
}

void handout_answer(struct handout *handout, const char *text)
{
    for (unsigned i = handout->count; i-- > 0;) {
        struct handout_item *item = &handout->items[i];

        if (item->kind == HANDOUT_QUESTION) {
            free(item->more);
            item->more = copy(handout, text);
            return;
        }
    }
}

void handout_statement(struct handout *handout, enum handout_mark mark, const char *text, const unsigned *seen,
                       unsigned seen_count)
{
    struct handout_item *item = say(handout, HANDOUT_STATEMENT, text);

    if (!item)
        return;
    item->mark = mark;
    for (unsigned i = 0; i < seen_count && i < HANDOUT_SEEN; i++)
        item->seen[item->seen_count++] = seen[i];
}

void handout_line(struct handout *handout, enum paint paint, const char *text)
{
    struct handout_item *item = text[0] ? say(handout, HANDOUT_LINE, text) : NULL;

    if (item)
        item->paint = paint;
}

unsigned handout_lessons(const struct handout *handout)
{
    unsigned lessons = 0;

    for (unsigned i = 0; i < handout->count; i++)
        lessons += handout->items[i].kind == HANDOUT_LESSON;
    return lessons;
}

const char *handout_title(const struct handout *handout)
{
    if (handout_lessons(handout) > 1)
        return _("Lessons about TCP");
    for (unsigned i = 0; i < handout->count; i++)
        if (handout->items[i].kind == HANDOUT_LESSON)
            return handout->items[i].text;
    return "tcpwalk";
}

const char *handout_mark_words(enum handout_mark mark)
{
    static const char *const words[] = {
        [HANDOUT_TRUE] = N_("came true"),
        [HANDOUT_OTHERWISE] = N_("did not come true"),
        [HANDOUT_UNKNOWN] = N_("not seen"),
    };

    return _(words[mark]);
}

/* ---- the end ---- */

bool handout_finish(struct handout *handout, struct fault *fault)
{
    handout_over(handout);
    return !handout->failed || fault_set(fault, FAULT_LOCAL, "no memory");
}

void handout_free(struct handout *handout)
{
    for (unsigned i = 0; i < handout->count; i++) {
        free(handout->items[i].text);
        free(handout->items[i].more);
        free(handout->items[i].name);
    }
    for (unsigned i = 0; i < handout->connection_count; i++) {
        struct handout_connection *connection = &handout->connections[i];

        for (unsigned j = 0; j < connection->frame_count; j++)
            free(connection->frames[j].bytes);
        free(connection->frames);
        ladder_rows_free(&connection->ladder);
    }
    free(handout->items);
    free(handout->connections);
    *handout = (struct handout){0};
}
