#include "cmd/export.h"

#include <errno.h>
#include <string.h>

#include "cmd/language.h"

bool export_choose(struct export *export, const struct options *options, struct fault *fault)
{
    const char *format = options->export_as;

    *export = (struct export){.name = options->output};
    if (!format && options->output)
        return fault_set(fault, FAULT_USAGE, "--output is the file of --export html or --export svg");
    if (!format)
        return true;
    if (strcmp(format, "html") != 0 && strcmp(format, "svg") != 0)
        return fault_set(fault, FAULT_USAGE, "--export: there is no '%.20s'; there are html, svg", format);
    export->format = strcmp(format, "html") == 0 ? EXPORT_HTML : EXPORT_SVG;
    if (export->name && strcmp(export->name, "-") == 0)
        export->name = NULL;
    if (!export->name && options->quiz)
        return fault_set(fault, FAULT_USAGE,
                         "--quiz needs standard output for its questions: give --export a file, with --output");
    return true;
}

bool export_takes_output(const struct export *export)
{
    return export->format != EXPORT_NONE && !export->name;
}

bool export_open(struct export *export, struct fault *fault)
{
    if (export->format == EXPORT_NONE)
        return true;
    export->out = export->name ? fopen(export->name, "we") : stdout;
    return export->out || fault_set(fault, FAULT_LOCAL, "--output: %s: %s", export->name, strerror(errno));
}

bool export_write(struct export *export, struct fault *fault)
{
    char code[LANGUAGE_CODE];
    bool made;

    if (!export->out || export->handout.count == 0)
        return true;
    errno = 0;
    made = export->format == EXPORT_HTML ? handout_html(&export->handout, language_code(code), export->out, fault)
                                         : handout_svg(&export->handout, export->out, fault);
    if (!made)
        return false;
    if (fflush(export->out) == 0 && !ferror(export->out))
        return true;
    return fault_set(fault, FAULT_LOCAL, "%s%s: %s", export->name ? "--output: " : "",
                     export->name ? export->name : "standard output", errno ? strerror(errno) : "write error");
}

void export_close(struct export *export)
{
    if (export->out && export->out != stdout)
        fclose(export->out);
    handout_free(&export->handout);
    *export = (struct export){0};
}
