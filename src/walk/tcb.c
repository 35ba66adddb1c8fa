#include "walk/tcb.h"

#include "base/seq.h"

void tcb_init(struct tcb *tcb, const struct tcb_settings *settings)
{
    uint16_t most = settings->send_mss ? settings->send_mss : settings->mss;

    *tcb = (struct tcb){
        .settings = *settings,
        .state = CLOSED,
        .snd_una = settings->iss,
        .snd_nxt = settings->iss,
        .snd_max = settings->iss,
        .queued_end = settings->iss + 1,
        .snd_mss = most,
        .tsval_last = settings->tsval - 1,
    };
}

uint32_t tcb_initial_window(const struct tcb *tcb)
{
    uint32_t mss = tcb->snd_mss, most = 2 * mss > 14600 ? 2 * mss : 14600;

    if (tcb->syn_repeated)
        return mss;
    return 10 * mss < most ? 10 * mss : most;
}

void tcb_open(struct tcb *tcb)
{
    tcb->syn_due = true; /* SYN-SENT begins when it leaves */
}

bool tcb_send(struct tcb *tcb, const uint8_t *bytes, uint32_t len)
{
    if (tcb->chunk_count == TCB_CHUNKS)
        return false;
    tcb->chunks[tcb->chunk_count++] = (struct chunk){bytes, len, tcb->queued_end};
    tcb->queued_end += len;
    return true;
}

void tcb_close(struct tcb *tcb)
{
    tcb->fin_queued = true;
    tcb->fin_seq = tcb->queued_end;
}

void tcb_abort(struct tcb *tcb)
{
    tcb->syn_due = false; /* a SYN that never left leaves nothing behind at the peer */
    if (tcb->state == CLOSED || tcb->state == TIME_WAIT || tcb->state == LISTEN)
        return;
    tcb->reset_due = true;
    tcb->aborted = true;
    tcb->reset_may_miss = tcb->snd_max - tcb->snd_una > 1;
    tcb->reset_next = tcb->state == SYN_SENT ? tcb->snd_max : tcb->snd_una;
}

void tcb_retransmit(struct tcb *tcb)
{
    tcb->cwnd = tcb->snd_mss;
    tcb->syn_repeated = tcb->syn_repeated || tcb->state == SYN_SENT || tcb->state == SYN_RECEIVED;
    if (tcb->state == SYN_SENT || tcb->state == SYN_RECEIVED)
        tcb->syn_due = true;
    else
        tcb->snd_nxt = tcb->snd_una;
    tcb->probe_due = tcb->snd_wnd == 0;
}

bool tcb_reset_may_miss(const struct tcb *tcb)
{
    return tcb->aborted && tcb->reset_may_miss;
}

uint16_t tcb_window_field(const struct tcb *tcb)
{
    uint16_t units = (uint16_t)(tcb->settings.window >> tcb->rcv_shift);

    return units == 0 && tcb->settings.window != 0 ? 1 : units;
}

bool tcb_unacknowledged(const struct tcb *tcb)
{
    if (tcb->state == CLOSED || tcb->state == TIME_WAIT)
        return false;
    return tcb->snd_una != tcb->snd_max || (tcb->snd_wnd == 0 && seq_lt(tcb->snd_max, tcb->queued_end));
}

bool tcb_all_sent(const struct tcb *tcb)
{
    return !seq_lt(tcb->snd_max, tcb->queued_end) && (!tcb->fin_queued || tcb->fin_sent);
}
