/* pcap_loop FILE: reads a capture with libpcap and looks at one byte of each packet: the ground that row 5 stands on. */
#include <pcap.h>
#include <stdio.h>

static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    *(unsigned long *)user += header->caplen > 47 ? bytes[47] : 1;
}

int main(int argc, char **argv)
{
    char words[PCAP_ERRBUF_SIZE];
    unsigned long sum = 0;
    pcap_t *pcap =
        argc == 2 ? pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, words) : NULL;

    if (!pcap || pcap_loop(pcap, -1, on_packet, (u_char *)&sum) < 0)
        return 1;
    printf("%lu\n", sum);
    pcap_close(pcap);
    return 0;
}
