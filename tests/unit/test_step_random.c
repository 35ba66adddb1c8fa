/*
 * src/step/script.h against many texts and steps: what is printed reads as the same, and no text, however broken, does
 * more than to be refused with a place and a reason. A failure shows the text; TCPWALK_STEP_SEED=N begins elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "step/complete.h"
#include "step_box.h"
#include "step_chance.h"

static uint64_t first_seed(void)
{
    const char *seed = getenv("TCPWALK_STEP_SEED");

    return seed ? strtoull(seed, NULL, 0) : 1;
}

static void random_steps_survive_printing(void **state)
{
    uint64_t seed = first_seed();

    (void)state;
    for (uint64_t end = seed + 20000; seed < end; seed++) {
        struct chance chance = {.state = seed};
        char bytes[CHANCE_BYTES];
        struct step step;

        chance_step(&chance, &step, bytes);
        survives_printing(&step);
    }
}

/* Calls what must stand every text. The candidates go nowhere. */
static void ignore(void *context, const struct candidate *candidate)
{
    *(size_t *)context += strlen(candidate->text);
}

static void stands(const char *text, size_t length)
{
    char *copy = malloc(length);
    struct completion completion;
    size_t sum = 0;

    memcpy(copy, text, length);
    parses_or_says_why(copy, length);
    completion = step_complete(copy, length, ignore, &sum);
    assert_in_range(completion.start, 0, length);
    free(copy);
}

static void every_prefix_stands(void **state)
{
    (void)state;
    for (const char *const *text = good_scripts; *text; text++)
        for (size_t length = 0; length <= strlen(*text); length++)
            stands(*text, length);
}

static const struct {
    const char *bytes;
    size_t length;
} odd[] = {
#define ODD(text)                                                                                                      \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }
    ODD(""),
    ODD("\0"),
    ODD("\xff"),
    ODD("\xc3"),
    ODD("\xe2\x82\xac"),
    ODD(";"),
    ODD("\n"),
    ODD("\r"),
    ODD("\r\n"),
    ODD("#"),
    ODD("\""),
    ODD("\\"),
    ODD("<"),
    ODD(">"),
    ODD("=<"),
    ODD("~<"),
    ODD("="),
    ODD("!~"),
    ODD(","),
    ODD("|"),
    ODD("?"),
    ODD("open"),
    ODD("expect"),
    ODD("next"),
    ODD("any"),
    ODD("nothing"),
    ODD("within"),
    ODD("for"),
    ODD("proven"),
    ODD("data"),
    ODD("hex"),
    ODD("zeros"),
    ODD("file"),
    ODD("\"x\""),
    ODD("\"\\"),
    ODD("\"\\x\""),
    ODD("1s"),
    ODD("-1"),
    ODD("0"),
    ODD("4294967296"),
    ODD("1e9"),
    ODD("00ff0"),
    ODD("seq"),
    ODD("seq="),
    ODD("seq=x"),
    ODD("win=65536"),
    ODD("win==1"),
    ODD("=1"),
    ODD("S."),
    ODD("SS"),
    ODD("S?"),
    ODD("none"),
    ODD("CLOSED"),
    ODD("CLOSED|"),
    ODD("options=<"),
    ODD("options=<mss"),
    ODD("options=<mss 1,,>"),
    ODD("options~mss"),
    ODD("options=<raw 0>"),
    ODD("checksum=bad"),
    ODD("fragment=7"),
    ODD("len=1"),
    ODD("data \"x\""),
    ODD("%s%n%s"),
    ODD("' ' '"),
};

#define ODDS (sizeof(odd) / sizeof(odd[0]))

/* Where a word begins and ends, as far as blanks tell. */
static size_t word_end(const char *text, size_t at)
{
    return at + strcspn(text + at, " \t\r\n;");
}

static size_t word_start(const char *text, size_t at)
{
    return at + strspn(text + at, " \t\r\n;");
}

/* The text with the part between two places put in place of, once or twice, or left out. */
static void with(const char *text, size_t from, size_t to, const char *middle, size_t length)
{
    size_t rest = strlen(text + to);
    char *changed = malloc(from + length + rest + 1);

    memcpy(changed, text, from);
    memcpy(changed + from, middle, length);
    memcpy(changed + from + length, text + to, rest);
    stands(changed, from + length + rest);
    free(changed);
}

static void every_word_can_be_left_out_or_doubled(void **state)
{
    (void)state;
    for (const char *const *text = good_scripts; *text; text++) {
        for (size_t at = word_start(*text, 0); (*text)[at]; at = word_start(*text, word_end(*text, at))) {
            size_t end = word_end(*text, at);
            char doubled[400];

            with(*text, at, end, "", 0);
            snprintf(doubled, sizeof(doubled), "%.*s %.*s", (int)(end - at), *text + at, (int)(end - at), *text + at);
            with(*text, at, end, doubled, strlen(doubled));
        }
    }
}

static void every_word_can_be_another(void **state)
{
    (void)state;
    for (const char *const *text = good_scripts; *text; text++)
        for (size_t at = word_start(*text, 0); (*text)[at]; at = word_start(*text, word_end(*text, at)))
            for (size_t i = 0; i < ODDS; i++)
                with(*text, at, word_end(*text, at), odd[i].bytes, odd[i].length);
}

static void anything_can_come_in_between(void **state)
{
    (void)state;
    for (const char *const *text = good_scripts; *text; text++)
        for (size_t at = 0; at <= strlen(*text); at++)
            for (size_t i = 0; i < ODDS; i += 1 + at % 3)
                with(*text, at, at, odd[i].bytes, odd[i].length);
}

static void every_byte_can_be_lost(void **state)
{
    (void)state;
    for (const char *const *text = good_scripts; *text; text++)
        for (size_t at = 0; at < strlen(*text); at++)
            with(*text, at, at + 1, "", 0);
}

/* Words of the language in any order: some of it parses, all of it stands. */
static void salads_of_words_stand(void **state)
{
    uint64_t seed = first_seed();

    (void)state;
    for (uint64_t end = seed + 3000; seed < end; seed++) {
        struct chance chance = {.state = seed};
        char salad[1000];
        size_t length = 0;

        for (unsigned words = 1 + chance_below(&chance, 12); words > 0; words--) {
            unsigned i = chance_below(&chance, ODDS);
            memcpy(salad + length, odd[i].bytes, odd[i].length);
            length += odd[i].length;
            if (chance_below(&chance, 3) > 0)
                salad[length++] = ' ';
        }
        stands(salad, length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_steps_survive_printing),
        cmocka_unit_test(every_prefix_stands),
        cmocka_unit_test(every_word_can_be_left_out_or_doubled),
        cmocka_unit_test(every_word_can_be_another),
        cmocka_unit_test(anything_can_come_in_between),
        cmocka_unit_test(every_byte_can_be_lost),
        cmocka_unit_test(salads_of_words_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
