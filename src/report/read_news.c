#include "report/read_news.h"

static bool says_the_same(const struct claim *a, const struct claim *b)
{
    return a->to == b->to && a->likely == b->likely && a->certainty == b->certainty && a->by_habit == b->by_habit &&
           a->detail == b->detail;
}

static bool timer_is_news(struct read_news *news, unsigned end, const struct claim *claim)
{
    state_set *said = &news->otherwise[end][__builtin_ctz(claim->likely)]; /* the first of them */
    bool more = (claim->otherwise & (state_set) ~*said) != NO_STATES;

    *said |= claim->otherwise;
    news->unsaid[end] = !more;
    return more;
}

bool read_is_news(struct read_news *news, unsigned end, const struct claim *claim)
{
    bool again;

    if (claim->reason == REASON_TIMER)
        return timer_is_news(news, end, claim);
    again = news->unsaid[end] && claim->certainty != REFUTED && says_the_same(claim, &news->before[end]);
    news->unsaid[end] = false;
    news->before[end] = *claim;
    return !again;
}
