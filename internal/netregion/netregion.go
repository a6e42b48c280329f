// Package netregion names the region that a network address belongs to, from a table that the operator gives. It asks nobody: an address of
// a citizen never leaves the platform for it. Without a table nothing is named and pages show the address itself.
package netregion

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a table.
const (
	MaxFile  = 64 << 20
	maxRows  = 1 << 20
	maxName  = 30 // characters
	fieldsOf = 4  // network, name, English name, code
	// looks bounds how often a file is looked at.
	looks = time.Minute
)

// Region is a place as the table names it.
type Region struct {
	Code string // tells two regions apart: an area code (GB/T 2260) or a word
	Name string // zh-CN
	// English is the name on English pages.
	English string
}

// In gives the name in the language of a page or a message; no language is Chinese.
func (r Region) In(locale string) string {
	if strings.HasPrefix(locale, "en") {
		return r.English
	}
	return r.Name
}

// Table is a read table.
type Table struct {
	regions  []Region
	networks map[netip.Prefix]int // index of regions
	v4, v6   []int                // lengths of prefixes that there are, the longest first
}

// ErrTable is wrapped by what is wrong with a table.
var ErrTable = errors.New("table of regions")

var codeForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,19}$`)

// Parse reads CSV (RFC 4180, UTF-8) with the columns network, name, English name and code of a region. The first row may be a heading that
// begins with "network"; a line that begins with # is none. A network stands there once, and one inside another is the one that counts.
func Parse(content []byte) (*Table, error) {
	if len(content) > MaxFile {
		return nil, fmt.Errorf("%w: larger than %d octets", ErrTable, MaxFile)
	}
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	rows.FieldsPerRecord, rows.Comment, rows.ReuseRecord = fieldsOf, '#', true
	t := &Table{networks: map[netip.Prefix]int{}}
	known := map[Region]int{}
	lengths := map[[2]int]bool{}
	for first := true; ; first = false {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTable, err)
		}
		if first && row[0] == "network" {
			continue
		}
		line, _ := rows.FieldPos(0)
		network, err := netip.ParsePrefix(row[0])
		if err != nil || network != network.Masked() || network.Addr().Is4In6() {
			return nil, fmt.Errorf("%w: line %d: no network, or one with bits of hosts", ErrTable, line)
		}
		region := Region{Name: strings.Clone(row[1]), English: strings.Clone(row[2]), Code: strings.Clone(row[3])}
		if !fits(region.Name) || !fits(region.English) || !codeForm.MatchString(region.Code) {
			return nil, fmt.Errorf("%w: line %d: a name of 1 to %d printable characters in both languages and a code of letters and digits are needed", ErrTable, line, maxName)
		}
		if _, twice := t.networks[network]; twice {
			return nil, fmt.Errorf("%w: line %d: the network stood there before", ErrTable, line)
		}
		if len(t.networks) == maxRows {
			return nil, fmt.Errorf("%w: more than %d rows", ErrTable, maxRows)
		}
		at, ok := known[region]
		if !ok {
			at = len(t.regions)
			known[region], t.regions = at, append(t.regions, region)
		}
		t.networks[network] = at
		lengths[[2]int{network.Addr().BitLen(), network.Bits()}] = true
	}
	for bits := 128; bits >= 0; bits-- {
		if lengths[[2]int{32, bits}] {
			t.v4 = append(t.v4, bits)
		}
		if lengths[[2]int{128, bits}] {
			t.v6 = append(t.v6, bits)
		}
	}
	return t, nil
}

func fits(name string) bool {
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
		return false
	}
	return !strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) })
}

// Find gives the region of an address: that of the smallest network around it.
func (t *Table) Find(address netip.Addr) (Region, bool) {
	if t == nil {
		return Region{}, false
	}
	address = address.Unmap().WithZone("")
	lengths := t.v6
	if address.Is4() {
		lengths = t.v4
	}
	for _, bits := range lengths {
		network, err := address.Prefix(bits)
		if err != nil {
			return Region{}, false
		}
		if at, ok := t.networks[network]; ok {
			return t.regions[at], true
		}
	}
	return Region{}, false
}

//go:embed sandbox.csv
var sandbox []byte

// Sandbox is the table of a sandbox that was given none: its own machine, internal networks, and networks of documentation.
func Sandbox() *File {
	table, err := Parse(sandbox)
	if err != nil {
		panic(err) // a test reads it
	}
	return &File{table: table}
}

// File is a table in a file, read anew when the file changes. A nil File knows no region.
type File struct {
	path string
	now  func() time.Time
	// failed is told of a file that became wrong or unreadable; the table before goes on.
	failed func(error)

	mutex  sync.Mutex
	table  *Table
	seen   os.FileInfo
	looked time.Time
}

// Open reads the file; failed is told of a later version that is wrong, once for each.
func Open(path string, now func() time.Time, failed func(error)) (*File, error) {
	f := &File{path: path, now: now, failed: failed}
	seen, table, err := f.read()
	if err != nil {
		return nil, err
	}
	f.seen, f.table, f.looked = seen, table, now()
	return f, nil
}

func (f *File) read() (os.FileInfo, *Table, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	defer file.Close()
	seen, err := file.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	content, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err != nil {
		return seen, nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	table, err := Parse(content)
	return seen, table, err
}

// Find gives the region of an address as text; ok is false when there is no table, no address or no network around it.
func (f *File) Find(address string) (region Region, ok bool) {
	if f == nil {
		return Region{}, false // the address is shown as it is
	}
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return Region{}, false
	}
	return f.current().Find(parsed)
}

func (f *File) current() *Table {
	if f.path == "" {
		return f.table
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	now := f.now()
	if passed := now.Sub(f.looked); passed >= 0 && passed < looks {
		return f.table
	}
	f.looked = now
	there, err := os.Stat(f.path)
	if err == nil && f.seen != nil && there.Size() == f.seen.Size() && there.ModTime().Equal(f.seen.ModTime()) {
		return f.table
	}
	seen, table, err := f.read()
	if err != nil {
		if f.failed != nil {
			f.failed(err)
		}
		if seen != nil {
			f.seen = seen // told of once
		}
		return f.table
	}
	f.seen, f.table = seen, table
	return f.table
}
