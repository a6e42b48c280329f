// Command load measures what a running provider costs: it repeats one protocol operation at a time over HTTP and reads
// the processor seconds that the server and its database used meanwhile from /proc. It talks to loopback addresses only.
//
//	load -issuer http://localhost:8080 -server PID -database PID [-workers 8] [-duration 6s] [SCENARIO…]
//
// bench/protocol.sh sets everything up and calls it.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

func main() {
	var t target
	flag.StringVar(&t.issuer, "issuer", "http://localhost:8080", "issuer `URL`")
	server := flag.Int("server", 0, "process `id` of the server")
	database := flag.Int("database", 0, "process `id` of the database server, counted with its children; 0 when it is embedded")
	workers := flag.Int("workers", 8, "parallel callers")
	duration := flag.Duration("duration", 6*time.Second, "time of each scenario")
	flag.StringVar(&t.secret, "secret", "", "secret of the clients bench-jwt, bench-opaque and bench-web")
	flag.StringVar(&t.password, "password", "", "password of the people bench-0001@example.cn to bench-0200@example.cn")
	flag.Parse()
	if err := run(t, *server, *database, *workers, *duration, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// result of one scenario.
type result struct {
	done, failed int64
	first        error
	latencies    []time.Duration
	server, db   time.Duration
	took         time.Duration
}

func run(t target, server, database, workers int, duration time.Duration, wanted []string) error {
	if err := loopback(t.issuer); err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "scenario\tdone\tfailed\t/s\tp50 ms\tp99 ms\tserver s/1k\tdatabase s/1k\tsum s/1k\t")
	failures := 0
	for _, s := range scenarios {
		if len(wanted) > 0 && !slices.Contains(wanted, s.name) {
			continue
		}
		r, err := measure(t, s, server, database, workers, duration)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		slices.Sort(r.latencies)
		quantile := func(q float64) float64 {
			if len(r.latencies) == 0 {
				return 0
			}
			return float64(r.latencies[int(q*float64(len(r.latencies)-1))].Microseconds()) / 1000
		}
		perThousand := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(max(r.done, 1)) }
		fmt.Fprintf(out, "%s\t%d\t%d\t%.0f\t%.1f\t%.1f\t%.3f\t%.3f\t%.3f\t\n", s.name, r.done, r.failed, float64(r.done)/r.took.Seconds(),
			quantile(0.5), quantile(0.99), perThousand(r.server), perThousand(r.db), perThousand(r.server+r.db))
		if r.failed > 0 {
			failures++
			fmt.Fprintf(os.Stderr, "load: %s: %v\n", s.name, r.first)
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if failures > 0 {
		return fmt.Errorf("%d scenarios had failures", failures)
	}
	return nil
}

// loopback refuses any other machine: this is a tool for one's own server on one's own machine.
func loopback(issuer string) error {
	address, err := url.Parse(issuer)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(address.Hostname()); address.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s is not a loopback address", address.Hostname())
	}
	return nil
}

func measure(t target, s scenario, server, database, workers int, duration time.Duration) (result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), duration+2*time.Minute)
	defer cancel()
	operations := make([]operation, workers)
	for i := range operations {
		var err error
		if operations[i], err = s.prepare(ctx, t, i); err != nil {
			return result{}, fmt.Errorf("prepare: %w", err)
		}
	}
	var r result
	var mutex sync.Mutex
	var failed atomic.Int64
	serverBefore, dbBefore, began := used(server, false), used(database, true), time.Now()
	end := began.Add(duration)
	var group sync.WaitGroup
	for _, operate := range operations {
		group.Go(func() {
			var mine []time.Duration
			var first error
			for time.Now().Before(end) {
				from := time.Now()
				if err := operate(ctx); err != nil {
					failed.Add(1)
					first = err
					if failed.Load() > 100 {
						break
					}
					continue
				}
				mine = append(mine, time.Since(from))
			}
			mutex.Lock()
			defer mutex.Unlock()
			r.latencies = append(r.latencies, mine...)
			if r.first == nil {
				r.first = first
			}
		})
	}
	group.Wait()
	r.took, r.failed, r.done = time.Since(began), failed.Load(), int64(len(r.latencies))
	r.server, r.db = used(server, false)-serverBefore, used(database, true)-dbBefore
	return r, nil
}

// names lists the scenarios for the usage text.
func names() string {
	var all []string
	for _, s := range scenarios {
		all = append(all, s.name)
	}
	return strings.Join(all, " ")
}

func init() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: load [FLAGS] [SCENARIO…]\nscenarios:", names())
		flag.PrintDefaults()
	}
}
