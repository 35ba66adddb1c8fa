#include "cmd/pictures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/language.h"
#include "cmd/outputs.h"
#include "cmd/write_all.h"
#include "report/ladder_picture.h"
#include "report/output.h"

static struct picture *each(struct pictures *pictures, unsigned kind)
{
    return &pictures->all[kind];
}

/* ---- opening ---- */

static void choose(struct pictures *pictures, const struct options *options)
{
    const char *const files[PICTURE_KINDS] = {[PICTURE_SVG] = options->svg, [PICTURE_HTML] = options->html};
    static const char *const names[PICTURE_KINDS] = {
        [PICTURE_SVG] = "--svg", [PICTURE_HTML] = "--html", [PICTURE_MERMAID] = "--mermaid"};

    for (unsigned i = 0; i < PICTURE_KINDS; i++)
        pictures->all[i] = (struct picture){
            .wanted = files[i] != NULL,
            .option = names[i],
            .name = files[i] && strcmp(files[i], "-") != 0 ? files[i] : NULL,
            .fd = -1,
        };
    pictures->all[PICTURE_MERMAID].wanted = options->mermaid;
}

/* Standard output has room for one thing. */
static bool suit(const struct pictures *pictures, const struct options *options, struct fault *fault)
{
    const char *taken = options->json    ? "--json"
                        : options->tap   ? "--tap"
                        : options->csv   ? "--csv"
                        : options->quiet ? "--quiet"
                                         : NULL;

    for (unsigned i = 0; i < PICTURE_KINDS; i++) {
        const struct picture *picture = &pictures->all[i];
        const char *dash = picture->option && i != PICTURE_MERMAID ? " -" : "";

        if (!picture->wanted || picture->name)
            continue;
        if (taken)
            return fault_set(fault, FAULT_USAGE, "%s%s and %s both want standard output", picture->option, dash, taken);
        taken = picture->option;
    }
    return outputs_are_apart(options, fault);
}

/* What is there already stays as it is until there is something to be written. */
static bool open_file(struct picture *picture, struct fault *fault)
{
    picture->fd = open(picture->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    picture->made = picture->fd >= 0;
    if (picture->fd < 0 && errno == EEXIST)
        picture->fd = open(picture->name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    return picture->fd >= 0 ||
           fault_set(fault, FAULT_LOCAL, "%s: %s: %s", picture->option, picture->name, strerror(errno));
}

bool pictures_open(struct pictures *pictures, const struct options *options, const char *command, struct fault *fault)
{
    *pictures = (struct pictures){.command = command, .ladder.most = LADDER_PICTURE_ROWS};
    choose(pictures, options);
    if (!suit(pictures, options, fault))
        return false;
    for (unsigned i = 0; i < PICTURE_KINDS; i++)
        if (each(pictures, i)->name && !open_file(each(pictures, i), fault))
            return false;
    return true;
}

bool pictures_wanted(const struct pictures *pictures)
{
    for (unsigned i = 0; i < PICTURE_KINDS; i++)
        if (pictures->all[i].wanted)
            return true;
    return false;
}

bool pictures_take_output(const struct pictures *pictures)
{
    for (unsigned i = 0; i < PICTURE_KINDS; i++)
        if (pictures->all[i].wanted && !pictures->all[i].name)
            return true;
    return false;
}

/* ---- what they show ---- */

bool pictures_event(struct pictures *pictures, const struct event *event, struct fault *fault)
{
    if (!pictures_wanted(pictures))
        return true;
    if (event->kind == EVENT_START && pictures->epoch == 0)
        pictures->epoch = event->start.epoch;
    return ladder_rows_take(&pictures->ladder, event, fault);
}

/* ---- writing ---- */

static void draw(const struct pictures *pictures, unsigned kind, FILE *out)
{
    char code[LANGUAGE_CODE];

    switch (kind) {
    case PICTURE_SVG:
        ladder_picture_svg(&pictures->ladder, pictures->command, out);
        break;
    case PICTURE_HTML:
        if (pictures->page) {
            pictures->page(pictures->context, out);
            break;
        }
        ladder_picture_html(&pictures->ladder, pictures->command, language_code(code), pictures->epoch, out);
        break;
    default:
        ladder_picture_mermaid(&pictures->ladder, out);
    }
}

/* Is there room for so many bytes, without a change to what is there? */
static bool has_room(int fd, size_t length)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && length > limit.rlim_cur) {
        errno = EFBIG;
        return false;
    }
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)length) == 0 || errno == EOPNOTSUPP;
}

/*
 * Room is made first: so a full disk leaves the file as it was. No other file takes its place in the end, since by now there may
 * be no right to make one. What has no size, as a pipe or a terminal, just takes the bytes.
 */
static bool put_file(struct picture *picture, const char *bytes, size_t length)
{
    struct stat status;
    bool regular = fstat(picture->fd, &status) == 0 && S_ISREG(status.st_mode);

    if (regular && !has_room(picture->fd, length))
        return false;
    if (!write_all(picture->fd, bytes, length))
        return false;
    if (regular && ftruncate(picture->fd, (off_t)length) != 0)
        return false;
    picture->made = false; /* it stays */
    return true;
}

static bool write_picture(struct pictures *pictures, unsigned kind, struct fault *fault)
{
    struct picture *picture = each(pictures, kind);
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    bool written = out != NULL;

    if (out) {
        draw(pictures, kind, out);
        written = !ferror(out);
        written = fclose(out) == 0 && written;
    }
    if (!written) {
        free(bytes);
        return fault_set(fault, FAULT_LOCAL, "%s: no memory", picture->option);
    }
    errno = 0;
    if (picture->name) {
        if (!put_file(picture, bytes, length))
            fault_set(fault, FAULT_LOCAL, "%s: %s: %s", picture->option, picture->name,
                      errno ? strerror(errno) : "write error");
    } else {
        fwrite(bytes, 1, length, stdout);
        output_flush(stdout, fault);
    }
    free(bytes);
    return fault->kind == FAULT_NONE;
}

bool pictures_write(struct pictures *pictures, struct fault *fault)
{
    struct fault late = {0};

    if (pictures->ladder.count == 0 && !pictures->page)
        return true;
    for (unsigned i = 0; i < PICTURE_KINDS; i++) {
        struct fault one = {0};
        if (each(pictures, i)->wanted && !write_picture(pictures, i, &one) && late.kind == FAULT_NONE)
            late = one;
    }
    if (late.kind == FAULT_NONE)
        return true;
    return fault_set(fault, late.kind, "%s", late.words);
}

void pictures_close(struct pictures *pictures)
{
    for (unsigned i = 0; i < PICTURE_KINDS; i++) {
        struct picture *picture = each(pictures, i);

        if (!picture->wanted || !picture->name)
            continue;
        if (picture->made)
            unlink(picture->name);
        if (picture->fd >= 0)
            close(picture->fd);
    }
    ladder_rows_free(&pictures->ladder);
    *pictures = (struct pictures){0};
}
