# Makes the C text of the shipped lessons from their files: NN-NAME.lesson.
BEGIN {
    print "#include <stddef.h>\n\n#include \"cmd/shelf.h\"\n\nconst struct lesson_shipped lessons_shipped[] = {"
}
FNR == 1 {
    if (NR > 1)
        print "    },"
    name = FILENAME
    sub(/.*\/[0-9]*-/, "", name)
    sub(/\.lesson$/, "", name)
    printf "    {\"%s\",\n", name
}
{
    gsub(/\\/, "&&")
    gsub(/"/, "\\\"")
    gsub(/\t/, "\\t")
    gsub(/\?/, "\\?") # no trigraphs
    printf "     \"%s\\n\"\n", $0
}
END {
    print (NR > 0 ? "    }," : "") "\n    {NULL, NULL},\n};"
}
