package ofd

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// entry is one file of the package. The name has no leading slash.
type entry struct {
	name       string
	method     uint16
	crc        uint32
	size       int64 // uncompressed
	stored     []byte
	isDir      bool
	content    []byte // kept when small
	headerAt   int64
	storedSize int64 // as the central directory says
	inflater   *inflater
}

const (
	sigLocal    = 0x04034b50
	sigCentral  = 0x02014b50
	sigEnd      = 0x06054b50
	sigEnd64    = 0x06064b50
	sigLocator  = 0x07064b50
	sigData     = 0x08074b50
	methodStore = 0
	methodFlate = 8
	keepBelow   = 256 << 10 // entries of this size stay in memory once inflated,
	keepInAll   = 16 << 20  // as long as all of them together stay below this
)

var little = binary.LittleEndian

// readZip reads the central directory and holds every entry against its local header. Unlike common readers it accepts
// one reading of the file only: nothing before, between or after the entries.
func readZip(data []byte, limits Limits) ([]*entry, *Error) {
	centralAt, centralEnd, count, failure := findCentral(data)
	if failure != nil {
		return nil, failure
	}
	if count > limits.Entries {
		return nil, refuse(CodeLimit, "", "%d entries, the limit is %d", count, limits.Entries)
	}
	entries := make([]*entry, 0, count)
	var total int64
	at := centralAt
	for range count {
		e, next, failure := readCentral(data, at, centralEnd)
		if failure != nil {
			return nil, failure
		}
		if failure := e.checkLimits(limits); failure != nil {
			return nil, failure
		}
		total += e.size
		if total > limits.TotalBytes {
			return nil, refuse(CodeLimit, e.name, "more than %d octets in all", limits.TotalBytes)
		}
		if total > limits.RatioFloor && total/limits.Ratio > int64(len(data)) { // many small entries make a bomb as well
			return nil, refuse(CodeLimit, e.name, "%d octets grow out of a file of %d", total, len(data))
		}
		entries = append(entries, e)
		at = next
	}
	if at != centralEnd {
		return nil, refuse(CodeStructure, "", "the central directory holds more than the end record says")
	}
	if failure := checkNames(entries); failure != nil {
		return nil, failure
	}
	if failure := readLocals(data, entries, centralAt); failure != nil {
		return nil, failure
	}
	var kept int64
	shared := &inflater{}
	for _, e := range entries {
		e.inflater = shared
		keep := e.size <= keepBelow && kept+e.size <= keepInAll
		if failure := e.load(keep); failure != nil {
			return nil, failure
		}
		if keep && e.method == methodFlate {
			kept += e.size
		}
	}
	return entries, nil
}

// findCentral reads the end record, which must be the last thing in the file.
func findCentral(data []byte) (start, end int64, count int, failure *Error) {
	const size = 22
	if len(data) < size {
		return 0, 0, 0, refuse(CodeStructure, "", "not a ZIP package")
	}
	at := int64(len(data) - size)
	if little.Uint32(data[at:]) != sigEnd || little.Uint16(data[at+20:]) != 0 {
		if at = endWithComment(data); at < 0 {
			return 0, 0, 0, refuse(CodeStructure, "", "the file does not end with an end record")
		}
	}
	record := data[at:]
	if bytes.Contains(record[4:], []byte("PK\x05\x06")) { // readers that search from the other side would take that one
		return 0, 0, 0, refuse(CodeStructure, "", "a second end record stands in the comment")
	}
	if little.Uint16(record[4:]) != 0 || little.Uint16(record[6:]) != 0 || little.Uint16(record[8:]) != little.Uint16(record[10:]) {
		return 0, 0, 0, refuse(CodeStructure, "", "the package is cut into several volumes")
	}
	count, length, start := int(little.Uint16(record[10:])), int64(little.Uint32(record[12:])), int64(little.Uint32(record[16:]))
	end = at
	if at >= 20 && little.Uint32(data[at-20:]) == sigLocator {
		wide := wideEnd{count: count, length: length, start: start}
		if count, length, start, end, failure = readEnd64(data, at-20); failure != nil {
			return 0, 0, 0, failure
		}
		if !wide.agrees(count, length, start) {
			return 0, 0, 0, refuse(CodeStructure, "", "the two end records differ")
		}
	}
	if start < 0 || start+length != end { // one of negative length begins behind its end, where no entry is read
		return 0, 0, 0, refuse(CodeStructure, "", "the central directory does not lie where the end record says")
	}
	return start, end, count, nil
}

// wideEnd are the values of the short end record beside a ZIP64 one. A reader that does not know ZIP64 goes by them, so
// each must be the same or say that it does not fit (APPNOTE 4.4.1.4).
type wideEnd struct {
	count         int
	length, start int64
}

func (w wideEnd) agrees(count int, length, start int64) bool {
	return (w.count == count || w.count == 0xffff) && (w.length == length || w.length == 0xffffffff) && (w.start == start || w.start == 0xffffffff)
}

// endWithComment finds an end record whose comment reaches exactly to the end of the file; -1 when there is none.
func endWithComment(data []byte) int64 {
	for at := len(data) - 22; at >= 0 && at >= len(data)-22-0xffff; at-- {
		if little.Uint32(data[at:]) == sigEnd && at+22+int(little.Uint16(data[at+20:])) == len(data) {
			return int64(at)
		}
	}
	return -1
}

func readEnd64(data []byte, locator int64) (count int, length, start, end int64, failure *Error) {
	bad := refuse(CodeStructure, "", "the ZIP64 end record cannot be read")
	at := int64(little.Uint64(data[locator+8:]))
	if at < 0 || at+56 != locator || little.Uint32(data[at:]) != sigEnd64 {
		return 0, 0, 0, 0, bad
	}
	record := data[at:]
	n := little.Uint64(record[32:])
	if n > 1<<20 || little.Uint64(record[24:]) != n {
		return 0, 0, 0, 0, refuse(CodeLimit, "", "too many entries")
	}
	return int(n), int64(little.Uint64(record[40:])), int64(little.Uint64(record[48:])), at, nil
}

func readCentral(data []byte, at, end int64) (*entry, int64, *Error) {
	cut := refuse(CodeStructure, "", "the central directory is cut")
	if at+46 > end || little.Uint32(data[at:]) != sigCentral {
		return nil, 0, cut
	}
	h := data[at : at+46]
	nameLength, extraLength, commentLength := int64(little.Uint16(h[28:])), int64(little.Uint16(h[30:])), int64(little.Uint16(h[32:]))
	next := at + 46 + nameLength + extraLength + commentLength
	if next > end {
		return nil, 0, cut
	}
	e := &entry{
		name: string(data[at+46 : at+46+nameLength]), method: little.Uint16(h[10:]), crc: little.Uint32(h[16:]),
		size: int64(little.Uint32(h[24:])), headerAt: int64(little.Uint32(h[42:])),
	}
	stored := int64(little.Uint32(h[20:]))
	extra := data[at+46+nameLength : at+46+nameLength+extraLength]
	if !widen(extra, &e.size, &stored, &e.headerAt) {
		return nil, 0, refuse(CodeStructure, e.name, "the ZIP64 extra field cannot be read")
	}
	if !namesAgree(extra, e.name) {
		return nil, 0, refuse(CodeStructure, e.name, "the Unicode path field names another file")
	}
	e.storedSize = stored
	if little.Uint16(h[8:])&1 != 0 {
		return nil, 0, refuse(CodeStructure, e.name, "the entry is marked as encrypted")
	}
	if e.method != methodStore && e.method != methodFlate {
		return nil, 0, refuse(CodeStructure, e.name, "compression method %d", e.method)
	}
	e.isDir = strings.HasSuffix(e.name, "/")
	if kind := little.Uint32(h[38:]) >> 16 & 0o170000; kind != 0 && kind != 0o100000 && kind != 0o040000 {
		return nil, 0, refuse(CodeName, e.name, "the entry is a link or a device, not a file")
	}
	return e, next, nil
}

// widen replaces values of 0xFFFFFFFF by those of the ZIP64 extra field, in the order of APPNOTE 4.5.3.
func widen(extra []byte, values ...*int64) bool {
	field := zip64Field(extra)
	for _, value := range values {
		if *value != 0xffffffff {
			continue
		}
		if len(field) < 8 {
			return false
		}
		*value = int64(little.Uint64(field))
		if *value < 0 {
			return false
		}
		field = field[8:]
	}
	return true
}

// Extra fields that change how a header is read (APPNOTE 4.5.3, 4.6.9).
const (
	extraZIP64       = 0x0001
	extraUnicodePath = 0x7075
)

func zip64Field(extra []byte) []byte { return extraField(extra, extraZIP64) }

func extraField(extra []byte, wanted uint16) []byte {
	for len(extra) >= 4 {
		id, length := little.Uint16(extra), int(little.Uint16(extra[2:]))
		if len(extra) < 4+length {
			return nil
		}
		if id == wanted {
			return extra[4 : 4+length]
		}
		extra = extra[4+length:]
	}
	return nil
}

// namesAgree tells whether a Unicode path field, which some readers prefer to the name, names the same file.
func namesAgree(extra []byte, name string) bool {
	field := extraField(extra, extraUnicodePath)
	return field == nil || len(field) >= 5 && string(field[5:]) == name
}

func (e *entry) checkLimits(limits Limits) *Error {
	stored := e.storedSize
	switch {
	case e.size > limits.EntryBytes:
		return refuse(CodeLimit, e.name, "%d octets, the limit is %d", e.size, limits.EntryBytes)
	case e.size > limits.RatioFloor && e.size/limits.Ratio > stored:
		return refuse(CodeLimit, e.name, "%d octets grow out of %d", e.size, stored)
	case e.isDir && e.size != 0:
		return refuse(CodeStructure, e.name, "a folder holds octets")
	}
	return nil
}

// checkNames refuses names that leave the package or that two readers may understand differently (D-01, D-03).
func checkNames(entries []*entry) *Error {
	seen := make(map[string]bool, len(entries))
	for _, e := range entries {
		folded := fold(plain(e.name))
		if seen[folded] {
			return refuse(CodeDuplicate, e.name, "two entries have this name")
		}
		seen[folded] = true
	}
	for _, e := range entries {
		if failure := checkName(e.name); failure != nil {
			return failure
		}
	}
	return nil
}

// plain is the name without empty and single-dot segments, as a file system takes it.
func plain(name string) string {
	var kept []string
	for segment := range strings.SplitSeq(name, "/") {
		if segment != "" && segment != "." {
			kept = append(kept, segment)
		}
	}
	return strings.Join(kept, "/")
}

func checkName(name string) *Error {
	if !utf8.ValidString(name) || strings.ContainsAny(name, "\\:") {
		return refuse(CodeName, name, "the name is no UTF-8, or holds a backslash or colon")
	}
	for _, r := range name {
		if r < 0x20 || r == 0x7f {
			return refuse(CodeName, name, "the name holds a control character")
		}
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(name, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return refuse(CodeName, name, "the name is empty or absolute, or holds an empty or dotted segment")
		}
	}
	return nil
}

// fold is the form in which two names are the same for some reader: Unicode form and case, both ways, since letters such
// as the long s or the Kelvin sign meet their twin only in one direction.
func fold(name string) string {
	return norm.NFC.String(strings.ToLower(strings.ToUpper(norm.NFC.String(name))))
}

// readLocals walks the local headers in the order of the file; together they must fill it up to the central directory.
func readLocals(data []byte, entries []*entry, centralAt int64) *Error {
	ordered := append([]*entry(nil), entries...)
	sort.Slice(ordered, func(i, j int) bool { return ordered[i].headerAt < ordered[j].headerAt })
	var at int64
	for _, e := range ordered {
		if e.headerAt < at {
			return refuse(CodeLimit, e.name, "entries overlap")
		}
		if e.headerAt > at {
			return refuse(CodeStructure, e.name, "hidden octets before the entry")
		}
		next, failure := e.readLocal(data, centralAt)
		if failure != nil {
			return failure
		}
		at = next
	}
	if at != centralAt {
		return refuse(CodeStructure, "", "hidden octets before the central directory")
	}
	return nil
}

func (e *entry) readLocal(data []byte, limit int64) (int64, *Error) {
	at, stored := e.headerAt, e.storedSize
	if at+30 > limit || little.Uint32(data[at:]) != sigLocal {
		return 0, refuse(CodeStructure, e.name, "no local header where the central directory says")
	}
	h := data[at : at+30]
	flags, nameLength, extraLength := little.Uint16(h[6:]), int64(little.Uint16(h[26:])), int64(little.Uint16(h[28:]))
	body := at + 30 + nameLength + extraLength
	if stored > limit-body { // also where the name and the extra field reach beyond it
		return 0, refuse(CodeStructure, e.name, "the entry reaches beyond the file")
	}
	if string(data[at+30:at+30+nameLength]) != e.name {
		return 0, refuse(CodeStructure, e.name, "local and central header name different files")
	}
	if flags&1 != 0 {
		return 0, refuse(CodeStructure, e.name, "the entry is marked as encrypted")
	}
	if little.Uint16(h[8:]) != e.method {
		return 0, refuse(CodeStructure, e.name, "local and central header name different compressions")
	}
	e.stored = data[body : body+stored]
	end := body + stored
	crc, size, packed := little.Uint32(h[14:]), int64(little.Uint32(h[22:])), int64(little.Uint32(h[18:]))
	wide := size == 0xffffffff || packed == 0xffffffff
	if !namesAgree(data[at+30+nameLength:body], e.name) {
		return 0, refuse(CodeStructure, e.name, "the Unicode path field names another file")
	}
	if !widen(data[at+30+nameLength:body], &size, &packed) {
		return 0, refuse(CodeStructure, e.name, "the ZIP64 extra field cannot be read")
	}
	follows := flags&8 != 0
	agrees := crc == e.crc && size == e.size && packed == stored
	if !agrees && !(follows && crc == 0 && (size == 0 || size == e.size) && (packed == 0 || packed == stored)) {
		return 0, refuse(CodeStructure, e.name, "local and central header differ in size or check value")
	}
	if follows {
		length := e.descriptor(data[end:limit], stored, wide)
		if length == 0 {
			return 0, refuse(CodeStructure, e.name, "the data descriptor is missing or differs")
		}
		end += length
	}
	return end, nil
}

// descriptor is the length of the data descriptor after the entry, 0 when there is none that agrees.
func (e *entry) descriptor(rest []byte, stored int64, wide bool) int64 {
	var start int64
	if len(rest) >= 4 && little.Uint32(rest) == sigData {
		start = 4
	}
	narrow := len(rest) >= int(start)+12 && little.Uint32(rest[start:]) == e.crc && int64(little.Uint32(rest[start+4:])) == stored && int64(little.Uint32(rest[start+8:])) == e.size
	broad := len(rest) >= int(start)+20 && little.Uint32(rest[start:]) == e.crc && int64(little.Uint64(rest[start+4:])) == stored && int64(little.Uint64(rest[start+12:])) == e.size
	switch {
	case broad && (wide || !narrow):
		return start + 20
	case narrow:
		return start + 12
	}
	return 0
}

// load checks size and CRC of the entry; what is not kept in memory is inflated again when read.
func (e *entry) load(keep bool) *Error {
	if e.isDir {
		return nil
	}
	if e.method == methodStore {
		if int64(len(e.stored)) != e.size || crc32.ChecksumIEEE(e.stored) != e.crc {
			return refuse(CodeStructure, e.name, "size or check value is wrong")
		}
		e.content = e.stored
		return nil
	}
	if keep {
		content, failure := e.inflate()
		e.content = content
		return failure
	}
	sum := crc32.NewIEEE()
	if failure := e.stream(sum); failure != nil {
		return failure
	}
	if sum.Sum32() != e.crc {
		return refuse(CodeStructure, e.name, "check value is wrong")
	}
	return nil
}

// read gives the uncompressed octets.
func (e *entry) read() ([]byte, *Error) {
	if e.content != nil {
		return e.content, nil
	}
	return e.inflate()
}

func (e *entry) inflate() ([]byte, *Error) {
	buffer := bytes.NewBuffer(make([]byte, 0, e.size))
	if failure := e.stream(buffer); failure != nil {
		return nil, failure
	}
	if crc32.ChecksumIEEE(buffer.Bytes()) != e.crc {
		return nil, refuse(CodeStructure, e.name, "check value is wrong")
	}
	return buffer.Bytes(), nil
}

// inflater is the one decompressor of a package: making one costs 40 KiB, and a package may hold thousands of entries.
type inflater struct{ reader io.ReadCloser }

func (i *inflater) open(source io.Reader) (io.Reader, error) {
	if i.reader == nil {
		i.reader = flate.NewReader(source)
		return i.reader, nil
	}
	return i.reader, i.reader.(flate.Resetter).Reset(source, nil)
}

// stream inflates into w and never past the declared size.
func (e *entry) stream(w io.Writer) *Error {
	source := bytes.NewReader(e.stored)
	inflater, err := e.inflater.open(source)
	if err != nil {
		return refuse(CodeStructure, e.name, "the compressed octets are broken")
	}
	n, err := io.Copy(w, io.LimitReader(inflater, e.size))
	if err != nil || n != e.size {
		return refuse(CodeStructure, e.name, "the compressed octets are broken or shorter than said")
	}
	var one [1]byte
	if extra, err := inflater.Read(one[:]); extra != 0 || !errors.Is(err, io.EOF) {
		return refuse(CodeStructure, e.name, "the entry is longer than said")
	}
	if source.Len() != 0 {
		return refuse(CodeStructure, e.name, "hidden octets after the compressed ones")
	}
	return nil
}
