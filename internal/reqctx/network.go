package reqctx

import "net/netip"

// Source is where a request comes from, as tries are counted: its address, of IPv6 the /64, since whoever has one address of that has all.
func (r Request) Source() string { return Network(r.ClientIP, 32, 64) }

// Network is the network of an address that has so many bits of IPv4 or of IPv6. IPv4 written as IPv6 is IPv4, zones do not count, and what is no
// address is its own network.
func Network(address string, bits4, bits6 int) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	bits := bits4
	if ip.Is6() {
		bits = bits6
	}
	network := netip.PrefixFrom(ip, bits).Masked()
	if network.IsSingleIP() {
		return ip.String()
	}
	return network.String()
}
