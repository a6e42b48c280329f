// Command serve shows the component gallery for those who work on pages: go run ./web/gallery/serve -listen 127.0.0.1:8090
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/web"
	"github.com/yinxin-gov/yinxin/web/gallery"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	flag.Parse()
	if err := run(*listen); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run(address string) error {
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		return err
	}
	pages, err := web.New(web.Config{Catalogue: catalogue, Brand: web.Brand{Sandbox: true}})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/design/", gallery.New(pages))
	mux.Handle("/static/", pages.Static())
	mux.Handle("/preferences", pages.Preferences())
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/design/\n", listener.Addr())
	server := &http.Server{Handler: web.SecurityHeaders(mux), ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
