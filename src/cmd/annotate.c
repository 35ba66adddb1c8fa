#include "cmd/annotate.h"

#include "follow/summary.h"
#include "report/comment.h"

bool annotate_open(struct annotated *annotated, const struct options *options, struct fault *fault)
{
    return copy_open(&annotated->copy, options, fault);
}

void annotate_begin(struct annotated *annotated, uint64_t packet)
{
    annotated->packet = packet;
}

bool annotate_keep(struct annotated *annotated, const char *text, size_t length, struct fault *fault)
{
    const struct text kept = {.at = (char *)text, .used = length};

    return copy_comment(&annotated->comments, &kept, fault);
}

/* Says it of the packet in hand, or of the next one; and if there will be none, in the other words at the end. */
static bool say(struct annotated *annotated, const struct text *text, const struct text *at_end, struct fault *fault)
{
    return copy_comment(&annotated->comments, text, fault) &&
           (annotated->packet > 0 || copy_comment(&annotated->left, at_end, fault));
}

bool annotate_segment(struct annotated *annotated, const struct connection *connection, unsigned from, unsigned n,
                      enum passage_kind kind, const struct passage *passage, struct fault *fault)
{
    char words[COMMENT_TEXT];
    struct text text;

    if (!annotated->copy)
        return true;
    text_init(&text, words, sizeof(words));
    comment_observed_segment(&text, connection->number, from ^ summary_a(connection), n, kind,
                             purposes_of(connection, from, kind),
                             passage->packet == annotated->packet ? 0 : passage->packet);
    return say(annotated, &text, &text, fault);
}

bool annotate_claim(struct annotated *annotated, const struct connection *connection, unsigned end,
                    const struct claim *claim, nanos epoch, struct fault *fault)
{
    char words[COMMENT_TEXT], words_at_end[COMMENT_TEXT];
    struct text text, at_end;
    unsigned side = end ^ summary_a(connection);

    if (!annotated->copy)
        return true;
    text_init(&text, words, sizeof(words));
    text_init(&at_end, words_at_end, sizeof(words_at_end));
    comment_observed_claim(&text, connection->number, side, claim, COMMENT_BEFORE, epoch);
    comment_observed_claim(&at_end, connection->number, side, claim, COMMENT_AFTER, epoch);
    return say(annotated, &text, &at_end, fault);
}

bool annotate_icmp(struct annotated *annotated, const struct connection *connection, unsigned end,
                   const struct quotation *quotation, struct fault *fault)
{
    char words[COMMENT_TEXT];
    struct text text;

    if (!annotated->copy)
        return true;
    text_init(&text, words, sizeof(words));
    comment_observed_icmp(&text, connection->number, end ^ summary_a(connection), quotation->error);
    return copy_comment(&annotated->comments, &text, fault);
}

bool annotate_write(struct annotated *annotated, const struct capture_interface *interface,
                    const struct captured *captured, struct fault *fault)
{
    bool written;

    if (!annotated->copy)
        return true;
    written = copy_interface(annotated->copy, interface, &annotated->interface, fault) &&
              copy_packet(annotated->copy, annotated->interface, captured, &annotated->comments, fault);
    annotated->comments.used = annotated->left.used = 0;
    annotated->packet = 0;
    annotated->statistics.at = captured->at;
    annotated->any = true;
    return written;
}

bool annotate_end(struct annotated *annotated, struct fault *fault)
{
    bool good = true;

    if (annotated->copy && annotated->any && (annotated->statistics.counted || annotated->left.used > 0))
        good = copy_statistics(annotated->copy, annotated->interface, &annotated->statistics, &annotated->left, fault);
    good = copy_close(annotated->copy, fault) && good;
    annotated->copy = NULL;
    pcapng_free_options(&annotated->comments);
    pcapng_free_options(&annotated->left);
    return good;
}

void annotate_close(struct annotated *annotated)
{
    copy_close(annotated->copy, &(struct fault){0});
    annotated->copy = NULL;
    pcapng_free_options(&annotated->comments);
    pcapng_free_options(&annotated->left);
}
