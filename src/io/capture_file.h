/* Capture files: pcap and pcapng, of any byte order and precision, compressed or not. */
#ifndef IO_CAPTURE_FILE_H
#define IO_CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "io/capture.h"
#include "io/unpack.h"

struct capture_file;

/*
 * Opens path ("-": standard input); filter: of libpcap's language, or NULL. *out is the caller's until
 * capture_file_close(). On failure *out is NULL, and the fault says of which file. patience (or NULL) is asked now and then
 * in capture_file_each() too, with fd -1, and reading stops there when it ends. Where it ends while something is waited for,
 * this or that fails, and the fault says nothing of use.
 */
bool capture_file_open(struct capture_file **out, const char *path, const char *filter, const struct patience *patience,
                       struct fault *fault);

/* Can this file ("-": standard input) be opened for reading at all? Says of which file it can't, as capture_file_open(). */
bool capture_file_is_there(const char *path, struct fault *fault);

/* libpcap's name of a link type, "EN10MB"; NULL for one that it does not know. Static text. */
const char *capture_file_link_name(int link_type);

/*
 * Takes a packet. link_type: how to read its bytes, a DLT_ number; number: of the packet in the file, from 1; where
 * libpcap reads it (pcap) those that the filter left out are not counted. False stops.
 */
typedef bool capture_file_handler(void *context, const struct captured *captured, int link_type, uint64_t number);

/*
 * Hands all packets to the handler. False with the fault set, which says after which packet, when the file is damaged;
 */
bool capture_file_each(struct capture_file *file, capture_file_handler *handler, void *context, struct fault *fault);

/* From within the handler: on which interface the packet was captured. */
unsigned capture_file_packet_interface(const struct capture_file *file);

/* ... and what is known of an interface, up to that one. Texts are borrowed until the handler returns. */
void capture_file_interface(const struct capture_file *file, unsigned number, struct capture_interface *out);

/* From within the handler: the next comment of the packet, of length bytes, borrowed likewise; false: no more. */
bool capture_file_comment(struct capture_file *file, const char **text, size_t *length);

/* Closes and frees everything; NULL is allowed. */
void capture_file_close(struct capture_file *file);

#endif
