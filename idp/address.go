package idp

// CheckAddress tells why an address may not be registered as one to which a browser is sent: the rules of redirect URIs
// (O-03, O-05, O-06) for the portals behind bridges. A loopback address is for application type "native".
func CheckAddress(address, applicationType string) error {
	return checkRedirect(address, applicationType)
}
