package netregion

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const table = "network,name,english,code\n# a remark\n10.0.0.0/8,内网,Internal,intranet\n10.1.0.0/16,示例市,Example City,370300\n2001:db8::/32,北京,Beijing,110000\n"

func TestTheSmallestNetworkCounts(t *testing.T) {
	read, err := Parse([]byte(table))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"10.0.0.1": "内网", "10.1.2.3": "示例市", "10.255.255.255": "内网", "11.0.0.1": "", "::ffff:10.1.0.1": "示例市", "2001:db8::1": "北京", "2001:db9::1": "", "fe80::1%eth0": "", "2001:db8::1%eth0": "北京",
	} {
		if got, ok := read.Find(netip.MustParseAddr(address)); got.Name != want || ok != (want != "") {
			t.Errorf("%s is in %q", address, got.Name)
		}
	}
	if got, ok := read.Find(netip.Addr{}); ok {
		t.Errorf("no address is in %v", got)
	}
	if got, _ := read.Find(netip.MustParseAddr("10.1.0.1")); got.In("zh-Hant") != "示例市" || got.In("en") != "Example City" || got.Code != "370300" {
		t.Errorf("%+v", got)
	}
	var none *Table
	if _, ok := none.Find(netip.MustParseAddr("10.1.0.1")); ok {
		t.Error("no table names a region")
	}
}

func TestTablesThatAreWrong(t *testing.T) {
	for name, text := range map[string]string{
		"no network": "here,北京,Beijing,1\n", "an address": "10.0.0.1,北京,Beijing,1\n", "bits of hosts": "10.0.0.1/8,北京,Beijing,1\n", "mapped": "::ffff:10.0.0.0/104,北京,Beijing,1\n",
		"too few": "10.0.0.0/8,北京,1\n", "too many": "10.0.0.0/8,北京,Beijing,1,2\n", "no name": "10.0.0.0/8,,Beijing,1\n", "no English": "10.0.0.0/8,北京,,1\n", "no code": "10.0.0.0/8,北京,Beijing,\n",
		"code with a space": "10.0.0.0/8,北京,Beijing,1 1\n", "long name": "10.0.0.0/8," + strings.Repeat("北", 31) + ",Beijing,1\n", "control": "10.0.0.0/8,北\x07京,Beijing,1\n", "direction": "10.0.0.0/8,北\u202e京,Beijing,1\n",
		"not UTF-8": "10.0.0.0/8,\xff,Beijing,1\n", "blank around": "10.0.0.0/8, 北京,Beijing,1\n", "twice": "10.0.0.0/8,北京,Beijing,1\n10.0.0.0/8,上海,Shanghai,2\n", "quote": "10.0.0.0/8,\"北京,Beijing,1\n", "heading later": "10.0.0.0/8,北京,Beijing,1\nnetwork,name,english,code\n",
	} {
		if _, err := Parse([]byte(text)); !errors.Is(err, ErrTable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(make([]byte, MaxFile+1)); !errors.Is(err, ErrTable) {
		t.Errorf("too large: %v", err)
	}
	if empty, err := Parse(nil); err != nil || len(empty.networks) != 0 {
		t.Errorf("an empty table: %v", err)
	}
}

func TestTheTableOfTheSandbox(t *testing.T) {
	for address, want := range map[string]string{"127.0.0.1": "本机", "::1": "本机", "192.168.1.1": "内网", "fd00::1": "内网", "192.0.2.7": "北京", "203.0.113.9": "示例省示例市", "2001:db8:3703::1": "示例省示例市", "2001:db8::1": "北京", "8.8.8.8": ""} {
		if got, _ := Sandbox().Find(address); got.Name != want {
			t.Errorf("%s is in %q, want %q", address, got.Name, want)
		}
	}
}

// TestAChangedFileIsReadAnew: after a minute, and a wrong one leaves the table before and is told of once.
func TestAChangedFileIsReadAnew(t *testing.T) {
	path, at := filepath.Join(t.TempDir(), "regions.csv"), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	write := func(text string) {
		t.Helper()
		at = at.Add(2 * time.Second)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now, told := at, 0
	if _, err := Open(path, func() time.Time { return now }, nil); !errors.Is(err, ErrTable) {
		t.Fatalf("no file: %v", err)
	}
	write(table)
	f, err := Open(path, func() time.Time { return now }, func(error) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	name := func() string { r, _ := f.Find("10.1.0.1"); return r.Name }
	write("10.0.0.0/8,上海,Shanghai,310000\n")
	if got := name(); got != "示例市" {
		t.Errorf("within the minute: %s", got)
	}
	now = now.Add(looks)
	if got := name(); got != "上海" {
		t.Errorf("after the minute: %s", got)
	}
	write("nonsense\n")
	for range 3 {
		if now = now.Add(looks); name() != "上海" {
			t.Error("a wrong file took the table away")
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if now = now.Add(looks); name() != "上海" {
		t.Error("a file that went took the table away")
	}
	for _, bad := range []string{"", "unknown", "10.1.0.1:80", "999.1.1.1"} {
		if _, ok := f.Find(bad); ok {
			t.Errorf("%q has a region", bad)
		}
	}
	var none *File
	if _, ok := none.Find("10.1.0.1"); ok {
		t.Error("no file names a region")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(table), "10.1.0.1")
	f.Add([]byte("0.0.0.0/0,a,b,c\n::/0,a,b,c\n"), "::1")
	f.Fuzz(func(t *testing.T, content []byte, address string) {
		read, err := Parse(content)
		if err != nil {
			if !errors.Is(err, ErrTable) {
				t.Fatal(err)
			}
			return
		}
		for network, at := range read.networks {
			got, ok := read.Find(network.Addr())
			if !ok || !fits(got.Name) || !fits(got.English) || got.Code == "" {
				t.Fatalf("%s, %v: %+v", network, read.regions[at], got)
			}
		}
		if parsed, err := netip.ParseAddr(address); err == nil {
			if got, ok := read.Find(parsed); ok && got == (Region{}) {
				t.Fatalf("%s is nowhere", address)
			}
		}
	})
}
