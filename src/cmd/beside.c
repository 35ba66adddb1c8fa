#include "cmd/beside.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

/*
 * So many are filled, on their way or followed at a time: enough that neither side waits for each single one of the other, and
 * that what was followed has left the other processor's cache before it is filled again.
 */
#define BATCHES 16

struct beside {
    struct follow *follow;     /* borrowed, as the fault */
    const struct fault *fault; /* the thread's */
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t more;  /* a batch was handed over, or there will be no more */
    pthread_cond_t done;  /* a batch has been followed */
    uint64_t handed, followed, unknown;
    bool failed, ending;
    struct batch batches[BATCHES]; /* a ring; those from `followed` up to `handed` are the thread's */
};

bool beside_has_processor(void)
{
    cpu_set_t ours;

    return sched_getaffinity(0, sizeof(ours), &ours) == 0 && CPU_COUNT(&ours) > 1;
}

static void *follow_all(void *context)
{
    struct beside *beside = context;

    pthread_mutex_lock(&beside->lock);
    for (;;) {
        const struct batch *batch;
        unsigned unknown;
        while (beside->handed == beside->followed && !beside->ending)
            pthread_cond_wait(&beside->more, &beside->lock);
        if (beside->handed == beside->followed)
            break;
        batch = &beside->batches[beside->followed % BATCHES];
        pthread_mutex_unlock(&beside->lock);
        unknown = batch_follow(batch, beside->follow);
        pthread_mutex_lock(&beside->lock);
        beside->followed++;
        beside->unknown += unknown;
        beside->failed = beside->fault->kind != FAULT_NONE;
        pthread_cond_signal(&beside->done);
    }
    pthread_mutex_unlock(&beside->lock);
    return NULL;
}

/* Signals are for the thread that was there before. */
static bool start_thread(struct beside *beside)
{
    sigset_t all, before;
    bool started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&beside->thread, NULL, follow_all, beside) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void free_beside(struct beside *beside)
{
    pthread_cond_destroy(&beside->done);
    pthread_cond_destroy(&beside->more);
    pthread_mutex_destroy(&beside->lock);
    free(beside);
}

struct beside *beside_start(struct follow *follow, const struct fault *fault)
{
    struct beside *beside = aligned_alloc(CACHE_LINE, sizeof(*beside));

    if (!beside)
        return NULL;
    beside->follow = follow;
    beside->fault = fault;
    beside->handed = beside->followed = beside->unknown = 0;
    beside->failed = beside->ending = false;
    batch_empty(&beside->batches[0]);
    pthread_mutex_init(&beside->lock, NULL);
    pthread_cond_init(&beside->more, NULL);
    pthread_cond_init(&beside->done, NULL);
    if (start_thread(beside))
        return beside;
    free_beside(beside);
    return NULL;
}

struct batch *beside_batch(struct beside *beside)
{
    return &beside->batches[beside->handed % BATCHES]; /* only who calls this changes that number */
}

bool beside_hand_over(struct beside *beside)
{
    bool failed;

    pthread_mutex_lock(&beside->lock);
    beside->handed++;
    pthread_cond_signal(&beside->more);
    while (beside->handed - beside->followed == BATCHES)
        pthread_cond_wait(&beside->done, &beside->lock);
    failed = beside->failed;
    pthread_mutex_unlock(&beside->lock);
    batch_empty(beside_batch(beside));
    return !failed;
}

uint64_t beside_wait(struct beside *beside)
{
    uint64_t unknown;

    pthread_mutex_lock(&beside->lock);
    while (beside->followed != beside->handed)
        pthread_cond_wait(&beside->done, &beside->lock);
    unknown = beside->unknown;
    beside->unknown = 0;
    pthread_mutex_unlock(&beside->lock);
    return unknown;
}

void beside_end(struct beside *beside)
{
    if (!beside)
        return;
    pthread_mutex_lock(&beside->lock);
    beside->ending = true;
    pthread_cond_signal(&beside->more);
    pthread_mutex_unlock(&beside->lock);
    pthread_join(beside->thread, NULL);
    free_beside(beside);
}
