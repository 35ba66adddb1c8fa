/*
 * Theory of operation. glibc translates unless the locale of messages is "C", and takes LANGUAGE, where it is set, before the
 * name of that locale (gettext(3); guess_category_value() of glibc 2.36). A locale that was not generated can't be set, and
 * then everything stays in "C": so C.UTF-8, which glibc has within itself since 2.35 and Debian had before, stands in for it, and
 * LANGUAGE names the language. Characters are always UTF-8: the catalogues are, and so are the lessons.
 */
#include "cmd/language.h"

#include <dirent.h>
#include <langinfo.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define DOMAIN "tcpwalk"
#define STAND_IN "C.UTF-8"
#define LANG_MAX 32

/* Where the catalogues are: beside the program where it was built, else where it was installed. */
static bool find_catalogues(char out[PATH_MAX])
{
    static const char *const places[] = {"locale", "../share/locale"};
    char program[PATH_MAX - 32], *slash;
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

    if (length <= 0)
        return false;
    program[length] = '\0';
    slash = strrchr(program, '/');
    if (!slash)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(out, PATH_MAX, "%s/%s", program, places[i]);
        if (access(out, X_OK) == 0)
            return true;
    }
    return false;
}

static bool has_catalogue(const char *place, const char *lang)
{
    char bytes[PATH_MAX + LANG_MAX + 32];
    struct text path;

    text_init(&path, bytes, sizeof(bytes));
    text_add(&path, "%s/%s/LC_MESSAGES/" DOMAIN ".mo", place, lang);
    return !path.cut && access(bytes, R_OK) == 0;
}

static void list_languages(const char *place, struct text *text)
{
    DIR *dir = place ? opendir(place) : NULL;
    const struct dirent *entry;

    text_add(text, "en");
    while (dir && (entry = readdir(dir)))
        if (strlen(entry->d_name) < LANG_MAX && has_catalogue(place, entry->d_name))
            text_add(text, ", %s", entry->d_name);
    if (dir)
        closedir(dir);
}

/* What the environment asks for messages to be in, or NULL. */
static const char *asked_for(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return value;
    }
    return NULL;
}

/* Messages in this language, whatever locales there are: "ko_KR.UTF-8" is "ko_KR". */
static void stand_in(const char *locale)
{
    char lang[LANG_MAX];

    snprintf(lang, sizeof(lang), "%.*s", (int)strcspn(locale, ".@"), locale);
    setenv("LANGUAGE", lang, 1);
    setlocale(LC_MESSAGES, STAND_IN);
}

bool language_choose(const char *lang, struct fault *fault)
{
    char place[PATH_MAX], known[200];
    bool found = find_catalogues(place);
    const char *asked = asked_for();
    struct text text;

    if (lang && strcmp(lang, "en") != 0 && (strlen(lang) >= LANG_MAX || !found || !has_catalogue(place, lang))) {
        text_init(&text, known, sizeof(known));
        list_languages(found ? place : NULL, &text);
        return fault_set(fault, FAULT_USAGE, "--lang: there is no '%.40s'; there are %s", lang, known);
    }
    if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, STAND_IN);
    if (lang)
        stand_in(lang);
    else if (!setlocale(LC_MESSAGES, "") && asked && !getenv("LANGUAGE"))
        stand_in(asked);
    else if (strcmp(setlocale(LC_MESSAGES, NULL), "C") == 0 && getenv("LANGUAGE") && asked)
        setlocale(LC_MESSAGES, strncmp(asked, "C", 2) == 0 || strcmp(asked, "POSIX") == 0 ? "C" : STAND_IN);
    if (found)
        bindtextdomain(DOMAIN, place);
    bind_textdomain_codeset(DOMAIN, "UTF-8");
    textdomain(DOMAIN);
    return true;
}

const char *language_code(char out[LANGUAGE_CODE])
{
    static const char field[] = "\nLanguage: ", nothing[] = "";
    const char *at = strstr(gettext(nothing), field); /* the head of a catalogue is the translation of nothing */
    size_t length = 0;

    snprintf(out, LANGUAGE_CODE, "en");
    if (!at)
        return out;
    at += strlen(field);
    length = strcspn(at, "\n");
    for (size_t i = 0; i < length; i++)
        if (!(at[i] >= 'a' && at[i] <= 'z') && !(at[i] >= 'A' && at[i] <= 'Z') && at[i] != '_')
            return out;
    if (length > 0 && length < LANGUAGE_CODE)
        snprintf(out, LANGUAGE_CODE, "%.*s", (int)length, at);
    for (char *c = out; *c; c++)
        *c = *c == '_' ? '-' : *c;
    return out;
}
