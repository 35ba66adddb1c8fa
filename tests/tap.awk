# Adds up TAP files, each between "# file NAME" and "# exit status N": failures, skips with their reasons, and as the last line the
# count. Call with wanted = how many files there should be, and ci = "true" to have skips count as failures.

function end_of_file()
{
    if (file == "")
        return
    if (!ran && !plan && !skipped_all)
        fail("no test ran: exit status " status)
    else if (ran != plan)
        fail("ended early: exit status " status ", " ran " of " plan " tests ran")
    else if (status != 0 && !failed_here)
        fail("every test passed, but the exit status is " status)
}

function fail(what)
{
    failures[++failed] = file ": " what
    failed_here = 1
}

function skip(name, reason)
{
    if (reason == "")
        reason = "no reason given"
    if (ci == "true")
        fail("skipped, which is a failure when CI=true: " name ": " reason)
    else
        skips[++skipped] = file ": " name ": " reason
}

FNR == 1 {
    end_of_file()
    files++
    file = $3
    ran = plan = failed_here = skipped_all = 0
    status = "unknown"
    remark = ""
    next
}

/^# exit status [0-9]+$/ { status = $4; next }

# A whole file can be skipped: 1..0 # skip reason. A unit test program has a plan for each of its groups.
/^1\.\.[0-9]+/ {
    plan += substr($1, 4)
    if ($1 == "1..0" && tolower($0) ~ /# *skip/) {
        skipped_all = 1
        skip("all", substr($0, match(tolower($0), /skip/) + 5))
    }
    next
}

/^(not )?ok / {
    ran++
    name = $0
    sub(/^(not )?ok +[0-9]* *(- )?/, "", name)
    if (match(name, /# *[Ss][Kk][Ii][Pp] */)) {
        # cmocka writes "not ok 2 # SKIP name", and the test may have said why in a line before.
        before = substr(name, 1, RSTART - 1)
        after = substr(name, RSTART + RLENGTH)
        if (before == "")
            skip(after, remark)
        else {
            sub(/ +$/, "", before)
            skip(before, after)
        }
    } else if ($1 == "ok")
        passed++
    else
        fail(name)
    remark = ""
    next
}

/^# / { remark = substr($0, 3) }

END {
    end_of_file()
    if (files + 0 != wanted)
        failures[++failed] = (wanted - files) " of " wanted " test files could not be run"
    if (skipped || failed)
        print ""
    for (i = 1; i <= skipped; i++)
        print "skipped: " skips[i]
    for (i = 1; i <= failed; i++)
        print "failed: " failures[i]
    printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0 || passed == 0
}
