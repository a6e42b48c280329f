package app

import (
	"crypto/rand"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/authority"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// slowAnswer is how long the simulated authority keeps silent for its magic name: longer than the client waits.
const slowAnswer = 8 * time.Second

// sandboxSource starts the simulated authority on a free loopback port and asks it over HTTP like any other.
func (a *App) sandboxSource() (proofing.Source, error) {
	token := ident.Secret(rand.Reader, 24)
	address, client, err := a.serveSimulated(sandbox.Handler(token, slowAnswer))
	if err != nil {
		return nil, err
	}
	return authority.New(authority.Config{Name: "sandbox", URL: address, Token: token, Client: client, Now: a.opts.Now, Note: a.metrics.source, Documents: sandbox.Kinds()}), nil
}

// serveSimulated serves a simulated source on a free loopback port until Close, with a client that may reach it and nothing else inside.
func (a *App) serveSimulated(handler http.Handler) (address string, client *outbound.Client, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTime}
	a.simulators = append(a.simulators, server)
	go server.Serve(listener)
	address = "http://" + listener.Addr().String() + "/"
	return address, outbound.New(outbound.Config{Allowed: []string{strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/")}}), nil
}
