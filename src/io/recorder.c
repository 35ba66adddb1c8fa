#include "io/recorder.h"

#include <string.h>

static nanos recorder_now(void *self)
{
    const struct recorder *recorder = self;

    return recorder->inner.now(recorder->inner.self);
}

static bool recorder_send(void *self, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                          struct fault *fault)
{
    const struct recorder *recorder = self;

    return recorder->inner.send(recorder->inner.self, flow, segment, payload, fault);
}

static void keep(struct recorder *recorder, const struct sighting *sighting)
{
    struct record *record = &recorder->records[recorder->seen++ % RECORDS_KEPT];

    record->out = sighting->out;
    record->segment = sighting->segment;
    record->segment.crafted = NULL;
    record->length = sighting->frame_captured < RECORD_BYTES ? sighting->frame_captured : RECORD_BYTES;
    record->ip_at = sighting->ip_at;
    if (!sighting->frame)
        record->length = 0;
    if (record->length > 0)
        memcpy(record->bytes, sighting->frame, record->length);
}

static enum port_result recorder_next(void *self, nanos deadline, struct sighting *out, struct fault *fault)
{
    struct recorder *recorder = self;
    enum port_result result;

    if (recorder->hurry != NANOS_NEVER)
        deadline = nanos_sooner(deadline, recorder_now(self) + recorder->hurry);
    result = recorder->inner.next(recorder->inner.self, deadline, out, fault);
    if (result == PORT_SIGHTING && out->kind == SIGHTING_SEGMENT)
        keep(recorder, out);
    return result;
}

void recorder_open(struct recorder *recorder, struct port *port)
{
    recorder->inner = *port;
    recorder->seen = recorder->taken = 0;
    recorder->hurry = NANOS_NEVER;
    *port = (struct port){recorder, recorder_now, recorder_send, recorder_next};
}

static bool is_of(const struct record *record, bool out, const struct segment *segment)
{
    const struct segment *kept = &record->segment;

    return record->out == out && kept->seq == segment->seq && kept->ack == segment->ack && kept->len == segment->len &&
           kept->flags == segment->flags && kept->ip_id == segment->ip_id;
}

const struct record *recorder_take(struct recorder *recorder, bool out, const struct segment *segment)
{
    uint64_t oldest = recorder->seen > RECORDS_KEPT ? recorder->seen - RECORDS_KEPT : 0;

    for (uint64_t i = recorder->taken > oldest ? recorder->taken : oldest; i < recorder->seen; i++)
        if (is_of(&recorder->records[i % RECORDS_KEPT], out, segment)) {
            recorder->taken = i + 1;
            return &recorder->records[i % RECORDS_KEPT];
        }
    return NULL;
}
