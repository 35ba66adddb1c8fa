#include "step/shipped.h"

#include <stddef.h>
#include <string.h>

const struct shipped shipped_scripts[] = {
    {"walk", "# Opens, sends, closes our direction, takes what comes, and closes in full.\n"
             "open\n"
             "send \"\"\n"
             "close\n"},
    {"open",
     "# Opens, sends what --send gives, and resets the connection. Steps of your own take the place of the reset.\n"
     "open\n"
     "send \"\"\n"
     "abort\n"},
    {"half-close", "# Closes our direction and takes what the peer still sends, until its FIN.\n"
                   "open\n"
                   "send \"\"\n"
                   "half-close\n"
                   "drain\n"
                   "linger\n"},
    {"close", "# Opens and closes: both FINs must be exchanged.\n"
              "open\n"
              "send \"\"\n"
              "close\n"},
    {"simultaneous-open", "# A client's SYN is answered with a SYN: both sides open at once (RFC 9293 figure 7).\n"
                          "listen\n"
                          "syn\n"
                          "expect S. ack=+1\n"
                          "expect state SYN-RECEIVED proven\n"
                          "synack\n"
                          "expect .\n"
                          "expect state ESTABLISHED\n"
                          "close\n"},
    {"simultaneous-close",
     "# Our FIN crosses that of a peer that closes first (RFC 9293 figure 13): CLOSING, then TIME-WAIT.\n"
     "auto ack off\n"
     "syn\n"
     "expect S. ack=+1\n"
     "ack\n"
     "expect F.\n"
     "fin\n"
     "expect state CLOSING proven\n"
     "ack\n"
     "expect state TIME-WAIT\n"},
    {"listen", "# Plays a server: takes one client, and closes when it does.\n"
               "listen\n"
               "accept\n"
               "drain\n"
               "close\n"},
    {NULL, NULL},
};

const struct shipped *shipped_find(const char *name)
{
    for (const struct shipped *script = shipped_scripts; script->name; script++)
        if (strcmp(script->name, name) == 0)
            return script;
    return NULL;
}
