// gvisor: gVisor's netstack as a TCP peer on a network interface, with the services of README.md.
//
// usage: gvisor INTERFACE IPV4 IPV6 SOCKET
//
// netstack has the interface's hardware address and these two addresses in a /24 and a /64; the kernel must not have
// them. It says "ready" on its standard output, then one line of JSON for each TCP segment that it sends, with the
// state that the connection's endpoint has. Whoever connects to the Unix socket is told the states of all endpoints.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/link/nested"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	nic = 1
	mtu = 1500
)

func die(what string, err interface{}) {
	fmt.Fprintf(os.Stderr, "gvisor: %s: %v\n", what, err)
	os.Exit(1)
}

// ---- the witness ----------------------------------------------------------------------------------------------------

// A segment that netstack has sent, as it is told.
type sent struct {
	Local  uint16   `json:"local"`
	Remote uint16   `json:"remote"`
	Flags  string   `json:"flags"`
	Seq    uint32   `json:"seq"`
	Ack    uint32   `json:"ack"`
	Len    int      `json:"len"`
	States []string `json:"states"`

	proto tcpip.NetworkProtocolNumber
	id    stack.TransportEndpointID
	done  chan struct{} // not a segment, but somebody who waits for those before it
}

// A link endpoint that notes what goes through it.
type witness struct {
	nested.Endpoint
	stack *stack.Stack
	queue chan *sent
	mu    sync.Mutex
	last  map[stack.TransportEndpointID]string // the last state that was told
}

func name(state uint32) string {
	switch tcp.EndpointState(state) {
	case tcp.StateListen:
		return "LISTEN"
	case tcp.StateSynSent:
		return "SYN-SENT"
	case tcp.StateSynRecv:
		return "SYN-RECEIVED"
	case tcp.StateEstablished:
		return "ESTABLISHED"
	case tcp.StateFinWait1:
		return "FIN-WAIT-1"
	case tcp.StateFinWait2:
		return "FIN-WAIT-2"
	case tcp.StateCloseWait:
		return "CLOSE-WAIT"
	case tcp.StateClosing:
		return "CLOSING"
	case tcp.StateLastAck:
		return "LAST-ACK"
	case tcp.StateTimeWait:
		return "TIME-WAIT"
	}
	return "CLOSED"
}

// What netstack has for the connection now, and its endpoint if there is one.
func (w *witness) state(s *sent) (string, stack.TransportEndpoint) {
	ep := w.stack.FindTransportEndpoint(s.proto, tcp.ProtocolNumber, s.id, nic)
	if ep == nil {
		return "CLOSED", nil
	}
	return name(ep.(tcpip.Endpoint).State()), ep
}

// When netstack repeats its FIN in LAST-ACK or CLOSING it calls that FIN-WAIT-1; but it never goes there.
func (w *witness) truth(id stack.TransportEndpointID, state string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last := w.last[id]; state == "FIN-WAIT-1" && (last == "LAST-ACK" || last == "CLOSING") {
		return last
	}
	w.last[id] = state
	return state
}

// WritePackets implements stack.LinkEndpoint.
func (w *witness) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	for _, pkt := range pkts.AsSlice() {
		if pkt.TransportProtocolNumber == tcp.ProtocolNumber {
			w.note(pkt)
		}
	}
	return w.Endpoint.WritePackets(pkts)
}

func (w *witness) note(pkt stack.PacketBufferPtr) {
	segment := header.TCP(pkt.TransportHeader().Slice())
	ip := pkt.Network()
	s := &sent{
		Local:  segment.SourcePort(),
		Remote: segment.DestinationPort(),
		Seq:    segment.SequenceNumber(),
		Ack:    segment.AckNumber(),
		Len:    pkt.Data().Size(),
		proto:  pkt.NetworkProtocolNumber,
		id: stack.TransportEndpointID{
			LocalPort:     segment.SourcePort(),
			LocalAddress:  ip.SourceAddress(),
			RemotePort:    segment.DestinationPort(),
			RemoteAddress: ip.DestinationAddress(),
		},
	}
	for bit, letter := range "FSRP.UEW" { // as tcpwalk writes them
		if segment.Flags()&(1<<bit) != 0 {
			s.Flags += string(letter)
		}
	}
	state, _ := w.state(s)
	s.States = []string{state}
	w.queue <- s
}

// Waits until all that was sent so far has been told.
func (w *witness) told() {
	done := make(chan struct{})
	w.queue <- &sent{done: done}
	<-done
}

// Netstack sends first and moves then at one place: its acknowledgement of a FIN leaves before the state becomes
// CLOSE-WAIT or the like. It holds the endpoint meanwhile. So a segment that acknowledges more than the one before has
// two states: that when it left, and that when the endpoint was free again. The services wait for the second one before
// they do anything. If our RST was faster, "?" stands for the states between.
func (w *witness) tell() {
	out := bufio.NewWriter(os.Stdout)
	acked := map[stack.TransportEndpointID]uint32{}
	for s := range w.queue {
		if s.done != nil {
			close(s.done)
			continue
		}
		first := w.truth(s.id, s.States[0])
		s.States[0] = first
		if strings.Contains(s.Flags, "R") {
			// It may end the connection; then a listener remains, or nothing. Another connection may have begun by now.
			if state := w.settled(s); state == "SYN-RECEIVED" && first != state {
				s.States = append(s.States, "LISTEN")
			} else if state != first {
				s.States = append(s.States, state)
			}
		} else if ack, ok := acked[s.id]; ok && ack != s.Ack {
			if state := w.truth(s.id, w.settled(s)); state == "CLOSED" || state == "LISTEN" {
				s.States = append(s.States, state, "?")
			} else if state == "LAST-ACK" {
				s.States = append(s.States, "CLOSE-WAIT", state) // its application was just closing
			} else if state != first {
				s.States = append(s.States, state)
			}
		}
		acked[s.id] = s.Ack
		line, _ := json.Marshal(s)
		out.Write(append(line, '\n'))
		out.Flush()
	}
}

// The state when netstack is done with what made it send.
func (w *witness) settled(s *sent) string {
	state, ep := w.state(s)
	if e, ok := ep.(interface {
		LockUser()
		UnlockUser()
	}); ok && state != "LISTEN" && state != "SYN-RECEIVED" {
		e.LockUser()
		state = name(ep.(tcpip.Endpoint).State())
		e.UnlockUser()
	}
	return state
}

// Everybody who connects is told the endpoints, one a line: local port, remote port, state.
func (w *witness) answer(path string) {
	os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		die(path, err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			die(path, err)
		}
		for _, ep := range w.stack.RegisteredEndpoints() {
			e := ep.(tcpip.Endpoint)
			info, ok := e.Info().(*stack.TransportEndpointInfo)
			if state := name(e.State()); ok && state != "LISTEN" {
				fmt.Fprintf(conn, "%d %d %s\n", info.ID.LocalPort, info.ID.RemotePort, w.truth(info.ID, state))
			}
		}
		conn.Close()
	}
}

// ---- the services ---------------------------------------------------------------------------------------------------

// A connection that was accepted.
type connection struct {
	*gonet.TCPConn
	ep   tcpip.Endpoint
	told func()
}

func (c connection) close() {
	c.told()
	c.Close()
}

func (c connection) discard() {
	io.Copy(io.Discard, c)
}

// By their ports, which are those of the lab.
var services = map[uint16]func(connection){
	7: func(c connection) {
		io.Copy(struct{ io.Writer }{c}, c)
		c.close()
	},
	9: func(c connection) {
		c.discard()
		c.close()
	},
	80: func(c connection) {
		if n, _ := c.Read(make([]byte, 1024)); n > 0 {
			io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\ngVisor\r\n")
		}
		c.close()
	},
	9001: func(c connection) {
		c.Read(make([]byte, 1024))
		c.told()
		c.ep.Abort()
	},
	9002: func(c connection) {
		for c.ep.Readiness(waiter.ReadableEvents) == 0 {
			time.Sleep(time.Millisecond)
		}
		c.close()
	},
	9003: func(c connection) {
		c.discard()
	},
	9004: func(c connection) {
		c.discard()
		time.Sleep(500 * time.Millisecond)
		c.close()
	},
	9005: func(c connection) {
		c.close()
	},
	9013: func(c connection) {
		c.told()
		c.CloseWrite()
		c.discard()
		c.close()
	},
}

func serve(s *stack.Stack, told func(), port uint16, service func(connection)) {
	var queue waiter.Queue
	listener, err := s.NewEndpoint(tcp.ProtocolNumber, ipv6.ProtocolNumber, &queue)
	if err == nil {
		err = listener.Bind(tcpip.FullAddress{Port: port})
	}
	if err == nil {
		err = listener.Listen(128)
	}
	if err != nil {
		die("listen", err)
	}
	entry, readable := waiter.NewChannelEntry(waiter.ReadableEvents)
	queue.EventRegister(&entry)
	go func() {
		for {
			ep, wq, err := listener.Accept(nil)
			if _, ok := err.(*tcpip.ErrWouldBlock); ok {
				<-readable
				continue
			}
			if err != nil {
				die("accept", err)
			}
			go service(connection{gonet.NewTCPConn(wq, ep), ep, told})
		}
	}()
}

// ---- the interface --------------------------------------------------------------------------------------------------

func openDevice(name string) (int, *net.Interface) {
	device, err := net.InterfaceByName(name)
	if err != nil {
		die(name, err)
	}
	const all = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 // in the network's order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all)
	if err == nil {
		// What the kernel itself sends there is not for us.
		err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: device.Index})
	}
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		die(name, err)
	}
	return fd, device
}

func addAddress(s *stack.Stack, text string, protocol tcpip.NetworkProtocolNumber, bits int) tcpip.Route {
	ip := net.ParseIP(text)
	if v4 := ip.To4(); v4 != nil {
		ip = v4
	}
	if ip == nil {
		die(text, "no address")
	}
	address := tcpip.AddressWithPrefix{Address: tcpip.Address(ip), PrefixLen: bits}
	if err := s.AddProtocolAddress(nic, tcpip.ProtocolAddress{Protocol: protocol, AddressWithPrefix: address},
		stack.AddressProperties{}); err != nil {
		die(text, err)
	}
	return tcpip.Route{Destination: address.Subnet(), NIC: nic}
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: gvisor INTERFACE IPV4 IPV6 SOCKET")
		os.Exit(2)
	}
	fd, device := openDevice(os.Args[1])
	link, err := fdbased.New(&fdbased.Options{
		FDs: []int{fd}, MTU: mtu, EthernetHeader: true, Address: tcpip.LinkAddress(device.HardwareAddr),
	})
	if err != nil {
		die(os.Args[1], err)
	}
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	// As runsc, its own user, has it.
	sack := tcpip.TCPSACKEnabled(true)
	s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack)

	w := &witness{stack: s, queue: make(chan *sent, 1024), last: map[stack.TransportEndpointID]string{}}
	w.Init(link, w)
	if err := s.CreateNIC(nic, w); err != nil {
		die(os.Args[1], err)
	}
	s.SetRouteTable([]tcpip.Route{
		addAddress(s, os.Args[2], ipv4.ProtocolNumber, 24),
		addAddress(s, os.Args[3], ipv6.ProtocolNumber, 64),
	})
	go w.tell()
	for port, service := range services {
		serve(s, w.told, port, service)
	}
	go w.answer(os.Args[4])
	fmt.Println("ready")
	select {}
}
