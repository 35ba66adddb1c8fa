/* The clients of the lab as a table, and look-up by name. */
#include <strings.h>

#include "lab/behaviours.h"
#include "lab/lab.h"

const struct lab_client lab_clients[] = {
    {"client", "says hello, takes what comes, and closes after the server's FIN", &behaviour_client},
    {"client-http", "asks for a page (GET / HTTP/1.0), reads until the server's FIN, then closes",
     &behaviour_client_http},
    {"client-closes-late",
     "says hello, and closes half a second after the server's FIN, so that the close takes four segments",
     &behaviour_client_closes_late},
    {"client-closes-first",
     "closes as soon as it is connected, without a byte; data sent to it then is answered with RST",
     &behaviour_closes_first},
    {"client-shuts-down",
     "ends its direction as soon as it is connected, without a byte, and takes what comes until the server's FIN",
     &behaviour_shuts_down},
    {"client-keeps-open", "says nothing, takes what comes and never closes: stuck in CLOSE-WAIT after the server's FIN",
     &behaviour_never_closes},
    {NULL, NULL, NULL},
};

const struct lab_client *lab_client_find(const char *name)
{
    for (const struct lab_client *client = lab_clients; client->name; client++)
        if (strcasecmp(client->name, name) == 0)
            return client;
    return NULL;
}
