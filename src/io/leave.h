/* Leaving the slow end of a packet socket to a child process: for live_leave_to_child, which says what it costs. */
#ifndef IO_LEAVE_H
#define IO_LEAVE_H

/*
 * Makes a child that holds this descriptor and nothing else until the calling process has ended, and returns when it
 * has let go of everything else; or when there can be no child: then nothing has happened. The descriptor stays open
 * here. From a single thread only.
 */
void leave_to_child(int packet_fd);

#endif
